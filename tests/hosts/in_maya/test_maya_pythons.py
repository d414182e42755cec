"""What is for Maya, in the Pythons of Maya 2022 (3.7) to 2027 (3.13), as far as this machine has them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from maya_product import MAIN, MODULE
from maya_stubs import find_stubs

SUPPORT = Path(__file__).parents[2] / "support"
RECORDS = """

opened = []
def open_dialog(host, host_version, facts, files=(), warnings=(), on_failure=print):
    opened.append([host, host_version, facts, files, warnings])
"""


@pytest.mark.usefixtures("stubs")
def test_from_the_installer_to_the_dialog(tmp_path, host_python):
    """With the real proxy; nothing is compiled into the folder of the client."""
    client = tmp_path / "client"
    client.mkdir()
    shutil.copy(MAIN / "flowpipe_maya.py", client)
    (client / "flowpipe_client.py").write_text((MAIN / "flowpipe_client.py").read_text(encoding="utf-8") + RECORDS)
    command = [host_python, "-W", "error", str(SUPPORT / "maya_driver.py"), str(MODULE / "install_in_maya.py")]
    environment = {**os.environ, "PYTHONPATH": str(SUPPORT), "FLOWPIPE_DEADLINE_CLIENT": str(client)}

    result = subprocess.run(
        [*command, str(find_stubs()), str(tmp_path / "maya")],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )

    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    ((host, _, facts, files, warnings),) = told["opened"]
    scene = (tmp_path / "maya" / "shot_v002.ma").as_posix()
    assert (host, facts["scene"], facts["layers"], warnings) == ("maya", scene, ["masterLayer"], [])
    assert files[0] == {"path": scene, "role": "scene"}
    assert told["refused"] == []
    assert sorted(os.listdir(client)) == ["flowpipe_client.py", "flowpipe_maya.py"]
