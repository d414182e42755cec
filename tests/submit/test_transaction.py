"""All jobs or none, whatever goes wrong, under every answer to what is unknown of Deadline."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import farm_nodes as nodes
import pytest
from direct_farm import DirectClient

from flowpipe_deadline import plan_graph, read_bundle, write_bundle
from flowpipe_deadline.bundle.info_format import decode_info, parse_entries
from flowpipe_deadline.core.bundle import with_job_names
from flowpipe_deadline.core.locks import is_running, start_mark
from flowpipe_deadline.deadline.client import RefusedError, SubmissionError
from flowpipe_deadline.errors import RecordError
from flowpipe_deadline.submit import record
from flowpipe_deadline.submit.ownership import _at_work
from flowpipe_deadline.submit.record import SubmissionWriter, read_submission
from flowpipe_deadline.submit.transaction import InterruptedSubmissionError, Options, submit_to

ANSWERS = [
    {"suspended_dependent": suspended, "resumed_dependent": resumed, "wrong_state": wrong}
    for suspended in ("Suspended", "Pending")
    for resumed in ("Pending", "Active")
    for wrong in ("error", "nothing")
]


@pytest.fixture
def client(deadline):
    """A way to it."""
    return DirectClient(deadline)


@pytest.fixture
def bundle(graph, tmp_path):
    """Five jobs: two that wait for nothing, two chunked over the same frames, one that waits for two."""
    left = nodes.Pass(name="left", graph=graph)
    render = nodes.Render(name="render", graph=graph, frames=list(range(1, 11)), metadata={"batch_size": 4})
    batch = {"size": 5, "over": ["frames", "images"]}
    check = nodes.Check(name="check", graph=graph, frames=list(range(1, 11)), metadata={"batch": batch})
    last = nodes.Collect(name="last", graph=graph)
    after = nodes.Pass(name="after", graph=graph)
    render.outputs["items"].connect(check.inputs["images"])
    left.outputs["value"].connect(last.inputs["images"]["one"])
    check.outputs["images"].connect(last.inputs["images"]["two"])
    last.outputs["parts"].connect(after.inputs["value"])
    return write_bundle(plan_graph(graph), root=tmp_path)


def statuses(deadline):
    """The states of all jobs, by node key."""
    return {job.series("ExtraInfoKeyValue")["FlowpipeNode"]: job.shown_status for job in deadline.jobs()}


def recorded(bundle):
    """What ``submission.json`` says: its state, and the job IDs."""
    data = json.loads((bundle.folder / "submission.json").read_text())
    return data["state"], data["jobs"]


RELEASED = {"left": "Queued", "render": "Queued", "check": "Pending", "last": "Pending", "after": "Pending"}


@pytest.mark.parametrize("answers", ANSWERS, ids=str)
def test_all_jobs_are_there_as_planned_and_released(deadline, client, bundle, answers):
    """Those that wait for nothing may render, all others wait, and the record holds every ID."""
    deadline.change_settings(unknowns=answers)

    job_ids = submit_to(client, bundle)

    assert statuses(deadline) == RELEASED
    assert recorded(bundle) == ("submitted", job_ids)
    assert list(job_ids) == [job.key for job in bundle.jobs]
    assert not (bundle.folder / "submission.ids").exists()


def test_until_all_are_there_nothing_can_start(deadline, client, bundle):
    """No job is queued or rendering before the last one is submitted, checked and counted."""
    seen = []
    client.on_call = lambda _: seen.append(set(statuses(deadline).values()))

    submit_to(client, bundle)

    resumed = next(index for index, states in enumerate(seen) if "Queued" in states)
    assert seen[resumed] == {"Queued", "Pending"}
    assert all(states <= {"Suspended", "Pending"} for states in seen[:resumed])
    assert len(deadline.jobs()) == 5


class DeafClient(DirectClient):
    """A Deadline that takes one command and does nothing, as ``ANSWERS`` has it for jobs in a wrong state."""

    def __init__(self, deadline, command):
        super().__init__(deadline)
        setattr(self, command, lambda _: None)


@pytest.mark.parametrize("answers", ANSWERS, ids=str)
@pytest.mark.parametrize("command", ["pend", "resume"])
def test_a_command_that_does_nothing_is_noticed(deadline, bundle, command, answers):
    """What became of the jobs is read, whatever was answered: all wait and go on as planned, or none is left."""
    deadline.change_settings(unknowns=answers)
    waits = "Pending" in (answers["suspended_dependent"], answers["resumed_dependent"])  # Without being told to.
    if command == "pend" and waits:
        end, left = contextlib.nullcontext(), RELEASED
    else:
        words = {"pend": r"does not let .* wait for what they depend on", "resume": r"does not resume .*left"}
        end, left = pytest.raises(SubmissionError, match=words[command]), {}

    with end:
        submit_to(DeafClient(deadline, command), bundle)

    assert statuses(deadline) == left
    assert (read_submission(bundle.folder) is None) == (not left)


class SpeechlessError(Exception):
    """Some libraries' errors fail themselves when they are asked what they say."""

    def __str__(self):
        raise ValueError("this error cannot be shown")


ERRORS = {
    "no line": SubmissionError("no line"),
    "Ctrl+C": KeyboardInterrupt(),
    "disk full": OSError(28, "disk full"),
    "a bug": RuntimeError("a bug"),
    "no words": SpeechlessError(),
}


@pytest.mark.parametrize(("when", "answers"), [("before", ANSWERS[0]), ("after", ANSWERS[-1])], ids=str)
@pytest.mark.parametrize("error", ERRORS)
def test_whatever_fails_at_whatever_call_no_job_is_left(deadline, bundle, answers, when, error):
    """Also where the answer is lost though the job came into being; and the bundle can be submitted afterwards."""
    deadline.change_settings(unknowns=answers)
    client = DirectClient(deadline)
    submit_to(client, bundle)
    outcomes = []
    for failing in range(1, client.calls + 1):
        reset(deadline, bundle)
        client.fail_once(failing, when, ERRORS[error])
        outcomes.append(outcome_of(client, bundle))

    assert "some" not in outcomes
    assert outcomes.count("none") >= len(outcomes) - 2  # A count that fails is said; a failed pend is tried again.


def outcome_of(client, bundle):
    """Which jobs there are after a submission, which may fail: all as planned, or none, and then the next one works."""
    try:
        submit_to(client, bundle)
    except SubmissionError:
        if client.deadline.jobs():
            return "some"
        submit_to(client, bundle)
        return "none" if statuses(client.deadline) == RELEASED else "some"
    return "all" if statuses(client.deadline) == RELEASED else "some"


def test_who_was_taken_for_dead_while_deadline_made_a_job_puts_it_on_nobodys_record(deadline, bundle):
    """The other has died since, and the record is all that is known of its jobs."""
    client = DirectClient(deadline)
    other = SubmissionWriter(bundle.folder)

    def take_over(number):
        if number == 1:
            _at_work.clear()
            other.claim()
            other.add("left", "b" * 24)

    client.after_call = take_over
    with pytest.raises(SubmissionError, match=r"was taken over, or its record.*what was submitted was deleted"):
        submit_to(client, bundle)

    assert read_submission(bundle.folder).jobs == {"left": "b" * 24}
    assert deadline.jobs() == []


@pytest.mark.parametrize(("error", "code"), [("no line", 1), ("Ctrl+C", 130)])
def test_the_exit_code_tells_an_interruption_from_a_failure(client, bundle, error, code):
    """A script that submits needs to know."""
    client.fail_once(4, "after", ERRORS[error])

    with pytest.raises(SubmissionError) as caught:
        submit_to(client, bundle)

    assert caught.value.exit_code == code


@pytest.mark.parametrize(
    ("rewritten", "said"),
    [
        pytest.param({"Frames": "1-9"}, "the frames 1-9 where 1-10 were planned", id="frames"),
        pytest.param({"ChunkSize": "1"}, "a chunk size of 1 where 4 was planned", id="chunk size"),
        pytest.param({"InitialStatus": "Active"}, "it is Queued, though it was submitted suspended", id="active"),
    ],
)
def test_a_job_that_became_another_than_planned_undoes_all(deadline, client, bundle, rewritten, said):
    """An event plugin of the farm may change a job while it is submitted."""
    number = [job.key for job in bundle.jobs].index("render") + 1
    deadline.set_faults({"on": "submit", "do": "rewrite", "nth": number, "value": rewritten})

    with pytest.raises(SubmissionError, match=f"Test.render: .*{said}"):
        submit_to(client, bundle)

    assert statuses(deadline) == {}


@pytest.mark.parametrize(
    ("rewritten", "said"),
    [
        pytest.param({"JobDependencies": None}, "dependencies on nothing where", id="none"),
        pytest.param({"IsFrameDependent": None}, "frame dependency False where True", id="whole jobs"),
    ],
)
def test_a_dependency_that_got_lost_undoes_all(deadline, client, bundle, rewritten, said):
    """The job would start too early, or too late."""
    number = [job.key for job in bundle.jobs].index("check") + 1
    deadline.set_faults({"on": "submit", "do": "rewrite", "nth": number, "value": rewritten})

    with pytest.raises(SubmissionError, match=f"Test.check: .*{said}"):
        submit_to(client, bundle)

    assert statuses(deadline) == {}


def test_frames_in_other_words_are_the_same_frames(deadline, client, bundle):
    """Deadline may write a frame list in its own way."""
    number = [job.key for job in bundle.jobs].index("render") + 1
    deadline.set_faults({"on": "submit", "do": "rewrite", "nth": number, "value": {"Frames": "1-5,6:10"}})

    submit_to(client, bundle)

    assert statuses(deadline) == RELEASED


def test_a_job_too_many_is_found_and_deleted_with_the_others(deadline, client, bundle):
    """Somebody submitted twice on the way."""

    def submit_twice(number):
        if number == 3:
            job = deadline.jobs()[0]
            deadline.submit(job.job_info, job.plugin_info)

    client.on_call = submit_twice

    with pytest.raises(SubmissionError, match="more jobs than were submitted"):
        submit_to(client, bundle)

    assert statuses(deadline) == {}


def test_an_id_given_twice_is_no_second_job(deadline, client, bundle, monkeypatch):
    """What says so cannot be trusted with the rest."""
    first = deadline.submit({"Plugin": "Flowpipe"}, {})
    monkeypatch.setattr(deadline, "submit", lambda *_: first)

    with pytest.raises(SubmissionError, match=f"gave two jobs one ID, that of left .{first.job_id}"):
        submit_to(client, bundle)


def test_warnings_are_told_with_their_job(deadline, client, bundle):
    """Each ID as it comes, and what Deadline has to say about a job that it took."""
    deadline.set_faults({"on": "submit", "do": "warn", "nth": 2, "value": "Pool 'x' does not exist"})
    told = []

    job_ids = submit_to(client, bundle, say=told.append)

    keys = list(job_ids)
    assert told[:3] == [
        f"{keys[0]}: {job_ids[keys[0]]}",
        f"{keys[1]}: {job_ids[keys[1]]}",
        f"Warning: {keys[1]}: Pool 'x' does not exist",
    ]


def test_jobs_can_stay_suspended(deadline, client, bundle):
    """For somebody to resume in the Monitor."""
    submit_to(client, bundle, options=Options(keep_suspended=True))

    assert set(statuses(deadline).values()) == {"Suspended"}
    assert recorded(bundle)[0] == "submitted"


@pytest.mark.parametrize("asked_before", [1, 3, 6, 7, 8])
def test_asked_to_stop_it_undoes_everything(deadline, client, bundle, asked_before):
    """Whenever that is; the call that is under way comes to its end first."""
    asked = []

    def is_stopping():
        asked.append(True)
        return len(asked) >= asked_before

    with pytest.raises(InterruptedSubmissionError, match="interrupted while"):
        submit_to(client, bundle, is_stopping=is_stopping)

    assert statuses(deadline) == {}
    assert read_submission(bundle.folder) is None


def test_a_call_that_ends_with_the_request_to_stop_is_no_refusal(deadline, client, bundle):
    """Ctrl+C may have reached it as well, just as it began."""
    stopped = []

    def stop(number):
        if number == 3:
            stopped.append(True)
            raise RefusedError("Deadline refused the job with exit code -2", is_uncertain=True)

    client.after_call = stop

    with pytest.raises(InterruptedSubmissionError, match="interrupted while"):
        submit_to(client, bundle, is_stopping=lambda: bool(stopped))

    assert statuses(deadline) == {}
    assert read_submission(bundle.folder) is None


def test_a_submitted_bundle_is_refused_with_its_jobs(deadline, client, bundle):
    """Its results would be written by two jobs."""
    job_ids = submit_to(client, bundle)

    with pytest.raises(
        SubmissionError,
        match=re.escape(f"submitted already, as {with_job_names(', '.join(job_ids.values()), job_ids)};"),
    ):
        submit_to(client, bundle)

    assert len(deadline.jobs()) == 5


def test_a_submission_that_ends_while_it_is_looked_at_did_not_end_half_way(client, bundle, monkeypatch):
    """Its record is read again, once there is nobody at work on it any more."""
    submit_to(client, bundle)
    path = bundle.folder / "submission.json"
    ended = path.read_bytes()
    path.write_text(json.dumps({**json.loads(ended), "state": "submitting"}))

    def end_it(data, paths):
        path.write_bytes(ended)
        return False

    monkeypatch.setattr(record, "is_at_work", end_it)

    assert read_submission(bundle.folder).state == record.SUBMITTED


def test_what_cannot_be_deleted_is_named_kept_and_deleted_by_a_later_call(deadline, client, bundle):
    """Nothing is forgotten, and the later call goes on to submit."""
    deadline.set_faults({"on": "delete", "do": "refuse", "times": 0, "value": "protected"}, fails_from(4))

    with pytest.raises(SubmissionError, match=r"could not be deleted .*protected.*: delete them in the Monitor"):
        submit_to(client, bundle)

    left = [job.job_id for job in deadline.jobs()]
    state, jobs = recorded(bundle)
    assert (state, list(jobs.values())) == ("left", left)
    deadline.set_faults()
    told = []
    submit_to(client, bundle, say=told.append)
    assert statuses(deadline) == RELEASED
    assert told[0] == f"An earlier submission of {bundle.name} was not undone; undoing it"


def fails_from(nth):
    """Submissions are refused from that one on."""
    return {"on": "submit", "do": "refuse", "nth": nth, "times": 0, "value": "no such pool"}


def test_a_lost_answer_that_nobody_can_look_for_is_said(deadline, client, bundle):
    """The batch to look for in the Monitor is named, and a later call looks again."""
    deadline.set_faults({"on": "read", "do": "refuse", "times": 0, "value": "no line"})

    def lose_answer(number):
        if number == 3:
            raise RefusedError("timed out", is_uncertain=True)

    client.after_call = lose_answer

    with pytest.raises(SubmissionError, match=f"look in the Monitor for the batch {bundle.name}"):
        submit_to(client, bundle)

    deadline.set_faults()
    client.fail_once(0, "after", None)
    assert len(deadline.jobs()) == 1
    submit_to(client, bundle)
    assert statuses(deadline) == RELEASED


def test_the_batch_of_somebody_else_is_not_touched(deadline, client, bundle):
    """Only jobs of this submission are undone."""
    other = deadline.submit({"Plugin": "Flowpipe", "BatchName": f"{bundle.name}x"}, {}).job_id
    deadline.set_faults(fails_from(4))

    with pytest.raises(SubmissionError, match="no such pool"):
        submit_to(client, bundle)

    assert [job.job_id for job in deadline.jobs()] == [other]


CHECKOUT = Path(__file__).parents[2]
HELPERS = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (CHECKOUT, CHECKOUT / "tests" / "support")))}
KILLED = """
import os, sys
from direct_farm import DirectClient
from flowpipe_deadline.core.locks import is_running, start_mark
from flowpipe_deadline.submit.transaction import Options, submit_to
from tests.fake_deadline.operations import FakeDeadline

farm = DirectClient(FakeDeadline(sys.argv[1]))
farm.after_call = lambda number: os._exit(9) if number == int(sys.argv[3]) else None
submit_to(farm, sys.argv[2])
"""


@pytest.mark.parametrize("killed_after", [1, 3, 5, 7, 9, 11])
def test_a_submission_that_was_killed_is_undone_by_the_next(deadline, client, bundle, killed_after):
    """Also where the job came into being and its ID was not on record yet."""
    command = [sys.executable, "-c", KILLED, deadline.folder, bundle.folder, str(killed_after)]
    assert subprocess.run(command, check=False, env=HELPERS).returncode == 9
    before = {job.job_id for job in deadline.jobs()}
    told = []

    job_ids = submit_to(client, bundle, say=told.append)

    assert before
    assert not before & set(job_ids.values())
    assert statuses(deadline) == RELEASED
    assert told[0] == f"An earlier submission of {bundle.name} ended half-way; undoing it"


def test_a_submission_that_is_at_work_is_left_alone(deadline, client, bundle):
    """Two people press the button at once."""
    second = DirectClient(deadline)
    refusals = []

    def submit_too(number):
        if number == 3:
            with pytest.raises(SubmissionError) as caught:
                submit_to(second, bundle)
            refusals.append(str(caught.value))

    client.on_call = submit_too

    submit_to(client, bundle)

    assert "is being submitted this moment by process" in refusals[0]
    assert statuses(deadline) == RELEASED


def test_a_process_that_ended_is_not_at_work(tmp_path):
    """Also while the system still lists it, and when another one has got its number."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    began = start_mark(process.pid)

    assert is_running(process.pid, started=began)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # It has ended, and nobody has asked how.
    assert not is_running(process.pid, started=began)
    process.communicate()
    assert not is_running(process.pid)
    assert not began or not is_running(os.getpid(), started=began)


def test_who_was_taken_for_dead_touches_nothing_of_the_other(deadline, client, bundle):
    """Only its own jobs are deleted when it wakes up, and the record stays the other's."""
    second = DirectClient(deadline)
    others = {}

    def take_over(number):
        if number == 3 and not others:
            (bundle.folder / "submission.json").unlink()
            (bundle.folder / "submission.ids").unlink()
            others["jobs"] = {}
            for job in deadline.jobs():
                deadline.delete(job.job_id)
            others["jobs"] = submit_to(second, bundle)

    client.on_call = take_over

    with pytest.raises(SubmissionError, match="was taken over, or its record"):
        submit_to(client, bundle)

    assert set(others["jobs"].values()) <= {job.job_id for job in deadline.jobs()}
    assert recorded(bundle) == ("submitted", others["jobs"])


def test_a_damaged_file_is_found_before_anything_is_submitted(deadline, client, bundle):
    """Also that of the last job."""
    bundle.job_files(bundle.jobs[4])[1].unlink()

    with pytest.raises(RecordError, match=r"005-after\.plugin cannot be read"):
        submit_to(client, bundle)

    assert client.calls == 0


def test_a_bundle_that_was_moved_is_refused(client, bundle, tmp_path):
    """Its jobs would look for it in its old place."""
    moved = shutil.move(bundle.folder, tmp_path / "elsewhere")

    with pytest.raises(SubmissionError, match="was moved or copied"):
        submit_to(client, moved)

    assert client.calls == 0


def test_the_bundle_holds_what_deadline_was_given(deadline, client, bundle):
    """The job files are those of the jobs, IDs and all."""
    submit_to(client, bundle)

    for job, entry in zip(deadline.jobs(), read_bundle(bundle).jobs):
        job_file, plugin_file = bundle.job_files(entry)
        assert dict(parse_entries(decode_info(job_file.read_bytes()))) == dict(job.job_info)
        assert dict(parse_entries(decode_info(plugin_file.read_bytes()))) == dict(job.plugin_info)


def reset(deadline, bundle):
    """Forgets the jobs and the submission."""
    for job in deadline.jobs():
        deadline.delete(job.job_id)
    (bundle.folder / "submission.json").unlink(missing_ok=True)
