"""Files that appear whole or not at all."""

from __future__ import annotations

import os

import pytest

from flowpipe_deadline.core.files import is_file, is_there, write_whole


@pytest.fixture
def refusing(monkeypatch):
    """The system refuses to replace a file so many times, as Windows does while somebody reads it."""
    real, refusals = os.replace, [3]

    def replace(source, target):
        if refusals[0]:
            refusals[0] -= 1
            raise PermissionError(13, "Permission denied", str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    return refusals


def test_a_file_that_is_read_on_windows_is_replaced_once_it_is_not(tmp_path, refusing):
    """A result of hours is not lost because somebody looks at the one that it replaces."""
    (tmp_path / "result").write_bytes(b"old")

    write_whole(tmp_path / "result", b"new", is_windows=True)

    assert (tmp_path / "result").read_bytes() == b"new"


def test_elsewhere_it_is_refused_at_once(tmp_path, refusing):
    """There it means that the user may not; nothing is left beside the file."""
    (tmp_path / "result").write_bytes(b"old")

    with pytest.raises(PermissionError):
        write_whole(tmp_path / "result", b"new")

    assert refusing == [2]
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("result", b"old")]


def test_what_is_there_is_told_from_what_is_not(tmp_path):
    """A folder is no file, and a name with a null character is none either."""
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    absent = (tmp_path / "no", tmp_path / "file" / "no", tmp_path / "loop", tmp_path / "null\0")

    assert [is_there(tmp_path), is_file(tmp_path), is_file(tmp_path / "file")] == [True, False, True]
    assert not any(is_there(path) or is_file(path) for path in absent)


@pytest.mark.parametrize("tell", [is_there, is_file])
def test_where_nobody_can_tell_it_is_an_error(tmp_path, tell):
    """In each Python; so a share that is away is not taken for an empty one."""
    with pytest.raises(OSError, match="too long"):
        tell(tmp_path / ("x" * 300))
