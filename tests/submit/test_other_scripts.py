"""Names of other scripts: files are spelt in ASCII, Deadline shows them, and its answers may be in any encoding."""

from __future__ import annotations

import farm_nodes as nodes
import pytest
from flowpipe import Graph
from hypothesis import given, settings
from hypothesis import strategies as st
from random_examples import examples

from flowpipe_deadline import plan_graph, write_bundle
from flowpipe_deadline.bundle.copy import copy_plan
from flowpipe_deadline.bundle.info_format import decode_info, encode_info, parse_entries
from flowpipe_deadline.bundle.templates import JobFiles
from flowpipe_deadline.core.names import batch_name_of, is_same_batch, is_same_name, safe_name
from flowpipe_deadline.core.text import is_one_line
from flowpipe_deadline.deadline.client import SubmissionError
from flowpipe_deadline.deadline.command_client import CommandClient
from flowpipe_deadline.planning.planner import make_plan
from flowpipe_deadline.planning.transliteration import spelt_in_ascii
from flowpipe_deadline.status.cancel import cancel_submission
from flowpipe_deadline.status.status import read_submission_status
from flowpipe_deadline.submit.transaction import submit_to
from tests.fake_deadline.command import execute
from tests.fake_deadline.session import Session


class PrintedClient(CommandClient):
    """The fake Deadline by what its command prints, in this process."""

    undo_pauses = (0.0, 0.0)

    def __init__(self, deadline):
        self._deadline = deadline

    def run(self, arguments):
        """What the command printed, in the console's encoding."""
        session = Session(self._deadline)
        code = execute(session, arguments)
        printed = session.output
        if self._deadline.settings.unknowns.printed_names == "?":
            printed = printed.encode("ascii", "replace").decode("ascii")
        if code:
            raise SubmissionError(printed)
        return printed


@pytest.fixture
def bundle(tmp_path):
    """``рендер`` in two tasks, ``合成``, which waits for it, and another ``合成`` in a graph of its own."""
    graph = Graph(name="Кадр 010")
    render = nodes.Render(name="рендер", graph=graph, frames=[1, 2], metadata={"batch_size": 1})
    collect = nodes.Collect(name="合成", graph=graph)
    other = nodes.Pass(name="合成", graph=Graph(name="Λεπτομέρεια"), value=7)
    other.outputs["value"].connect(nodes.Pass(name="end", graph=graph).inputs["value"])
    render.outputs["items"].connect(collect.inputs["images"]["items"])
    return write_bundle(plan_graph(graph), root=tmp_path / "root")


def job_infos(bundle):
    """The job info of each job."""
    return [dict(parse_entries(decode_info(bundle.job_files(job)[0].read_bytes()))) for job in bundle.jobs]


def test_files_are_ascii_and_deadline_shows_the_names(bundle):
    """Also in the extra info."""
    assert bundle.name.startswith("Kadr_010-2")
    assert [job.key for job in bundle.jobs] == ["render", "HeCheng", "HeCheng-2", "end"]
    assert all(path.relative_to(bundle.folder).as_posix().isascii() for path in bundle.folder.rglob("*"))

    batch = bundle.name.replace("Kadr_010", "Кадр 010")
    infos = job_infos(bundle)

    assert [info["Name"] for info in infos] == [
        "Кадр 010 - рендер",
        "Кадр 010 - 合成",
        "Кадр 010 - Λεπτομέρεια.合成",
        "Кадр 010 - end",
    ]
    assert {info["BatchName"] for info in infos} == {batch}
    assert {info["ExtraInfoKeyValue0"] for info in infos} == {f"FlowpipeSubmission={batch}"}


def test_a_copy_has_the_names_of_the_first(bundle):
    """Made in Deadline's own Python, which cannot spell them."""
    copy = copy_plan(bundle)

    assert copy.name.startswith("Kadr_010-2")
    assert {info["BatchName"] for info in job_infos(copy)} == {copy.name.replace("Kadr_010", "Кадр 010")}
    assert {info["ExtraInfoKeyValue0"].partition("=")[2] for info in job_infos(copy)} == {
        copy.name.replace("Kadr_010", "Кадр 010")
    }


@pytest.mark.parametrize("printed", ["utf-8", "?"])
@pytest.mark.parametrize("details", ["all", "short"])
@pytest.mark.parametrize("batch_filter", ["works", "nothing", "everything"])
def test_whatever_deadline_prints_the_jobs_are_known(bundle, deadline, printed, details, batch_filter):
    """They are submitted, read, and taken back, and those of others are not."""
    unknowns = {"printed_names": printed, "job_details": details, "batch_filter": batch_filter}
    deadline.change_settings(unknowns=unknowns)
    client = PrintedClient(deadline)
    theirs = deadline.submit({"Plugin": "Python", "Name": "????", "BatchName": "????-20200101-101010-1a2b3c4d"}, {})

    job_ids = submit_to(client, bundle)

    assert {job.status for job in read_submission_status(bundle, lambda: client).jobs} == {"Queued", "Pending"}
    told = cancel_submission(bundle, lambda: client)
    assert told == (
        f"what was submitted was deleted: рендер ({job_ids['render']}), 合成 ({job_ids['HeCheng']}),"
        f" Λεπτομέρεια.合成 ({job_ids['HeCheng-2']}), end ({job_ids['end']})"
    )
    assert [job.job_id for job in deadline.jobs()] == [theirs.job_id]


@pytest.mark.parametrize("printed", ["utf-8", "?"])
def test_a_submission_that_fails_is_undone(bundle, deadline, printed):
    """Also a job whose ID was lost: it is found by its batch and its name."""
    deadline.change_settings(unknowns={"printed_names": printed})
    client = PrintedClient(deadline)
    submit, calls = client.submit, []

    def lose(*files):
        calls.append(submit(*files))
        if len(calls) == 2:
            raise SubmissionError("the line is broken")
        return calls[-1]

    client.submit = lose

    with pytest.raises(SubmissionError, match="the line is broken"):
        submit_to(client, bundle)
    assert len(calls) == 2
    assert deadline.jobs() == []


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp866"])
def test_a_name_in_an_encoding_of_its_country_is_known(encoding):
    """Printed by a console of that time, and read as UTF-8."""
    told = "Кадр 010 - рендер".encode(encoding).decode("utf-8", "replace")

    assert is_same_name(told, "Кадр 010 - рендер")
    assert not is_same_name(told, "Кадр 010 - render")


def test_a_name_in_shift_jis_is_known():
    """Whose second bytes may be those of ASCII letters."""
    told = "能力表示 - ソース".encode("cp932").decode("utf-8", "replace")

    assert is_same_name(told, "能力表示 - ソース")
    assert not is_same_name("Shot - render", "能力表示 - ソース")


def test_batches_are_told_apart_by_their_ends():
    """Where they have one."""
    ours = "Кадр-20261123-101500-1a2b3c4d"

    assert is_same_batch("????-20261123-101500-1a2b3c4d", ours)
    assert not is_same_batch("????-20261123-101500-1a2b3c4e", ours)
    assert not is_same_batch(None, ours)
    assert not is_same_batch("", ours)
    assert not is_same_batch("Shot-10", "Shot-1")


def test_a_latin_name_keeps_its_key_and_its_folder(tmp_path):
    """As they were before names of other scripts were spelt; only its batch shows it now."""
    graph = Graph(name="Größe")
    nodes.Pass(name="Łódź – 1", graph=graph)

    bundle = write_bundle(plan_graph(graph), root=tmp_path)

    assert bundle.name.startswith("Groe-2")
    assert [job.key for job in bundle.jobs] == ["odz_1"]
    assert job_infos(bundle)[0]["BatchName"] == bundle.name.replace("Groe-", "Größe-")


@given(graph=st.text(max_size=80), node=st.text(max_size=80))
@settings(max_examples=examples(30))
def test_any_name_fits_into_a_job_info_file(graph, node):
    """And comes out of it as it was put in, but for what would break its line."""
    batch = batch_name_of(graph, f"{safe_name(spelt_in_ascii(graph))}-20261123-101500-1a2b3c4d")
    made = Graph(name=graph)
    nodes.Pass(name=node, graph=made)
    plan = make_plan(made)

    text = JobFiles().job_info(plan.jobs[0], plan_name=graph, batch_name=batch, job_dependencies=())

    read = dict(parse_entries(decode_info(encode_info(text))))
    assert read["BatchName"] == batch
    assert batch.endswith("-20261123-101500-1a2b3c4d")
    assert is_one_line(read["Name"])
    assert list(read)[:2] == ["Plugin", "Name"]
    assert len(read) == 7
