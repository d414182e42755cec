#!/usr/bin/env bash
# deadline 0.60.10 (AWS Deadline Cloud): a misspelt job parameter is dropped without a word.
#
# Expected: a parameter that the template does not have is an error, as for openjd-model, which
# runs the same template on this machine.
# Seen: "bundle submit -p Frmes=1-10" submits the job without a value, so with the default of Frames,
# and exits with 0.
# Matters: the wrong frames are rendered, and paid for.
# Controls: -p Frames=1-10 arrives; openjd-model 0.13.0 refuses Frmes, and names it.
# A server on this machine stands in for the service; it answers as its model in botocore says.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

"${PYTHON:-python3}" -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    deadline==0.60.10 deadline-job-attachments==0.1.5 boto3==1.44.8 click==8.5.1 \
    openjd-model==0.13.0 pydantic==2.14.4 PyYAML==6.0.4

mkdir bundle
cat > bundle/template.yaml <<'YAML'
specificationVersion: jobtemplate-2023-09
name: render
parameterDefinitions:
- {name: Frames, type: STRING, default: 1-1000}
steps:
- name: render
  script: {actions: {onRun: {command: render, args: ["{{Param.Frames}}"]}}}
YAML

cat > check.py <<'PY'
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from pathlib import Path
from openjd import model

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
    found = created[-1].get("parameters", {})
    print(*arguments, "->", found)
    return found


print("deadline", version("deadline"), "openjd-model", version("openjd-model"))
assert submitted("bundle", "submit", "bundle", "--yes", "-p", "Frmes=1-10") == {}
assert submitted("bundle", "submit", "bundle", "--yes", "-p", "Frames=1-10") == {"Frames": {"string": "1-10"}}
template = model.decode_job_template(template=model.document_string_to_object(
    document=Path("bundle/template.yaml").read_text(), document_type=model.DocumentType.YAML))
try:
    model.preprocess_job_parameters(
        job_template=template, job_parameter_values={"Frmes": "1-10"},
        job_template_dir=Path("bundle").resolve(), current_working_dir=Path.cwd())
except ValueError as error:
    print("openjd-model:", " ".join(str(error).split()))
    assert "Frmes" in str(error)
else:
    raise SystemExit("openjd-model takes it now")
PY
venv/bin/python check.py
