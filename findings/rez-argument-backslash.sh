#!/usr/bin/env bash
# rez 3.4.0: arguments behind `rez-env PACKAGES --` lose backslashes.
#
# Expected: the program gets its arguments as they are given, as with env, nice or sudo. Blanks
# and quotes do arrive, as rez quotes each argument for the shell that it starts.
# Seen: it puts double quotes around them, and escapes no backslash. So `\\server\show` arrives
# as `\server\show`, and an argument with a blank that ends in a backslash, as a folder of
# Windows does, is a syntax error of the shell: the program does not run.
# Matters: paths of a share, as path mapping takes them, mean another folder.
# Control: an argument with blanks and both quotes arrives; env passes on all of them.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check rez==3.4.0

mkdir -p packages/tool/1.0
printf 'name = "tool"\nversion = "1.0"\n' > packages/tool/1.0/package.py
export REZ_PACKAGES_PATH="$work/packages" HOME="$work"

cat > check.py <<'PY'
import subprocess
from importlib.metadata import version

print("rez", version("rez"))


def arrives(argument, *before):
    """What a program prints that is given the argument; None if it fails."""
    command = [*before, "printf", "%s", argument]
    done = subprocess.run(command, capture_output=True, text=True)
    print(f"    {before[0]}: {argument} arrives as {done.stdout!r}, exit code {done.returncode}")
    return done.stdout if done.returncode == 0 else None


rez, env = ("venv/bin/rez-env", "--shell", "bash", "tool", "--"), ("env",)
words = """Blanks, 'single' and "double" quotes"""
share, folder = r"\\server\show", "C:\\My Show\\"
assert [arrives(text, *env) for text in (words, share, folder)] == [words, share, folder]
assert arrives(words, *rez) == words
assert arrives(share, *rez) == r"\server\show"
assert arrives(folder, *rez) is None
PY
venv/bin/python check.py
