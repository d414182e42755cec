#!/usr/bin/env bash
# pyblish-base 1.8.12: what failed to be collected or extracted is integrated all the same.
#
# Expected: publish() carries on with an instance only while its earlier steps succeeded: a
# file that could not be written is not published as a new version.
# Seen: only errors of validators stop a publish, and only before the extraction. After an
# extractor that raised, the integrators run, for the same instance too; after a collector
# that raised, everything runs on what was collected until then. publish() returns as usual;
# the errors are in context.data["results"] only, and those of collectors are not even printed.
# Matters: a full disk becomes a published version without files, or with those of before.
# Controls: a validator that raises stops all that follows. A test registered in place of the
# default one can stop after the extraction, but it never hears of a collector's error.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    pyblish-base==1.8.12

cat > check.py <<'PY'
from importlib.metadata import version
import logging
import pyblish.api
import pyblish.util

logging.disable(logging.CRITICAL)


def publish(failing):
    """Steps that ran and steps with an error, where one step fails."""
    ran = []

    def step(name, order, base=pyblish.api.InstancePlugin):
        def process(self, instance):
            ran.append(name)
            if name == failing:
                raise OSError("no space left on device")

        def collect(self, context):
            ran.append(name)
            if name == failing:
                raise OSError("no answer from the database")
            context.create_instance(name, family="render")

        context = base is pyblish.api.ContextPlugin
        return type(name, (base,), {"order": order, "process": collect if context else process})

    plugins = [
        step("collect_first", pyblish.api.CollectorOrder, pyblish.api.ContextPlugin),
        step("collect_second", pyblish.api.CollectorOrder + 0.1, pyblish.api.ContextPlugin),
        step("validate", pyblish.api.ValidatorOrder),
        step("extract", pyblish.api.ExtractorOrder),
        step("integrate", pyblish.api.IntegratorOrder)]
    context = pyblish.util.publish(plugins=plugins)
    errors = {each["plugin"].__name__ for each in context.data["results"] if each["error"]}
    assert errors == ({failing} if failing else set())
    counts = {name: ran.count(name) for name in ("validate", "extract", "integrate")}
    print(f"    failing: {failing}, instances: {len(context)}, runs: {counts}")
    return list(counts.values())


print("pyblish-base", version("pyblish-base"))
print("the default test")
assert publish(None) == [2, 2, 2]
assert publish("validate") == [2, 0, 0]
assert publish("extract") == [2, 2, 2]
assert publish("collect_second") == [1, 1, 1]
print("a test that looks at all errors")
pyblish.api.register_test(
    lambda **state: any(order < state["nextOrder"] for order in state["ordersWithError"]))
assert publish("extract") == [2, 2, 0]
assert publish("collect_second") == [1, 1, 1]
PY
venv/bin/python check.py
