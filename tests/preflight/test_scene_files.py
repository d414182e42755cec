"""What is said of the files of a scene."""

from __future__ import annotations

import pytest

from flowpipe_deadline.preflight.scene_files import scene_file_warnings
from flowpipe_deadline.preflight.storage import Mount, Mounts
from flowpipe_deadline.workflows.facts import SceneFile

LINUX = Mounts((Mount("/", "ext4"), Mount("/mnt/show", "nfs4")), system="linux")
WINDOWS = Mounts((Mount("C:\\", "NTFS", ("fixed",)), Mount("P:\\", "NTFS", ("remote",))), system="win32")


def judge(*files, mounts=LINUX, missing=()):
    """The warnings, as lines; all files exist but the missing ones."""
    warnings = scene_file_warnings(
        [SceneFile(*file) for file in files],
        mounts=mounts,
        exists=lambda path: path not in missing,
        real_path=lambda path: path,
    )
    return [(warning.kind.word, str(warning)) for warning in warnings]


@pytest.mark.parametrize(
    ("path", "mounts", "kind"),
    [
        ("/mnt/show/a.ma", LINUX, None),
        ("/home/jane/a.ma", LINUX, "local-file"),
        ("P:/show/a.ma", LINUX, "foreign-path"),
        ("\\\\server\\show\\a.ma", LINUX, "foreign-path"),
        ("P:/show/a.ma", WINDOWS, None),
        ("C:\\Users\\jane\\a.ma", WINDOWS, "local-file"),
        ("//server/show/a.ma", WINDOWS, None),
        ("/mnt/show/a.ma", WINDOWS, "foreign-path"),
        ("textures/a.exr", LINUX, None),
        ("", LINUX, None),
    ],
)
def test_a_path_is_judged_by_the_system_and_its_disk(path, mounts, kind):
    """A relative path is its host's affair."""
    found = judge((path, "scene"), mounts=mounts)

    assert [word for word, _ in found] == ([] if kind is None else [kind])


def test_a_warning_names_the_path_the_node_and_what_to_do():
    """The node is what names the file in the scene."""
    found = judge(("/home/jane/a.exr", "texture", "file1"), ("/mnt/show/b.exr", "texture"), missing=["/mnt/show/b.exr"])

    local = "file1: the texture '/home/jane/a.exr' is on this machine only (ext4 at /)"
    missing = "the texture '/mnt/show/b.exr' is missing on this machine"
    assert found == [
        ("local-file", f"{local}; move it to a share, so that workers find it"),
        ("missing-file", f"{missing}; check the path, or make the file before the jobs begin"),
    ]


def test_an_output_need_not_exist_but_must_be_where_workers_write():
    """A folder that the render makes is no error."""
    found = judge(("/mnt/show/out", "output"), ("/home/out", "output"), missing=["/mnt/show/out", "/home/out"])

    assert [word for word, _ in found] == ["local-file"]


@pytest.mark.parametrize("name", ["a.<UDIM>.exr", "a.####.exr", "a.%04d.exr", "a.$F4.exr", "a.{frame:04d}.exr"])
def test_a_pattern_is_judged_by_its_folder(name):
    """There is no file of that very name."""
    path = f"/mnt/show/tex/{name}"

    found = judge((path, "texture")), judge((path, "texture"), missing=["/mnt/show/tex"])

    assert [[word for word, _ in each] for each in found] == [[], ["missing-file"]]


def test_hundreds_of_textures_stay_readable():
    """Those of a folder are one warning; of many folders, the first ones, and how many more."""
    together = [(f"/mnt/show/tex/{number}.exr", "texture", f"file{number}") for number in range(400)]
    apart = [(f"/mnt/show/{number}/a.exr", "texture", f"file{number}") for number in range(400)]

    found = judge(*together, missing=[path for path, *_ in together])
    of_many = judge(*apart, missing=[path for path, *_ in apart])

    what = "400 files (texture) in '/mnt/show/tex' are missing on this machine"
    assert found == [("missing-file", f"{what}: 0.exr, 1.exr, 2.exr and 397 more; check the paths")]
    assert len(of_many) == 11
    assert "390 more" in of_many[-1][1]


def test_a_file_that_is_named_twice_is_told_once():
    """Many nodes may read one texture."""
    found = judge(("/home/a.exr", "texture", "file1"), ("/home/a.exr", "texture", "file2"))

    assert len(found) == 1
