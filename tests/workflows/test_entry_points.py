"""Entry points of packages in every form in which Python finds them."""

from __future__ import annotations

import sys
import zipfile
from importlib import metadata

import pytest

from flowpipe_deadline.workflows.entry_points import find_entry_points

GROUP = "flowpipe_deadline.tests"
POINTS = f"[{GROUP}]\nfirst = package:function\n"
METADATA = "Metadata-Version: 2.1\nName: package\nVersion: 1.0\n"
FOUND = [("first", "package:function", "package")]


def files_in(folder):
    """The metadata of a package by path, with the folder that has it."""
    return {f"{folder}/entry_points.txt": POINTS, f"{folder}/METADATA": METADATA, f"{folder}/PKG-INFO": METADATA}


@pytest.mark.parametrize("folder", ["package-1.0.dist-info", "package.egg-info", "Package-1.0.DIST-INFO"])
def test_a_package_in_a_folder(tmp_path, monkeypatch, folder):
    """As pip and setuptools leave it."""
    (tmp_path / folder).mkdir()
    for path, text in files_in(folder).items():
        (tmp_path / path).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    assert list(find_entry_points(GROUP)) == FOUND


def test_an_unpacked_egg(tmp_path, monkeypatch):
    """Its metadata is a folder without the package's name."""
    egg = tmp_path / "package-1.0-py3.egg"
    (egg / "EGG-INFO").mkdir(parents=True)
    for path, text in files_in("EGG-INFO").items():
        (egg / path).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(egg)

    assert list(find_entry_points(GROUP)) == FOUND


def test_an_archive(tmp_path, monkeypatch):
    """Only ``importlib.metadata`` can look into it."""
    with zipfile.ZipFile(tmp_path / "packages.zip", "w") as archive:
        for path, text in files_in("package-1.0.dist-info").items():
            archive.writestr(path, text)
    monkeypatch.syspath_prepend(tmp_path / "packages.zip")

    assert list(find_entry_points(GROUP)) == FOUND


def test_a_finder_of_its_own(tmp_path, monkeypatch):
    """An application may find packages in its own way."""
    (tmp_path / "package-1.0.dist-info").mkdir()
    for path, text in files_in("package-1.0.dist-info").items():
        (tmp_path / path).write_text(text, encoding="utf-8")

    class Finder(metadata.DistributionFinder):
        """Finds the package in a folder that is not on ``sys.path``."""

        def find_spec(self, *_arguments):
            """No module."""

        def find_distributions(self, *_arguments):
            """The package."""
            return [metadata.PathDistribution(tmp_path / "package-1.0.dist-info")]

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])

    assert list(find_entry_points(GROUP)) == FOUND


def test_no_package(tmp_path, monkeypatch):
    """Folders without packages, and those that do not exist, have none."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "gone")

    assert list(find_entry_points(GROUP)) == []
