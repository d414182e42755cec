"""The fake Deadline's operations: what it accepts, the states of jobs, its answers to unknowns, and its faults."""

from __future__ import annotations

import pytest
from offline_commands import JOB_INFO

from tests.fake_deadline.faults import Fault
from tests.fake_deadline.intake import DeadlineError
from tests.fake_deadline.operations import FakeDeadline
from tests.fake_deadline.settings import SettingsError

NOBODY = "0123456789abcdef01234567"


def submit(deadline, *upstream, **changes):
    """The ID of a job that waits for those upstream."""
    info = {**JOB_INFO, "JobDependencies": ",".join(upstream), **changes}
    return deadline.submit({key: value for key, value in info.items() if value is not None}, {}).job_id


def states(deadline):
    """The states of all jobs, as the Monitor shows them."""
    return [job.shown_status for job in deadline.jobs()]


def test_a_job_is_what_was_submitted(deadline):
    """Details of the job and its tasks."""
    upstream = submit(deadline)
    job_id = submit(deadline, upstream, IsFrameDependent=True, Frames="1-3,7", ChunkSize=2)

    job = deadline.job(job_id)
    assert (job.name, job.batch_name, job.frames, job.chunk_size) == ("render", "shot", "1-3,7", 2)
    assert (job.dependencies, job.is_frame_dependent) == ((upstream,), True)
    assert (job.shown_status, job.task_count, job.tasks["Pending"]) == ("Pending", 2, 2)
    assert [(task.task_id, task.frames) for task in deadline.tasks(job_id)] == [(0, "1-2"), (1, "3,7")]
    assert [job.job_id for job in deadline.jobs([job_id, NOBODY, upstream])] == [upstream, job_id]
    assert deadline.find(lambda job: job.is_frame_dependent) == [job_id]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"Plugin": None}, "names no Plugin", id="no plugin"),
        pytest.param({"Plugin": "Nuke"}, "Nuke does not exist", id="unknown plugin"),
        pytest.param({"Frames": "1-"}, "cannot be read", id="no frame list"),
        pytest.param({"ChunkSize": "0"}, "cannot be read", id="chunk size of zero"),
        pytest.param({"ChunkSize": "two"}, "cannot be read", id="chunk size in words"),
        pytest.param({"InitialStatus": "Pending"}, "Active or Suspended", id="initial state"),
        pytest.param({"JobDependencies": NOBODY}, "does not exist", id="unknown parent"),
        pytest.param({"Pool": "lighting"}, "pool lighting does not exist", id="unknown pool"),
        pytest.param({"LimitGroups": "nuke,maya"}, "limit maya does not exist", id="unknown limit"),
        pytest.param({"Frames": "1-5001", "ChunkSize": "1"}, "job task limit of 5000", id="too many tasks"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(deadline, changes, words):
    """And no job is made."""
    with pytest.raises(DeadlineError, match=words):
        submit(deadline, **changes)

    assert deadline.jobs() == []


def test_numbers_and_booleans_are_taken_as_the_web_service_sends_them(deadline):
    """Their text is what a job info file would hold."""
    job_id = deadline.submit({**JOB_INFO, "ChunkSize": 5, "IsFrameDependent": False, "Priority": 60}, {"A": 1}).job_id

    job = deadline.job(job_id)
    assert (job.chunk_size, job.job_info["IsFrameDependent"], job.plugin_info) == (5, "false", {"A": "1"})


def test_released_together_dependents_wait_and_roots_render(deadline):
    """All suspended, then resumed, dependents first."""
    root = submit(deadline, InitialStatus="Suspended")
    dependent = submit(deadline, root, InitialStatus="Suspended")
    assert states(deadline) == ["Suspended", "Suspended"]

    assert deadline.change_all("resume", [dependent, root]) == []

    assert states(deadline) == ["Queued", "Pending"]


def test_a_suspended_job_that_waits_may_be_pending(deadline):
    """What Deadline does is unknown."""
    deadline.change_settings(unknowns={"suspended_dependent": "Pending"})
    root = submit(deadline, InitialStatus="Suspended")

    submit(deadline, root, InitialStatus="Suspended")

    assert states(deadline) == ["Suspended", "Pending"]


def test_resuming_may_start_a_job_too_early(deadline):
    """What Deadline does is unknown; such a job can be pended."""
    deadline.change_settings(unknowns={"resumed_dependent": "Active"})
    root = submit(deadline, InitialStatus="Suspended")
    dependent = submit(deadline, root, InitialStatus="Suspended")

    deadline.change("resume", dependent)
    assert states(deadline) == ["Suspended", "Queued"]
    deadline.change("pend", dependent)

    assert states(deadline) == ["Suspended", "Pending"]


def test_pending_a_suspended_job_may_be_refused(deadline):
    """What Deadline does is unknown."""
    root = submit(deadline)
    dependent = submit(deadline, root, InitialStatus="Suspended")
    deadline.change_settings(unknowns={"pend_suspended": "refused"})

    with pytest.raises(DeadlineError, match="status Suspended pending"):
        deadline.change("pend", dependent)
    deadline.change_settings(unknowns={"pend_suspended": "works"})
    deadline.change("pend", dependent)

    assert states(deadline) == ["Queued", "Pending"]


def test_only_a_job_that_waits_for_something_can_be_pended(deadline):
    """It needs a dependency."""
    root = submit(deadline)

    with pytest.raises(DeadlineError, match="depends on nothing"):
        deadline.change("pend", root)


def test_a_dependent_is_released_by_the_pending_job_scan(deadline):
    """Never before."""
    root = submit(deadline)
    submit(deadline, root)

    deadline.change("complete", root)
    assert states(deadline) == ["Completed", "Pending"]
    deadline.scan()

    assert states(deadline) == ["Completed", "Queued"]


def test_frames_are_released_one_by_one(deadline):
    """A frame-dependent job renders while its parent does."""
    root = submit(deadline)
    dependent = submit(deadline, root, IsFrameDependent="true")

    deadline.change("complete", root, task_ids=[1])
    deadline.scan()

    assert [task.status.value for task in deadline.tasks(dependent)] == ["Pending", "Queued", "Pending"]
    assert deadline.job(dependent).shown_status == "Queued"


@pytest.mark.parametrize(
    ("end", "setting"),
    [("delete", "ResumeOnDeletedDependencies"), ("fail", "ResumeOnFailedDependencies")],
)
@pytest.mark.parametrize("is_frame_dependent", ["true", "false"])
def test_other_ends_release_only_who_wants_it(deadline, end, setting, is_frame_dependent):
    """A deleted or failed parent holds its dependents by default."""
    root = submit(deadline)
    submit(deadline, root, IsFrameDependent=is_frame_dependent)
    submit(deadline, root, IsFrameDependent=is_frame_dependent, **{setting: "true"})

    assert deadline.change_all(end, [root]) == []
    deadline.scan()

    assert states(deadline)[-2:] == ["Pending", "Queued"]


@pytest.mark.parametrize(("answer", "state"), [("ignore", "Queued"), ("deleted", "Pending")])
def test_a_parent_that_never_was_may_be_ignored_or_count_as_deleted(deadline, answer, state):
    """What Deadline does is unknown."""
    deadline.change_settings(unknowns={"unknown_parent": answer})

    submit(deadline, NOBODY)
    deadline.scan()

    assert states(deadline) == [state]


@pytest.mark.parametrize(("answer", "warnings"), [("warn", ("The pool lighting does not exist",)), ("accept", ())])
def test_an_unknown_pool_may_be_taken(deadline, answer, warnings):
    """What Deadline does is unknown."""
    deadline.change_settings(unknowns={"unknown_name": answer})

    created = deadline.submit({**JOB_INFO, "Pool": "lighting"}, {})

    assert created.warnings == warnings


def test_the_task_limit_may_be_ignored(deadline):
    """What Deadline does is unknown."""
    deadline.change_settings(task_limit=2, unknowns={"task_limit": "ignored"})

    assert deadline.job(submit(deadline)).task_count == 3


@pytest.mark.parametrize(("answer", "tasks"), [(False, ["1-2", "3,7", "8"]), (True, ["1-2", "3", "7-8"])])
def test_gaps_are_chunked_under_either_reading(tmp_path, answer, tasks):
    """What Deadline does is unknown."""
    with FakeDeadline.create(tmp_path / "d", unknowns={"consecutive_chunks": answer}) as deadline:
        job_id = submit(deadline, Frames="1-3,7-8", ChunkSize="2")

        assert [task.frames for task in deadline.tasks(job_id)] == tasks


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        (["suspend"], "Suspended"),
        (["suspend", "resume"], "Queued"),
        (["complete"], "Completed"),
        (["complete", "requeue"], "Queued"),
        (["fail"], "Failed"),
        (["fail", "resumefailed"], "Queued"),
        (["suspendnonrendering", "complete"], "Completed"),
    ],
    ids=" then ".join,
)
def test_states_follow_each_other(deadline, changes, state):
    """As the reference has them."""
    job_id = submit(deadline)

    for change in changes:
        deadline.change(change, job_id)

    assert states(deadline) == [state]


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ("complete", "suspend"),
        ("complete", "complete"),
        ("suspend", "suspend"),
        ("suspendnonrendering", "requeue"),
        ("fail", "fail"),
        ("complete", "resume"),
        ("complete", "releasepending"),
    ],
)
def test_a_job_in_no_state_for_a_change_is_an_error_or_stays(deadline, before, change):
    """What Deadline does with jobs is unknown; with tasks it is an error."""
    job_id = submit(deadline)
    deadline.change(before, job_id)
    state = states(deadline)

    with pytest.raises(DeadlineError, match="Cannot mark a job with status"):
        deadline.change(change, job_id)
    deadline.change_settings(unknowns={"wrong_state": "nothing"})

    assert deadline.change(change, job_id) == []
    assert states(deadline) == state


def test_single_tasks_change_and_are_strict(deadline):
    """In a suspended job single tasks can be resumed."""
    job_id = submit(deadline, InitialStatus="Suspended")

    assert deadline.change("resume", job_id, task_ids=[1]) == [1]

    assert [task.status.value for task in deadline.tasks(job_id)] == ["Suspended", "Queued", "Suspended"]
    assert states(deadline) == ["Queued"]
    with pytest.raises(DeadlineError, match="task with status Queued resumed"):
        deadline.change("resume", job_id, task_ids=[1])
    with pytest.raises(DeadlineError, match="task 9 does not exist"):
        deadline.change("resume", job_id, task_ids=[9])


def test_a_deleted_job_can_be_brought_back_until_it_is_purged(deadline):
    """Meanwhile it is in no list, and cannot be changed."""
    job_id = submit(deadline, InitialStatus="Suspended")

    deadline.delete(job_id)
    assert deadline.jobs() == []
    assert [job.job_id for job in deadline.jobs(is_deleted=True)] == [job_id]
    for act in (deadline.delete, deadline.job, deadline.tasks):
        with pytest.raises(DeadlineError, match="does not exist"):
            act(job_id)
    deadline.undelete(job_id)
    assert states(deadline) == ["Suspended"]
    deadline.delete(job_id)
    deadline.purge(job_id)

    assert deadline.jobs(is_deleted=None) == []
    with pytest.raises(DeadlineError, match="does not exist"):
        deadline.undelete(job_id)


def test_nobody_renders_a_deleted_job(deadline):
    """A worker is given the next one."""
    submit(deadline, Name="first")
    second = submit(deadline, Name="second")

    task = deadline.repository.claim("worker-1")
    deadline.delete(task.job_id)

    assert not deadline.repository.is_held(task)
    assert deadline.repository.claim("worker-2").job_id == second


@pytest.mark.parametrize("change", ["suspend", "complete", "fail"])
def test_a_rendering_task_is_taken_from_its_worker(deadline, change):
    """Later reports of its worker are ignored."""
    job_id = submit(deadline)
    task = deadline.repository.claim("worker-1")
    assert states(deadline) == ["Rendering"]

    deadline.change(change, job_id)
    state = states(deadline)
    deadline.repository.complete(task)
    deadline.repository.fail(task, "an error")
    deadline.repository.requeue(task)

    assert states(deadline) == state
    assert deadline.job(job_id).errors == 0


def test_suspending_what_does_not_render_leaves_the_rest(deadline):
    """The rendering task goes on."""
    job_id = submit(deadline)
    task = deadline.repository.claim("worker-1")

    deadline.change("suspendnonrendering", job_id)

    assert deadline.repository.is_held(task)
    assert [task.status.value for task in deadline.tasks(job_id)] == ["Rendering", "Suspended", "Suspended"]


def test_a_frame_range_is_replaced(deadline):
    """A suspended job stays suspended."""
    job_id = submit(deadline, InitialStatus="Suspended")

    deadline.set_frames(job_id, "5-8", 1)

    assert [task.frames for task in deadline.tasks(job_id)] == ["5", "6", "7", "8"]
    assert (deadline.job(job_id).frames, deadline.job(job_id).chunk_size) == ("5-8", 1)
    assert states(deadline) == ["Suspended"]
    with pytest.raises(DeadlineError, match="cannot be read"):
        deadline.set_frames(job_id, "nope", 1)


def test_frames_are_appended(deadline):
    """Complete tasks stay complete."""
    job_id = submit(deadline, Frames="1-4", ChunkSize="2")
    deadline.change("complete", job_id, task_ids=[0])

    deadline.append_frames(job_id, "11-12")

    assert [(task.frames, task.status.value) for task in deadline.tasks(job_id)] == [
        ("1-2", "Completed"),
        ("3-4", "Queued"),
        ("11-12", "Queued"),
    ]


def test_dependencies_are_changed(deadline):
    """And count at once."""
    root, other = submit(deadline), submit(deadline)
    job_id = submit(deadline, root)

    deadline.set_job_info(job_id, {"JobDependencies": other})
    deadline.change("complete", other)
    deadline.scan()

    assert states(deadline) == ["Queued", "Completed", "Queued"]


@pytest.mark.parametrize(("answer", "state"), [("go on", "Suspended"), ("stop", "Queued")])
def test_a_list_goes_on_after_an_error_or_not(deadline, answer, state):
    """What Deadline does is unknown; the error is reported either way."""
    deadline.change_settings(unknowns={"several_changes": answer})
    job_id = submit(deadline)

    problems = deadline.change_all("suspend", [NOBODY, job_id])

    assert problems == [f"The job {NOBODY} does not exist"]
    assert states(deadline) == [state]


def test_the_nth_submission_is_refused(deadline):
    """And at no other; calls are counted from when the fault was set."""
    submit(deadline)
    deadline.set_faults(Fault("submit", "refuse", nth=2, value="The database is full"))

    submit(deadline)
    with pytest.raises(DeadlineError, match="database is full"):
        submit(deadline)
    submit(deadline)

    assert len(deadline.jobs()) == 3


def test_a_fault_lasts_as_long_as_it_is_told_to(deadline):
    """For some calls, or for good."""
    job_id = submit(deadline)
    deadline.set_faults({"on": "delete", "do": "refuse", "times": 0})

    for _ in range(3):
        with pytest.raises(DeadlineError, match="out of reach"):
            deadline.delete(job_id)
    deadline.set_faults()
    deadline.delete(job_id)


def test_a_list_is_done_in_part(deadline):
    """The first of them, and the line breaks."""
    ids = [submit(deadline, InitialStatus="Suspended") for _ in range(3)]
    deadline.set_faults({"on": "resume", "do": "partial", "value": 2})

    problems = deadline.change_all("resume", ids)

    assert problems == [f"The connection to the repository was lost at job {ids[2]}"]
    assert states(deadline) == ["Queued", "Queued", "Suspended"]


def test_an_event_plugin_rewrites_a_job(deadline):
    """The job differs from what was submitted."""
    root = submit(deadline)
    value = {"Frames": "1-3", "ChunkSize": "1", "JobDependencies": None}
    deadline.set_faults({"on": "submit", "do": "rewrite", "value": value})

    job = deadline.job(submit(deadline, root))

    assert (job.frames, job.chunk_size, job.dependencies, job.task_count) == ("1-3", 1, (), 3)


def test_everything_that_was_asked_is_kept(deadline):
    """In order; clearing the log restarts the counts."""
    deadline.log.clear()
    deadline.delete(submit(deadline))

    assert [(call.kind, call.name) for call in deadline.log.calls()] == [
        ("operation", "submit"),
        ("operation", "delete"),
    ]
    assert deadline.log.calls("process") == ()


def test_settings_reach_who_has_it_open_already(deadline):
    """Settings are read from the file for every call."""
    with FakeDeadline(deadline.folder) as other:
        deadline.change_settings(pools=["a", "b"], unknowns={"failure_exit_code": 0})

        assert (other.settings.pools, other.settings.unknowns.failure_exit_code) == (("a", "b"), 0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pool": ["a"]}, "no setting 'pool'; there are"),
        ({"unknowns": {"unknown_pool": "warn"}}, "no setting 'unknown_pool'"),
        ({"unknowns": {"unknown_parent": "perhaps"}}, "unknown_parent is 'perhaps'; it is one of 'refuse'"),
        ({"faults": [{"on": "submit", "do": "explode"}]}, "cannot 'explode'"),
        ({"faults": [{"at": "submit"}]}, "unknown fault"),
    ],
)
def test_settings_that_make_no_sense_are_refused(tmp_path, settings, words):
    """The message lists what is known."""
    with pytest.raises(SettingsError, match=words):
        FakeDeadline.create(tmp_path / "d", **settings)


def test_a_folder_holds_one(deadline, tmp_path):
    """A second one cannot be created in it, and an empty folder is an error."""
    with pytest.raises(SettingsError, match="already"):
        FakeDeadline.create(deadline.folder)
    with pytest.raises(SettingsError, match="holds no fake Deadline"):
        FakeDeadline(tmp_path)


def test_plugins_of_the_repository_are_known(deadline):
    """Beside those of the settings."""
    (deadline.root / "custom" / "plugins" / "Mine").mkdir()

    assert deadline.plugins == ("CommandLine", "Flowpipe", "Mine", "Python")


@pytest.mark.parametrize(("answer", "expected"), [("stays", ["Queued", "Queued"]), ("pends", ["Pending", "Pending"])])
def test_whether_requeueing_pends_what_depends_on_it(deadline, answer, expected):
    """Nobody knows (submission, section 4.6); tasks that are complete or render stay so."""
    upstream = deadline.submit({"Plugin": "Python", "Frames": "1"}, {}).job_id
    waits = {"Plugin": "Python", "Frames": "1-4", "JobDependencies": upstream}
    job_id = deadline.submit(waits, {}).job_id
    deadline.change("complete", upstream)
    deadline.scan()
    deadline.change("complete", job_id, task_ids=[0])
    assert deadline.repository.claim("worker", job_id=job_id).task_id == 1
    deadline.change_settings(unknowns={"requeued_upstream": answer})

    deadline.change("requeue", upstream)

    assert [task.status.value for task in deadline.tasks(job_id)] == ["Completed", "Rendering", *expected]


@pytest.mark.parametrize("answer", ["Active", "Pending"])
def test_the_state_of_a_job_that_waits_with_the_rest_of_its_tasks(deadline, answer):
    """Nobody knows (submission, section 5.2)."""
    deadline.change_settings(unknowns={"partly_pending": answer})
    upstream = deadline.submit({"Plugin": "Python", "Frames": "1"}, {}).job_id
    waits = {"Plugin": "Python", "Frames": "1-2", "JobDependencies": upstream}
    job_id = deadline.submit(waits, {}).job_id

    deadline.change("complete", job_id, task_ids=[0])

    assert deadline.job(job_id).status.value == answer
