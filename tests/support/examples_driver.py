"""Runs command lines one after the other, each in a child of this process, which has imported what most need."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback

import click
import flowpipe
import jinja2
import rich.console
import rich.table

from flowpipe_deadline.cli.main import main

PRELOADED = (click, flowpipe, jinja2, rich.console, rich.table)


def run(arguments):
    """Exit code, output and errors of one command line."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        child = os.fork()
        if not child:
            code = 70
            try:
                os.dup2(out.fileno(), 1)
                os.dup2(errors.fileno(), 2)
                main(arguments)
            except SystemExit as error:
                code = error.code or 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        _, status = os.waitpid(child, 0)
        texts = []
        for file in (out, errors):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    return [os.waitstatus_to_exitcode(status), *texts]


if __name__ == "__main__":
    print(json.dumps([run(arguments) for arguments in json.loads(sys.argv[1])]))
