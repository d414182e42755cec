#!/usr/bin/env python3
"""Submit > Flowpipe, in the Monitor: opens the submit dialog, a process of its own.

Where no Python for it is configured, this is the bundle box instead: it submits a bundle of flowpipe-deadline, all of
its jobs or none. Submit > Flowpipe Bundle always is. An argument is the folder of a bundle that the box opens with, for
other scripts that call this one by ``ClientUtils.ExecuteScript`` or ``deadlinecommand -ExecuteScript``.

Runs in Deadline's own Python: the standard library and Deadline's modules only, valid from Python 3.7 to 3.10. The work
is done by submission/Flowpipe/Main: FlowpipeSubmission.py submits bundles, flowpipe_client.py opens the dialog.
"""

import os
import re
import traceback
import types

from Deadline.Scripting import ClientUtils, RepositoryUtils
from DeadlineUI.Controls.Scripting.DeadlineScriptDialog import DeadlineScriptDialog

MAIN = "submission/Flowpipe/Main/FlowpipeSubmission.py"
CLIENT = "submission/Flowpipe/Main/flowpipe_client.py"
# Seconds that the Monitor waits at most for the submit dialog, so that it can show why it does not open.
OPENING = 20
SETTINGS = ("BundleBox", "SuspendedBox")
SUMMARY = (
    ("Graph", "Graph", "The flowpipe graph that was planned."),
    ("Contents", "Contents", "A job is a node of the graph; a task is one chunk of its frames."),
    ("Planned", "Planned", "When the bundle was written."),
    ("Submission", "Submission", "Whether these jobs are in Deadline already."),
)
# The names of bundles. A path is typed letter by letter, and looking for each folder may take seconds on a network.
BUNDLE_NAME = re.compile(r"-[0-9]{8}-[0-9]{6}-[0-9a-f]{8}[\\/]?$")
NO_BUNDLE = "Choose the folder of a bundle; it is called like Graph-20261231-235959-1a2b3c4d"
JOB_LINE = re.compile("(.+): [0-9a-f]{24}")

submission = None  # Kept here, or Python would delete the dialog while it is on the screen.


def __main__(*args):
    """Deadline calls this; the argument, if any, is the folder of a bundle."""
    if args:
        open_bundle_box(*args)
        return
    try:
        client = load_script(CLIENT)
        python = client.choose_python(configured_python())
        opening = client.open_dialog("monitor", "", {}, find_python=lambda: python)
        failure = opening.wait_until_open(OPENING)
    except Exception as error:
        open_bundle_box(note=error_text(error))
        return
    if failure is not None:
        open_bundle_box(note="The submit dialog does not open.")
        submission.dialog.ShowMessageBox(failure, "Error")


def open_bundle_box(folder=None, note=""):
    """Opens the bundle box, with the bundle in the folder if there is one; the note says what is not as it should."""
    global submission
    submission = Submission(note)
    if folder is not None:
        submission.choose(folder)
        # Called by another program: stay in front of its windows, and do not end before the dialog does.
        submission.dialog.MakeTopMost()
    submission.dialog.ShowDialog(folder is not None)


def configured_python():
    """The plugin's setting *Dialog Python*; empty if an edited configuration lacks it (plugin API, section 9.1)."""
    return RepositoryUtils.GetPluginConfig("Flowpipe").GetConfigEntryWithDefault("DialogPython", "")


def load_script(name):
    """The script of the repository, loaded anew, as a newer one may have been installed."""
    # A Remote Connection Server only hands out files that are asked for by name.
    path = RepositoryUtils.GetRepositoryFilePath(name, True)
    if not path or not os.path.isfile(path):
        raise NotInstalledError("{} is not in the repository: run flowpipe-deadline install".format(name))
    script = types.ModuleType(os.path.splitext(os.path.basename(path))[0])
    with open(path, "rb") as file:  # Not imported: that would write a compiled copy into the repository.
        exec(compile(file.read(), path, "exec"), script.__dict__)  # noqa: S102
    return script


class Submission:
    """The dialog, and the bundle that is chosen in it."""

    def __init__(self, note=""):
        self.dialog = DeadlineScriptDialog()
        self.main = None
        self.summary = None
        self.error = NO_BUNDLE
        self.build(note)
        path = os.path.join(ClientUtils.GetUsersSettingsDirectory(), "FlowpipeSettings.ini")
        self.dialog.LoadSettings(path, SETTINGS)
        self.dialog.EnabledStickySaving(SETTINGS, path)
        self.look()

    def build(self, note):
        """Adds the controls."""
        dialog = self.dialog
        dialog.SetTitle("Submit Flowpipe Bundle To Deadline")
        dialog.SetIcon(dialog.GetIcon("Flowpipe"))
        if note:
            dialog.AddGrid()
            dialog.AddControlToGrid("NoteLabel", "LabelControl", note, 0, 0)
            dialog.EndGrid()
        dialog.AddGrid()
        dialog.AddControlToGrid("Separator1", "SeparatorControl", "Bundle", 0, 0, colSpan=2)
        tip = "The folder that 'flowpipe-deadline submit --dry-run' has written; all workers must see it."
        dialog.AddControlToGrid("BundleLabel", "LabelControl", "Bundle Folder", 1, 0, tip, False)
        folder = dialog.AddSelectionControlToGrid("BundleBox", "FolderBrowserControl", "", "", 1, 1)
        folder.ValueModified.connect(self.look)
        for row, (name, label, tip) in enumerate(SUMMARY, start=2):
            dialog.AddControlToGrid(name + "Label", "LabelControl", label, row, 0, tip, False)
            dialog.AddControlToGrid(name + "Box", "ReadOnlyTextControl", "", row, 1)
        row = 2 + len(SUMMARY)
        dialog.AddControlToGrid("JobsLabel", "LabelControl", "Jobs", row, 0, "Those that others wait for first.", False)
        dialog.AddControlToGrid("JobsBox", "MultiLineTextControl", "", row, 1).ReadOnly = True
        dialog.AddControlToGrid("Separator2", "SeparatorControl", "Options", row + 1, 0, colSpan=2)
        tip = "If enabled, no job starts before you resume them in the Monitor."
        dialog.AddSelectionControlToGrid(
            "SuspendedBox", "CheckBoxControl", False, "Submit Jobs As Suspended", row + 2, 0, tip, colSpan=2
        )
        dialog.EndGrid()
        dialog.AddGrid()
        dialog.AddRangeControlToGrid("ProgressBox", "ProgressBarControl", 0, 0, 100, 0, 0, 0, 0)
        button = dialog.AddControlToGrid("SubmitButton", "ButtonControl", "Submit", 0, 1, expand=False)
        button.ValueModified.connect(self.submit)
        button = dialog.AddControlToGrid("CloseButton", "ButtonControl", "Close", 0, 2, expand=False)
        button.ValueModified.connect(dialog.closeEvent)
        dialog.EndGrid()

    @property
    def folder(self):
        """The chosen folder, without the quotes that Windows copies with a path."""
        return self.dialog.GetValue("BundleBox").strip().strip('"')

    def choose(self, folder):
        """Chooses a folder and shows what is in it."""
        self.dialog.SetValue("BundleBox", folder)
        self.look()

    def look(self, *_):
        """Shows what is in the chosen folder."""
        self.summary, self.error = None, NO_BUNDLE
        try:
            if BUNDLE_NAME.search(self.folder):
                self.summary = self.load_main().read_summary(self.folder)
        except Exception as error:
            self.error = error_text(error)
        summary = self.summary
        self.dialog.SetValue("GraphBox", summary.graph if summary else "")
        self.dialog.SetValue("ContentsBox", summary.contents if summary else "")
        self.dialog.SetValue("PlannedBox", summary.planned if summary else "")
        self.dialog.SetValue("SubmissionBox", summary.submission if summary else self.error)
        self.dialog.SetValue("JobsBox", "\n".join(summary.jobs) if summary else "")

    def submit(self, *_):
        """Submits the chosen bundle and shows the result."""
        self.look()
        title, text = "Error", self.error
        if self.summary is not None:
            question = "{} is submitted already.\n\nSubmit its plan once more, as a new bundle without results?"
            question = question.format(self.summary.name)
            if self.summary.is_submitted and self.dialog.ShowMessageBox(question, "Warning", ("Yes", "No")) != "Yes":
                return
            self.enable(False)
            try:
                title, text = "Submission Results", self.submit_bundle()
            except Exception as error:
                text = error_text(error)
            self.enable(True)
            self.look()
        self.dialog.ShowMessageBox(text, title)

    def submit_bundle(self):
        """Submits the chosen bundle, or a new one of the same plan; the result in words."""
        job_count = len(self.summary.jobs)
        submitted, notes = [], []

        def say(message):
            job = JOB_LINE.fullmatch(message)
            (submitted if job and job.group(1) in self.summary.labels else notes).append(message)
            self.dialog.SetValue("SubmissionBox", message)
            # Last: while a script runs, only a progress bar makes the screen show changes.
            self.dialog.SetValue("ProgressBox", 100 * len(submitted) // job_count)

        self.dialog.SetValue("ProgressBox", 0)
        if self.summary.is_submitted:
            self.choose(self.load_main().copy_plan(self.folder))
        is_suspended = bool(self.dialog.GetValue("SuspendedBox"))
        jobs = self.load_main().submit(self.folder, say=say, keep_suspended=is_suspended)
        lines = ["Jobs submitted: {}".format(len(jobs)), "Batch: {}".format(self.summary.batch)]
        if is_suspended:
            lines.append("They stay suspended until you resume them.")
        return "\n".join(lines + [""] * bool(notes) + notes)

    def enable(self, is_enabled):
        """Enables or disables the controls."""
        for name in (*SETTINGS, "SubmitButton", "CloseButton"):
            self.dialog.SetEnabled(name, is_enabled)

    def load_main(self):
        """The script that does the work, loaded once by each dialog."""
        if self.main is None:
            self.main = load_script(MAIN)
        return self.main


class NotInstalledError(Exception):
    """Something of flowpipe-deadline is not in the repository."""

    exit_code = 1


def error_text(error):
    """The error for people; if it is not one of flowpipe-deadline, its traceback goes to the console."""
    if hasattr(error, "exit_code"):
        return str(error)
    traceback.print_exc()
    return "{}: {}".format(type(error).__name__, getattr(error, "Message", None) or error)
