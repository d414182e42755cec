"""What the Web Service says of jobs, tasks and the repository."""

from __future__ import annotations

import time

import pytest
from redis_server import free_port
from web_services import AT_ONCE, BATCH, ScriptedService, farm_at, http, requests_of, write_job

from flowpipe_deadline.deadline.client import JobDetails, RepositoryInfo, SubmissionError, TaskDetails
from tests.fake_deadline.web import serve
from tests.fake_deadline.web_routes import Behaviour

JOB_ID = "60ae9508f69eb6110034df45"
OTHER_ID = "69789945325386f947e7240b"


def job_json(job_id=JOB_ID, *, stat=1, batch=BATCH, **chunks):
    """A job as the Web Service has it, reduced to what distinguishes it."""
    return {"_id": job_id, "Stat": stat, "Props": {"Name": "render", "Batch": batch}, **chunks}


def submit_chain(client, folder):
    """The IDs of two jobs, the second waiting for the first frame by frame."""
    first = client.submit(*write_job(folder, name="render")).job_id
    waits = {"JobDependencies": first, "IsFrameDependent": "true", "Frames": "1-8", "ChunkSize": "8"}
    return [first, client.submit(*write_job(folder, name="comp", **waits)).job_id]


def test_jobs_are_read_by_id(client, tmp_path):
    """Everything that was submitted can be compared with what Deadline made of it."""
    first, second = submit_chain(client, tmp_path)

    details = client.read_jobs([first, second])

    assert details == {
        first: JobDetails(
            job_id=first,
            status="Suspended",
            name="render",
            batch_name=BATCH,
            plugin="Flowpipe",
            frames="1-10",
            chunk_size=4,
            task_count=3,
            dependencies=(),
            frame_dependent=False,
            tasks={"Suspended": 3},
            pool="none",
            group="none",
            limits=(),
        ),
        second: JobDetails(
            job_id=second,
            status="Suspended",
            name="comp",
            batch_name=BATCH,
            plugin="Flowpipe",
            frames="1-8",
            chunk_size=8,
            task_count=1,
            dependencies=(first,),
            frame_dependent=True,
            tasks={"Suspended": 1},
            pool="none",
            group="none",
            limits=(),
        ),
    }


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"stat": 1, "RenderingChunks": 2}, "Rendering"),
        ({"stat": 1, "RenderingChunks": 0}, "Queued"),
        ({"stat": 1}, "Active"),
        ({"stat": 2}, "Suspended"),
        ({"stat": 3}, "Completed"),
        ({"stat": 4}, "Failed"),
        ({"stat": 6}, "Pending"),
        ({"stat": 0}, "Unknown"),
        ({"stat": 77}, "Unknown"),
        ({"stat": None}, "Unknown"),
        ({"stat": True}, "Unknown"),
        ({"stat": [1]}, "Unknown"),
    ],
    ids=str,
)
def test_a_status_is_given_in_deadlines_words(sent, status):
    """An active job is Rendering or Queued, as in Deadline's other programs, if it says what renders."""
    with ScriptedService(http(200, [job_json(**sent)])) as service:
        assert farm_at(service.url).read_jobs([JOB_ID])[JOB_ID].status == status


def test_what_a_job_does_not_say_is_none(client):
    """Also if it says something that makes no sense; the rest is read."""
    odd = {"Name": 5, "Frames": None, "Chunk": "4", "Tasks": 2.5, "Dep": [{"JobID": "x"}], "DepFrame": "yes"}
    for item in ({"_id": JOB_ID, "Stat": 3}, {"_id": JOB_ID, "Stat": 3, "Props": odd, "QueuedChunks": "many"}):
        with ScriptedService(http(200, [item])) as service:
            assert farm_at(service.url).read_jobs([JOB_ID]) == {JOB_ID: JobDetails(JOB_ID, "Completed")}


@pytest.mark.parametrize("answer", [job_json(), [None, job_json()], [job_json(JOB_ID.upper())]], ids=str)
def test_jobs_are_read_from_odd_answers_too(answer):
    """A job without its list, a gap in the list, an ID in capitals."""
    with ScriptedService(http(200, answer)) as service:
        assert list(farm_at(service.url).read_jobs([JOB_ID])) == [JOB_ID]


@pytest.mark.parametrize("form", ["left out", "error"])
def test_jobs_that_deadline_does_not_know_are_left_out(deadline, tmp_path, form):
    """Whether it leaves them out itself or makes an error of them, which is not written down."""
    with serve(deadline, behaviour=Behaviour(unknown_job=form)) as web:
        client = farm_at(web.url)
        first, second = submit_chain(client, tmp_path)
        client.delete([second])

        assert list(client.read_jobs([OTHER_ID, first, second])) == [first]
        assert client.read_jobs([OTHER_ID]) == {}


def test_deleted_jobs_are_not_listed(client, tmp_path):
    """One question, however many jobs are asked for."""
    first, second = submit_chain(client, tmp_path)
    client.delete([second])

    assert client.list_jobs([first, second, OTHER_ID]) == {first}


def test_nothing_is_asked_for_no_jobs(client, deadline):
    """A list of all would come."""
    assert client.read_jobs([]) == {}
    assert requests_of(deadline) == []


def test_many_jobs_are_asked_for_in_urls_that_a_server_takes(client, deadline, tmp_path):
    """Portions, none of more than 6000 characters."""
    first = client.submit(*write_job(tmp_path)).job_id
    others = [f"{number:024x}" for number in range(1000)]
    with ScriptedService(http(200, [])) as scripted:
        farm_at(scripted.url).read_jobs(others)

    found = client.read_jobs([*others, first])

    assert list(found) == [first]
    assert 1 < len(scripted.requests) < 10
    assert max(len(request.path) for request in scripted.requests) <= 6000
    asked = [item for request in scripted.requests for item in request.path.partition("=")[2].split(",")]
    assert asked == others


@pytest.mark.parametrize("job_id", ["", "../x", f"{JOB_ID},{OTHER_ID}", f"{JOB_ID}&Purge=true", f"{JOB_ID}\n"])
def test_what_is_no_id_is_never_asked_for(client, deadline, job_id):
    """It would become part of a URL."""
    for ask in (client.read_jobs, client.resume, client.delete, lambda ids: client.read_tasks(*ids)):
        with pytest.raises(SubmissionError, match="is not a job ID"):
            ask([job_id])

    assert requests_of(deadline) == []


@pytest.mark.parametrize("form", ["object", "list"])
def test_tasks_are_told_in_order(deadline, tmp_path, form):
    """With the frames of each."""
    with serve(deadline, behaviour=Behaviour(tasks_form=form)) as web:
        client = farm_at(web.url)
        job_id = client.submit(*write_job(tmp_path)).job_id

        tasks = client.read_tasks(job_id)

    assert [(task.task_id, task.frames, task.status) for task in tasks] == [
        (0, "1-4", "Suspended"),
        (1, "5-8", "Suspended"),
        (2, "9-10", "Suspended"),
    ]


def test_a_task_is_read_as_a_real_service_was_seen_to_tell_it():
    """The numbers of the states, a worker, errors, and percentages with a blank."""
    states = {1: "Unknown", 2: "Queued", 3: "Suspended", 4: "Rendering", 5: "Completed", 6: "Failed", 8: "Pending"}
    items = [
        {
            "TaskID": number,
            "Frames": f"{number}-{number}",
            "Slave": "ws-a-00",
            "Stat": number,
            "Prog": "12 %",
            "Errs": 3,
        }
        for number in reversed(states)
    ]
    with ScriptedService(http(200, {"ID": JOB_ID, "PreTask": None, "Tasks": items, "PostTask": None})) as service:
        tasks = farm_at(service.url).read_tasks(JOB_ID)

    assert tasks == tuple(
        TaskDetails(number, f"{number}-{number}", status, progress=12.0, worker="ws-a-00", errors=3)
        for number, status in states.items()
    )


@pytest.mark.parametrize(
    ("sent", "progress"),
    [("100 %", 100.0), ("7%", 7.0), ("33,5 %", 33.5), (50, 50.0), ("", None), (None, None), ("some", None)],
)
def test_progress_is_percent_or_missing(sent, progress):
    """Also with a comma, and without a blank."""
    with ScriptedService(http(200, {"Tasks": [{"TaskID": 0, "Prog": sent}]})) as service:
        assert farm_at(service.url).read_tasks(JOB_ID) == (TaskDetails(0, "", "Unknown", progress=progress),)


def test_the_tasks_of_a_job_that_deadline_does_not_know_are_an_error(client):
    """In its words."""
    with pytest.raises(SubmissionError, match=f"The job {JOB_ID} does not exist"):
        client.read_tasks(JOB_ID)


@pytest.mark.parametrize(
    "answer", ["", "sorry", "5", '{"Jobs":[]}', "[5]", '[{"_id":5}]', '{"Tasks":5}', '{"Tasks":[{}]}', "[" * 99_999]
)
def test_answers_that_cannot_be_read_are_errors_that_show_them(answer):
    """In part, on one line."""
    with ScriptedService(http(200, answer)) as service:
        client = farm_at(service.url)
        for ask in (
            lambda: client.read_jobs([JOB_ID]),
            lambda: client.read_tasks(JOB_ID),
            lambda: client.find_jobs(BATCH),
        ):
            with pytest.raises(
                SubmissionError, match=r"does not answer as Deadline's Web Service to .*( expected|without)"
            ) as caught:
                ask()
            assert len(str(caught.value)) < 600


class JobList:
    """A Web Service with many jobs, which answers as the real one does and records what it was asked for."""

    def __init__(self, jobs):
        self.jobs = {item["_id"]: item for item in jobs}
        self.read = []

    def __call__(self, request):
        """One answer."""
        query = request.path.partition("?")[2]
        if query == "IdOnly=true":
            return http(200, list(self.jobs))
        asked = query.partition("=")[2].split(",") if query else list(self.jobs)
        self.read += asked
        return http(200, [self.jobs[job_id] for job_id in asked if job_id in self.jobs])


def made_at(seconds, number):
    """An ID of MongoDB's."""
    return f"{int(seconds):08x}{number:016x}"


def test_the_jobs_of_a_batch_are_found_among_all(client, deadline, tmp_path):
    """The known ones, and those that were not known."""
    mine = submit_chain(client, tmp_path)
    lost = client.submit(*write_job(tmp_path, name="lost")).job_id
    client.submit(*write_job(tmp_path, name="other", BatchName="Another"))
    client.submit(*write_job(tmp_path, name="longer", BatchName=f"{BATCH} "))

    assert sorted(client.find_jobs(BATCH)) == sorted([*mine, lost])
    assert sorted(client.find_jobs(BATCH, known=mine)) == sorted([*mine, lost])
    assert client.find_jobs("Nobody's") == []


def test_known_jobs_that_are_gone_are_not_found(client, tmp_path):
    """They were deleted meanwhile."""
    first, second = submit_chain(client, tmp_path)
    client.delete([second])

    assert client.find_jobs(BATCH, known=[first, second]) == [first]


def test_of_a_full_repository_only_recent_jobs_are_read():
    """Ten thousand old ones would be a hundred megabytes. A lost job is as recent as the known ones."""
    now = time.time()
    old = [job_json(made_at(now - 5 * 86400, number), batch="Old") for number in range(2000)]
    mine = [job_json(made_at(now, number)) for number in range(50)]
    lost, other = job_json(made_at(now - 3600, 0)), job_json(made_at(now, 99), batch="Other")
    service = JobList([*old, *mine, lost, other])
    known = [item["_id"] for item in mine]

    with ScriptedService(service) as scripted:
        found = farm_at(scripted.url).find_jobs(BATCH, known=known)

    assert sorted(found) == sorted([*known, lost["_id"]])
    assert sorted(service.read) == sorted([lost["_id"], other["_id"]])


def test_jobs_that_were_submitted_here_tell_how_recent_a_lost_one_is(tmp_path):
    """Where none is known any more, as after they were deleted."""
    now = time.time()
    old = [job_json(made_at(now - 5 * 86400, number), batch="Old") for number in range(200)]
    lost = job_json(made_at(now, 2))
    service = JobList([*old, lost])

    def answers(request):
        return http(200, {"_id": made_at(now, 1)}) if request.method == "POST" else service(request)

    with ScriptedService(answers) as scripted:
        client = farm_at(scripted.url)
        client.submit(*write_job(tmp_path))

        assert client.find_jobs(BATCH) == [lost["_id"]]
        assert service.read == [lost["_id"]]
        assert client.find_jobs("Old") == [item["_id"] for item in old]


def test_where_ids_do_not_tell_when_they_were_made_all_jobs_are_read():
    """Whether Deadline's always do is not written down."""
    old = [job_json(f"{number:024x}", batch="Old") for number in range(300)]
    known, lost = job_json("f" * 24), job_json(f"{77777:024x}")

    with ScriptedService(JobList([*old, known, lost])) as scripted:
        found = farm_at(scripted.url).find_jobs(BATCH, known=["f" * 24])

    assert sorted(found) == sorted(["f" * 24, lost["_id"]])


def test_the_repository_is_told_over_one_connection(deadline):
    """What is not said is None; numbers are read with and without quotes."""
    deadline.change_settings(pools=["none", "fast"], groups=["none"], limits=["nuke"], maximum_priority=80)
    for form in ("number", "text"):
        with serve(deadline, behaviour=Behaviour(number_form=form)) as web:
            details = farm_at(web.url).read_repository()

        assert details == RepositoryInfo(
            version="v10.4.2.2 Release (0a1b2c3d4)",
            root=str(deadline.root),
            pools=("none", "fast"),
            groups=("none",),
            limits=("nuke",),
            plugins=("CommandLine", "Flowpipe", "Python"),
            maximum_priority=80,
            task_limit=5000,
        )


def test_what_an_older_service_does_not_answer_is_none(deadline):
    """The rest is read."""
    lacks = ("/api/plugins", "/api/jobtasklimit", "/api/repository")
    with serve(deadline, behaviour=Behaviour(lacks=lacks)) as web:
        details = farm_at(web.url).read_repository()

    assert (details.plugins, details.task_limit, details.version, details.root) == (None, None, None, None)
    assert (details.pools, details.maximum_priority) == (("none",), 100)


def test_a_root_that_is_not_set_is_none():
    """The service says so in words where the folder would stand."""
    words = http(200, "The root directory is not set.")
    with ScriptedService(http(200, "v10"), words, http(200, ["none"])) as service:
        details = farm_at(service.url).read_repository()

    assert (details.version, details.root, details.pools) == ("v10", None, ("none",))


def test_a_service_that_is_no_deadlines_is_an_error(client):
    """It answers none of the questions."""
    advice = "is that the URL of a Deadline Web Service"
    with ScriptedService(http(404, "nothing here")) as service, pytest.raises(SubmissionError, match=advice):
        farm_at(service.url).read_repository()
    with pytest.raises(SubmissionError, match="cannot be reached"):
        farm_at(f"http://127.0.0.1:{free_port()}").read_repository()


@pytest.mark.parametrize("fault", [{"do": "deny", "value": 503}, {"do": "die"}, {"do": "die_after"}], ids=str)
def test_a_question_is_repeated_a_few_times(client, deadline, job, fault):
    """It changes nothing, so it can be."""
    job_id = client.submit(*job).job_id
    deadline.set_faults({"on": "GET", "times": len(AT_ONCE), **fault})

    assert list(client.read_jobs([job_id])) == [job_id]
    assert len(requests_of(deadline, "GET")) == len(AT_ONCE) + 1


@pytest.mark.parametrize("fault", [{"do": "deny", "value": 503}, {"do": "die"}], ids=str)
def test_a_question_is_not_repeated_for_ever(client, deadline, fault):
    """The error is the last failure."""
    deadline.set_faults({"on": "GET", "times": 0, **fault})

    with pytest.raises(SubmissionError):
        client.read_jobs([JOB_ID])

    assert len(requests_of(deadline, "GET")) == len(AT_ONCE) + 1


@pytest.mark.parametrize(
    "fault", [{"do": "deny", "value": "No such thing"}, {"do": "deny", "value": 400}, {"do": "hang"}], ids=str
)
def test_what_another_try_would_not_change_is_asked_once(service, deadline, fault):
    """Deadline's own errors, and silence that lasted as long as it may."""
    deadline.set_faults({"on": "/api/tasks", "times": 0, **fault})

    with pytest.raises(SubmissionError):
        farm_at(service.url, read_timeout=0.2).read_tasks(JOB_ID)

    assert len(requests_of(deadline)) == 1
