#!/usr/bin/env bash
# deadline 0.60.10 (AWS Deadline Cloud): "bundle submit" drops the priority that the job bundle has.
#
# Expected: the values for the service in parameter_values.yaml, deadline:priority among them, are
# the job's; an option that is not given changes nothing.
# Seen: CreateJob gets the priority 50 and 5 retries, the defaults of --priority and
# --max-retries-per-task, which are taken for given. Nothing is said.
# Matters: a bundle that was made to run first waits with all others.
# Controls: deadline:maxWorkerCount of the same file arrives; so does --priority 80; and
# create_job_from_job_bundle() sends all values of the same bundle.
# A server on this machine stands in for the service; it answers as its model in botocore says.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    deadline==0.60.10 deadline-job-attachments==0.1.5 boto3==1.44.8 click==8.5.1

mkdir bundle
cat > bundle/template.yaml <<'YAML'
specificationVersion: jobtemplate-2023-09
name: render
steps:
- name: render
  script: {actions: {onRun: {command: "true"}}}
YAML
cat > bundle/parameter_values.yaml <<'YAML'
parameterValues:
- {name: "deadline:priority", value: 80}
- {name: "deadline:maxRetriesPerTask", value: 2}
- {name: "deadline:maxWorkerCount", value: 7}
YAML

cat > check.py <<'PY'
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

FARM, QUEUE, JOB = "farm-" + "1" * 32, "queue-" + "2" * 32, "job-" + "3" * 32
ABOUT = {"displayName": "a", "createdAt": "2026-01-01T00:00:00Z", "createdBy": "a"}
created = []


class Service(BaseHTTPRequestHandler):
    def answer(self):
        request = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        answer = {"jobId": JOB}
        if self.path.endswith("/jobs") and self.command == "POST":
            created.append(request)
        elif self.path.partition("?")[0].endswith("/environments"):
            answer = {"environments": []}
        elif self.path.endswith(QUEUE):
            answer = {"farmId": FARM, "queueId": QUEUE, "status": "IDLE", "defaultBudgetAction": "NONE", **ABOUT}
        elif JOB in self.path:
            answer.update(name="render", lifecycleStatus="CREATE_COMPLETE",
                          lifecycleStatusMessage="done", priority=created[-1]["priority"], **ABOUT)
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ.update(
    HOME=os.getcwd(), USERPROFILE=os.getcwd(), NO_PROXY="127.0.0.1",
    AWS_ENDPOINT_URL=f"http://127.0.0.1:{server.server_port}", AWS_DISABLE_HOST_PREFIX_INJECTION="true",
    AWS_ACCESS_KEY_ID="none", AWS_SECRET_ACCESS_KEY="none", AWS_DEFAULT_REGION="us-west-2",
    AWS_EC2_METADATA_DISABLED="true", DEADLINE_CLOUD_TELEMETRY_OPT_OUT="true")


def submitted(*arguments):
    command = [sys.executable, "-m", "deadline", *arguments, "--farm-id", FARM, "--queue-id", QUEUE]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return sent(" ".join(arguments))


def sent(how):
    found = tuple(created[-1].get(name) for name in ("priority", "maxRetriesPerTask", "maxWorkerCount"))
    print(f"{how}: priority, retries and workers are {found}")
    return found


print("deadline", version("deadline"))
assert submitted("bundle", "submit", "bundle", "--yes") == (50, 5, 7)
assert submitted("bundle", "submit", "bundle", "--yes", "--priority", "80") == (80, 5, 7)

from deadline.client.api import create_job_from_job_bundle
from deadline.client.config import set_setting

set_setting("defaults.farm_id", FARM)
set_setting("defaults.queue_id", QUEUE)
create_job_from_job_bundle("bundle")
assert sent("create_job_from_job_bundle('bundle')") == (80, 2, 7)
PY
venv/bin/python check.py
