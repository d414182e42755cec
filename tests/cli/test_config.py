"""``flowpipe-deadline config``, and the options that verbs share, as processes."""

from __future__ import annotations

import json
import os

import pytest
from harness import run_cli, write_script

STUDIO = """
root = "{root}"
store = "files"
strict = true

[webservice]
url = "http://farm:8081"

[settings]
pool = "studio"
priority = 10

[presets.comp]
pool = "comp"
limits = ["nuke"]
"""

SCRIPT = """
from flowpipe import Graph, Node

@Node(outputs=["value"])
def One():
    return {"value": 1}

def build() -> Graph:
    graph = Graph(name="Shot")
    One(graph=graph, metadata={"deadline": {"comment": "own"}})
    return graph
"""


@pytest.fixture
def studio(tmp_path):
    """Variables of a process that goes by a studio file, and that file."""
    path = tmp_path / "studio.toml"
    path.write_text(STUDIO.replace("{root}", str(tmp_path / "farm")), encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FLOWPIPE_DEADLINE")}
    return {**environment, "FLOWPIPE_DEADLINE_CONFIG": str(path)}, path


def shown(*arguments, env):
    """What ``config`` tells programs."""
    result = run_cli("config", *arguments, "-o", "json", env=env)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_config_says_where_each_value_comes_from(studio, tmp_path):
    """Option over environment variable over studio file; --set over preset over studio file."""
    environment, path = studio
    environment["FLOWPIPE_DEADLINE_STORE"] = "redis://cache/1"
    environment["FLOWPIPE_DEADLINE_WEBSERVICE_USER"] = "jane"
    environment["FLOWPIPE_DEADLINE_WEBSERVICE_PASSWORD"] = "secret"
    environment["FLOWPIPE_DEADLINE_VIA"] = "command"
    file = f"studio file {path}"

    report = shown(
        *("--templates", tmp_path, "--tolerate", "local-root"),
        *("--preset", "comp", "--set", "priority=80", "--set", "environment.SHOW=x"),
        env=environment,
    )

    assert report["studio_file"] == {
        "path": str(path),
        "places": [{"path": str(path), "reason": "named by FLOWPIPE_DEADLINE_CONFIG", "exists": True}],
    }
    assert report["options"] == {
        "root": {"value": str(tmp_path / "farm"), "source": file},
        "store": {"value": "redis://cache/1", "source": "environment variable FLOWPIPE_DEADLINE_STORE"},
        "templates": {"value": str(tmp_path), "source": "option --templates"},
        "via": {"value": "command", "source": "environment variable FLOWPIPE_DEADLINE_VIA"},
        "strict": {"value": True, "source": file},
        "tolerate": {"value": ["local-root"], "source": "option --tolerate"},
        "allow_local_root": {"value": False, "source": "default"},
        "webservice.url": {"value": "http://farm:8081", "source": file},
        "webservice.user": {"value": "jane", "source": "environment variable FLOWPIPE_DEADLINE_WEBSERVICE_USER"},
    }
    assert report["settings"] == {
        "pool": {"value": "comp", "source": f"preset 'comp', {file}"},
        "limits": {"value": ["nuke"], "source": f"preset 'comp', {file}"},
        "priority": {"value": 80, "source": "option --set"},
        "environment.SHOW": {"value": "x", "source": "option --set"},
    }
    assert report["presets"] == {"comp": {"pool": "comp", "limits": ["nuke"]}}


def test_config_tells_the_workflows_and_what_the_buttons_open(studio, tmp_path):
    """The studio's beside our own."""
    environment, path = studio
    path.write_text('workflows = "flows"\n[buttons]\nmaya = "shot"\n', encoding="utf-8")
    (tmp_path / "flows").mkdir()
    write_script(tmp_path / "flows", SCRIPT, name="shot.py")

    report, text = shown(env=environment), run_cli("config", env=environment).stdout

    assert {
        "name": "shot",
        "spec": str(tmp_path / "flows" / "shot.py"),
        "origin": f"the folder {tmp_path / 'flows'}",
    } in (report["workflows"])
    assert report["buttons"] == {"maya": "shot"}
    assert "button: maya opens shot" in text


def test_config_warns_of_workflows_that_nobody_finds(studio, tmp_path):
    """A folder that is away, and a button that would open nothing."""
    environment, path = studio
    path.write_text('workflows = "away"\n[buttons]\nmaya = "shoot"\n', encoding="utf-8")

    lines = run_cli("config", env=environment).stderr.splitlines()

    assert lines == [
        f"Warning: the folder of workflows {tmp_path / 'away'} cannot be read",
        "Warning: the button of maya opens 'shoot', which is not a workflow",
    ]


def test_config_without_anything_shows_where_a_file_would_be(studio, tmp_path):
    """That of the machine, then that of the user; and that there is none."""
    environment, _ = studio
    del environment["FLOWPIPE_DEADLINE_CONFIG"]
    environment.update(XDG_CONFIG_DIRS=str(tmp_path / "site"), XDG_CONFIG_HOME=str(tmp_path / "user"))

    text = run_cli("config", env=environment)
    report = shown(env=environment)

    assert text.returncode == 0, text.stderr
    assert "studio file, of this machine: " in text.stdout
    assert "studio file, of this user: " in text.stdout
    assert report["studio_file"]["path"] is None
    assert [place["exists"] for place in report["studio_file"]["places"]] == [False, False]
    assert report["settings"] == {}
    assert report["options"]["root"] == {"value": None, "source": "default"}


def test_config_for_people_is_a_table(studio):
    """A row per value, with its source."""
    environment, path = studio

    result = run_cli("config", env={**environment, "COLUMNS": "400"})
    rows = [line.split() for line in result.stdout.splitlines()]

    assert ["priority", "10", "studio", "file"] in [row[:4] for row in rows]
    assert rows[0] == ["studio", "file,", "named", "by", "FLOWPIPE_DEADLINE_CONFIG:", str(path), "(read)"]
    assert ["via", "auto", "default"] in rows
    assert ["preset:", "comp"] in rows


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (["--set", "prioritty=5"], ["--set: unknown setting 'prioritty'. Did you mean 'priority'?"]),
        (["--set", "priority"], ["'priority' sets nothing; write --set NAME=VALUE"]),
        (["--set", "=5"], ["'=5' sets nothing"]),
        (["--set", "pool.x=5"], ["unknown setting 'pool.x'"]),
        (["--set", "job_info.Frames=1"], ["'Frames' is set by the plan"]),
        (
            ["--set", "priority=high", "--set", "sequential=2"],
            ["priority must be a whole number", "sequential must be true or"],
        ),
        (["--set", f"machine_limit_progress={'9' * 400}"], ["machine_limit_progress must be a number from 0 to 100"]),
        (["--set", f"priority={'9' * 5000}"], ["priority must be a whole number"]),
        (["--set", f"priority={'[' * 3000}"], ["priority must be a whole number"]),
        (
            ["--strict", "all", "--strict", "large-valu"],
            ["no kind of warning 'large-valu'; did you mean 'large-value'?"],
        ),
        (["--tolerate", "nonsense"], ["there is no kind of warning 'nonsense'"]),
        (["--store", "bogus"], ["'bogus' is not a store; write 'files' or redis://"]),
        (["--preset", "com"], ["unknown preset 'com'. Did you mean 'comp'?"]),
    ],
)
def test_bad_options_are_told_in_clear_lines(studio, arguments, messages):
    """All at once, exit code 2, nothing on stdout."""
    environment, _ = studio

    result = run_cli("config", *arguments, env=environment)

    assert result.returncode == 2
    assert result.stdout == ""
    assert [message for message in messages if message not in result.stderr] == []
    assert "Traceback" not in result.stderr


def test_a_studio_file_that_is_wrong_stops_every_verb(studio, tmp_path):
    """Before a script is loaded; with file and line."""
    environment, path = studio
    path.write_text("via = 'auto'\nroot = 'x'\n")
    script = write_script(tmp_path, SCRIPT)

    for verb in (["config"], ["plan", script], ["run", script], ["submit", script]):
        result = run_cli(*verb, env=environment)

        assert result.returncode == 2
        assert result.stderr.startswith(f"Error: {path}, line 2: root must be a full path, not 'x'")
        assert len(result.stderr.splitlines()) == 1


def test_submit_goes_by_the_studio_file(studio, tmp_path):
    """Its root, its settings, the preset and the option; the node's own on top."""
    environment, _ = studio
    script = write_script(tmp_path, SCRIPT)

    result = run_cli(
        *(
            "submit",
            script,
            "--dry-run",
            "--preset",
            "comp",
            "--set",
            "comment=option",
            "--set",
            "job_delay=00:01:00:00",
        ),
        env=environment,
    )

    assert result.returncode == 0, result.stderr
    (job_file,) = (tmp_path / "farm").glob("Shot-*/jobs/001-One.job")
    assert job_file.read_text().splitlines()[5:10] == [
        "Comment=own",
        "Pool=comp",
        "Priority=10",
        "LimitGroups=nuke",
        "JobDelay=00:01:00:00",
    ]


def test_run_keeps_to_the_users_own_root(studio, tmp_path):
    """The studio's root is the farm's; an option or variable still says where a run goes."""
    environment, _ = studio
    environment["XDG_DATA_HOME"] = str(tmp_path / "data")
    script = write_script(tmp_path, SCRIPT)

    own = json.loads(run_cli("run", script, "-o", "json", env=environment).stdout)["bundle"]
    there = json.loads(run_cli("run", script, "--root", tmp_path / "there", "-o", "json", env=environment).stdout)[
        "bundle"
    ]

    assert own.startswith(str(tmp_path / "data"))
    assert there.startswith(str(tmp_path / "there"))
    assert not (tmp_path / "farm").exists()


def test_plan_takes_settings_as_submit_does(studio, tmp_path):
    """So that what would be refused is known before."""
    environment, _ = studio
    script = write_script(tmp_path, SCRIPT)

    assert run_cli("plan", script, "--preset", "comp", env=environment).returncode == 0
    assert (
        "exclude each other"
        in run_cli(
            *("plan", script, "--set", "task_timeout_minutes=1", "--set", "task_timeout_seconds=60"), env=environment
        ).stderr
    )


def test_a_bundle_takes_no_settings_any_more(studio, tmp_path):
    """It is planned already."""
    environment, _ = studio
    script = write_script(tmp_path, SCRIPT)
    bundle = json.loads(run_cli("run", script, "--root", tmp_path, "-o", "json", env=environment).stdout)["bundle"]

    result = run_cli("run", bundle, "--set", "priority=1", "--preset", "comp", env=environment)

    assert result.returncode == 2
    assert "--set, --preset can only be given with a graph" in result.stderr


@pytest.mark.parametrize("url", ["https://jane:secret@farm:8082", "jane:secret@farm:8082"])
def test_config_shows_no_password_of_a_url(studio, url):
    """Whoever asks with what is hidden, wherever it stands; a store's is refused, as everywhere."""
    environment, _ = studio
    environment["FLOWPIPE_DEADLINE_WEBSERVICE"] = url
    settings = ("--set", "environment.DB=redis://:secret@db/1", "--set", "comment=td@studio.example")
    settings += ("--set", "environment.SITE_TOKEN=secret", "--set", "environment.SITE=berlin")

    report = shown(*settings, env=environment)
    text = run_cli("config", *settings, env=environment)
    refused = run_cli("config", env={**environment, "FLOWPIPE_DEADLINE_STORE": "redis://:secret@cache/1"})

    assert report["options"]["webservice.url"]["value"] == "***"
    found = {name: report["settings"][f"environment.{name}"]["value"] for name in ("DB", "SITE_TOKEN", "SITE")}
    assert found == {"DB": "***", "SITE_TOKEN": "***", "SITE": "berlin"}
    assert report["settings"]["comment"]["value"] == "td@studio.example"
    assert refused.returncode == 2
    assert "secret" not in text.stdout + text.stderr + refused.stdout + refused.stderr
