"""What the doctor's report shows, and what it leaves out."""

from __future__ import annotations

import pytest

from flowpipe_deadline.doctor.redact import Redaction

PRIVATE = {
    "/mnt/secret/farm": "root",
    "/home/lisa": "home",
    r"\\server\repository": "repository",
    "lisa": "user",
    "ws042": "machine",
}


@pytest.fixture
def redaction():
    """One that knows a user, a machine and some places."""
    return Redaction(PRIVATE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("lisa may not write", "<user> may not write"),
        ("Lisa's job on WS042", "<user>'s job on <machine>"),
        ("jobs of elisa are none of lisa's", "jobs of elisa are none of <user>'s"),
        ("/mnt/secret/farm/doctor-1/jobs/001.job", "<root>/doctor-1/jobs/001.job"),
        ("//server/repository/custom is there", "<repository>/custom is there"),
        ("/home/lisa/shows/bond/x.py", "<home>/…/x.py"),
        ("/mnt/other/show: no such file", "<path>: no such file"),
        (r"C:\shows\bond\x.py and D:/y", "<path> and <path>"),
        (r"\\nas\bond", "<path>"),
        ("http://farm.studio:8081/api/jobs answers", "<url> answers"),
        ("10.0.0.7:4433, db01:27100 and farm.studio:80", "<address>, <address> and <address>"),
        ("mail to nobody@studio.com", "mail to <address>"),
        ("Submitting to Repository: 'Main farm' (ws)", "Submitting to Repository: <repository>"),
    ],
)
def test_private_words_are_taken_out(redaction, text, shown):
    """Users, machines, paths and addresses; what lies below the repository and our own root is no secret."""
    assert redaction.hide(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "Deadline Command 10.4 [v10.4.2.2 Release (313c3e8f5)]",
        "JobID=69789945325386f947e7240b",
        "1-10x2 and/or 3,1,2 at 12/24 fps",
        "Cannot mark a task with status Completed complete (System.Exception)",
        "index://0",
        "a start takes 0.2 s (0.1 to 0.3)",
    ],
)
def test_useful_words_stay(redaction, text):
    """Versions, IDs, frames and Deadline's words."""
    assert redaction.hide(text) == text


def test_of_jobs_only_the_keys_are_shown(redaction):
    """And values that cannot be names: states, numbers, frames, dates, IDs."""
    lines = {
        "[69789945325386f947e7240b]": "[69789945325386f947e7240b]",
        "JobName=Bond 0042": "JobName=<text>",
        "JobUserName=lisa": "JobUserName=<text>",
        "MachineName=042": "MachineName=<text>",
        "JobPool=bond": "JobPool=<text>",
        "SlaveAddress=10.0.0.7": "SlaveAddress=<text>",
        "Ip=10.0.0.7": "Ip=<text>",
        "OutputDirectory0=/mnt/bond": "OutputDirectory0=<text>",
        "Status = Rendering (3)": "Status=Rendering (3)",
        "Frames=1-10,20": "Frames=1-10,20",
        "RenderTime=00:01:02.5000000": "RenderTime=00:01:02.5000000",
        "JobSubmitDateTime=Nov 09/26  11:16:30": "JobSubmitDateTime=Nov 09/26  11:16:30",
        "Comment=": "Comment=",
        "bond": "<text>",
        "Error: lisa may not": "Error: <user> may not",
    }

    shown = redaction.hide_output(["-GetJob", "69789945325386f947e7240b", "True"], "\n".join(lines))

    assert shown == list(lines.values())


@pytest.mark.parametrize(
    ("arguments", "output", "shown"),
    [
        (["-GetPoolNames"], "none\nbond\n", ["<2 lines>"]),
        (["pools"], "none\nError: lisa may not\n", ["<1 lines>", "Error: <user> may not"]),
        (["-JSON", "-GetSubmissionInfo", "Pools"], '{"Pools": ["bond", "x"]}', ['{"Pools": [<2 names>]}']),
    ],
    ids=["a list", "a list with an error", "JSON"],
)
def test_of_lists_only_the_length_is_shown(redaction, arguments, output, shown):
    """Pools, groups, limits, plugins and workers are named after shows and people."""
    assert redaction.hide_output(arguments, output) == shown


def test_data_of_any_depth_is_redacted(redaction):
    """Every text but the keys."""
    data = {"lisa": [{"path": "/mnt/bond/x"}, ("lisa", 3, None, True)]}

    assert redaction.hide_in(data) == {"lisa": [{"path": "<path>"}, ["<user>", 3, None, True]]}


def test_names_that_are_everywhere_are_kept():
    """Hiding a user called 'deadline' would make every text unreadable."""
    assert Redaction({"deadline": "user", "": "machine"}).hide("Deadline 10") == "Deadline 10"
