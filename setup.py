"""Which packages there are; everything else is in ``setup.cfg``, which cannot say this by a rule."""

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

setup(
    packages=[*find_packages(include=["flowpipe_deadline", "flowpipe_deadline.*"]), *SHIPPED_PACKAGES],
    package_dir=SHIPPED_PACKAGES,
)
