"""The check of rendered files: all are there, or one error says which are not."""

from __future__ import annotations

import os
import pickle
import threading

import pytest
from flowpipe import Graph

from flowpipe_deadline.workflows.check_frames import BadFramesError, CheckFrames


def check(files, **inputs):
    """What the node gives for these files."""
    node = CheckFrames(graph=Graph(), files=files, **{"wait": 0, **inputs})
    node.evaluate()
    return node.outputs["frames"].value


@pytest.fixture
def images(tmp_path):
    """Ten images of ten bytes."""
    paths = [tmp_path / f"shot.{frame:04d}.exr" for frame in range(1, 11)]
    for path in paths:
        path.write_bytes(b"0123456789")
    return paths


def test_good_files_are_handed_on(images):
    """As they were given: paths as paths, texts as texts."""
    mixed = [*images, str(images[0])]

    assert check(mixed) == mixed


def test_the_error_names_files_and_frames(images):
    """Missing and empty ones apart, frames as Deadline writes them."""
    for image in images[2:7]:
        image.unlink()
    images[9].write_bytes(b"")

    with pytest.raises(BadFramesError) as caught:
        check(images)

    folder = images[0].parent
    assert str(caught.value) == (
        f"Of 10 rendered files, 5 are missing (frames 3-7): {folder}/shot.0003.exr, {folder}/shot.0004.exr,"
        f" {folder}/shot.0005.exr and 2 more; 1 is empty (frame 10): {folder}/shot.0010.exr. Render these frames"
        " again."
    )
    assert caught.value.files == tuple(map(str, [*images[2:7], images[9]]))
    assert caught.value.exit_code == 1


def test_what_is_too_small_is_a_choice(images):
    """Half a file is rarely empty."""
    with pytest.raises(BadFramesError, match=r"10 are smaller than 11 bytes \(frames 1-10\)"):
        check(images, minimum_size=11)

    assert check(images, minimum_size=10) == images


@pytest.mark.parametrize(
    ("name", "frames"),
    [
        ("f_-0007.png", " (frame -7)"),
        ("-0007.png", " (frame -7)"),
        ("shot-0007.png", " (frame 7)"),
        ("v2_0007_L.png", " (frame 7)"),
        ("0007.v1.0008.png", " (frame 8)"),
        ("still.png", ""),
        (r"P:\show2\a.0007.png", " (frame 7)"),
    ],
)
def test_the_frame_is_the_last_number_of_the_name(tmp_path, name, frames):
    """Below zero only where a sign stands alone; a path of another system counts as its name."""
    with pytest.raises(BadFramesError) as caught:
        check([tmp_path / name])

    assert f"1 is missing{frames}: " in str(caught.value)


def test_nothing_to_check_is_an_error():
    """A job that has rendered nothing has not done its work."""
    with pytest.raises(BadFramesError, match="There is no file to check: nothing was rendered"):
        check([])


@pytest.mark.parametrize("wrong", ["folder", "a\0b", 1, None])
def test_what_is_no_file_is_missing(tmp_path, wrong):
    """A folder has a size, and a number would be that of an open file."""
    (tmp_path / "folder").mkdir()

    with pytest.raises(BadFramesError, match="1 is missing"):
        check([tmp_path / wrong if wrong == "folder" else wrong])


def test_a_file_that_is_seen_late_is_waited_for(images):
    """Network file systems show files of another machine after a while."""
    late = images[3]
    os.rename(late, late.with_suffix(".tmp"))
    timer = threading.Timer(0.3, os.rename, (late.with_suffix(".tmp"), late))
    timer.start()

    assert check(images, wait=30) == images
    timer.join()


def test_a_share_that_is_slower_than_the_wait_is_looked_at_twice(images, monkeypatch):
    """The first look at thousands of files may take minutes; what was good is not looked at again."""
    looks = []
    late = images[3]
    os.rename(late, late.with_suffix(".tmp"))

    def slowly(file, **options):
        if str(file).endswith(".exr"):
            looks.append(file)
            if len(looks) == len(images):
                os.rename(late.with_suffix(".tmp"), late)
        return real(file, **options)

    real = os.stat
    monkeypatch.setattr("os.stat", slowly)

    assert check(images, wait=0) == images
    assert looks == [*map(str, images), str(late)]


def test_the_error_can_be_kept(images):
    """With a failure, a bundle keeps the error for the one who reads it."""
    with pytest.raises(BadFramesError) as caught:
        check([images[0].with_name("gone.0001.exr")])

    assert "gone.0001.exr" in str(pickle.loads(pickle.dumps(caught.value)))
