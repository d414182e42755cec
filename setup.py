"""Which packages there are, and the README for a package index: what ``setup.cfg`` cannot say by a rule."""

import re
import sys
from pathlib import Path

from setuptools import find_packages, setup

# What is meant for Deadline stands at the top of the checkout, where a TD looks for it, and inside the package once
# installed.
SHIPPED = (
    "plugins/Flowpipe",
    "submission/Flowpipe/Client",
    "submission/Flowpipe/Main",
    "custom_scripts/Jobs",
    "custom_scripts/Submission",
)
SHIPPED_PACKAGES = {f"flowpipe_deadline.{folder.replace('/', '.')}": folder for folder in SHIPPED}

# On a package index there is nothing beside the README: pictures and links into the checkout are left out.
README = Path(__file__).with_name("README.md").read_text(encoding="utf-8")
PICTURE = re.compile(r"!\[[^\]]*\]\((?!https?:)[^)]*\)\n*")
LINK = re.compile(r"\[([^\]]*)\]\((?!https?:)[^)]*\)")
WHERE = "\nThe pages that are named here are in the folder `docs` of the source distribution.\n"

# A checkout is imported by its path: each start of Python would pay for a hook, and editors do not follow one.
FOLDERS = {"": "."} if "editable_wheel" in sys.argv else SHIPPED_PACKAGES

setup(
    long_description=LINK.sub(r"\1", PICTURE.sub("", README)) + WHERE,
    packages=[*find_packages(include=["flowpipe_deadline", "flowpipe_deadline.*"]), *filter(None, FOLDERS)],
    package_dir=FOLDERS,
)
