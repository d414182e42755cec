#!/usr/bin/env python3
"""Submit > Flowpipe, in the Monitor: hands a bundle of flowpipe-deadline over to Deadline, all of its jobs or none.

With an argument, the folder of a bundle, that is filled in: for other scripts, which call this one by
``ClientUtils.ExecuteScript`` or ``deadlinecommand -ExecuteScript``.

Runs in Deadline's own Python: the standard library and Deadline's modules only, valid from Python 3.7 to 3.10. This is
the dialog alone; what it does is in submission/Flowpipe/Main/FlowpipeSubmission.py.
"""

import os
import re
import traceback
import types

from Deadline.Scripting import ClientUtils, RepositoryUtils
from DeadlineUI.Controls.Scripting.DeadlineScriptDialog import DeadlineScriptDialog

MAIN = "submission/Flowpipe/Main/FlowpipeSubmission.py"
SETTINGS = ("BundleBox", "SuspendedBox")
SUMMARY = (
    ("Graph", "Graph", "The flowpipe graph that was planned."),
    ("Contents", "Contents", "A job is a node of the graph; a task is one chunk of its frames."),
    ("Planned", "Planned", "When the bundle was written."),
    ("Submission", "Submission", "Whether these jobs are in Deadline already."),
)
# Bundles are called so. A path is typed letter by letter, and to look for each may take seconds on a network.
BUNDLE_NAME = re.compile(r"-[0-9]{8}-[0-9]{6}-[0-9a-f]{8}[\\/]?$")
NO_BUNDLE = "Choose the folder of a bundle; it is called like Graph-20261231-235959-1a2b3c4d"
JOB_LINE = re.compile(r"\S+: [0-9a-f]{24}")

submission = None  # Kept here, or Python would take the dialog away while it is on the screen.


def __main__(*args):
    """Deadline calls this; the argument, if any, is the folder of a bundle."""
    global submission
    submission = Submission()
    if args:
        submission.choose(args[0])
        # Another program asks: stay in front of its windows, and do not end before the dialog does.
        submission.dialog.MakeTopMost()
    submission.dialog.ShowDialog(bool(args))


class Submission:
    """The dialog, and the bundle that is chosen in it."""

    def __init__(self):
        self.dialog = DeadlineScriptDialog()
        self.main = None
        self.summary = None
        self.problem = NO_BUNDLE
        self.build()
        path = os.path.join(ClientUtils.GetUsersSettingsDirectory(), "FlowpipeSettings.ini")
        self.dialog.LoadSettings(path, SETTINGS)
        self.dialog.EnabledStickySaving(SETTINGS, path)
        self.look()

    def build(self):
        """Adds the controls."""
        dialog = self.dialog
        dialog.SetTitle("Submit Flowpipe Bundle To Deadline")
        dialog.SetIcon(dialog.GetIcon("Flowpipe"))
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
        """Chooses a folder and shows what it holds."""
        self.dialog.SetValue("BundleBox", folder)
        self.look()

    def look(self, *_):
        """Shows what the chosen folder holds."""
        self.summary, self.problem = None, NO_BUNDLE
        try:
            if BUNDLE_NAME.search(self.folder):
                self.summary = self.load_main().read_summary(self.folder)
        except Exception as error:
            self.problem = told(error)
        summary = self.summary
        self.dialog.SetValue("GraphBox", summary.graph if summary else "")
        self.dialog.SetValue("ContentsBox", summary.contents if summary else "")
        self.dialog.SetValue("PlannedBox", summary.planned if summary else "")
        self.dialog.SetValue("SubmissionBox", summary.submission if summary else self.problem)
        self.dialog.SetValue("JobsBox", "\n".join(summary.jobs) if summary else "")

    def submit(self, *_):
        """Submits the chosen bundle and says how that went."""
        self.look()
        title, text = "Error", self.problem
        if self.summary is not None:
            if self.summary.is_submitted and not self.is_wanted_again():
                return
            self.enable(False)
            try:
                title, text = "Submission Results", self.hand_over()
            except Exception as error:
                text = told(error)
            self.enable(True)
            self.look()
        self.dialog.ShowMessageBox(text, title)

    def hand_over(self):
        """Submits the chosen bundle, or a new one of the same plan; the result in words."""
        progress = Progress(self.dialog, job_count=len(self.summary.jobs))
        if self.summary.is_submitted:
            self.choose(self.load_main().copy_plan(self.folder))
        is_suspended = bool(self.dialog.GetValue("SuspendedBox"))
        jobs = self.load_main().submit(self.folder, say=progress.say, keep_suspended=is_suspended)
        batch = os.path.basename(self.folder.rstrip("\\/"))
        lines = ["Jobs submitted: {}".format(len(jobs)), "Batch: {}".format(batch)]
        if is_suspended:
            lines.append("They stay suspended until you resume them.")
        return "\n".join(lines + [""] * bool(progress.notes) + progress.notes)

    def is_wanted_again(self):
        """Whether a bundle that is submitted is to be submitted once more."""
        question = "{} is submitted already.\n\nSubmit its plan once more, as a new bundle without results?"
        return self.dialog.ShowMessageBox(question.format(self.summary.name), "Warning", ("Yes", "No")) == "Yes"

    def enable(self, is_enabled):
        """Lets the controls be used, or not."""
        for name in (*SETTINGS, "SubmitButton", "CloseButton"):
            self.dialog.SetEnabled(name, is_enabled)

    def load_main(self):
        """The script that does the work, loaded for each dialog, as a newer one may have been installed."""
        if self.main is None:
            # Asked for by name: a Remote Connection Server hands out only files that are.
            path = RepositoryUtils.GetRepositoryFilePath(MAIN, True)
            if not path or not os.path.isfile(path):
                raise NotInstalledError("{} is not in the repository: run flowpipe-deadline install".format(MAIN))
            main = types.ModuleType("flowpipe_submission")
            with open(path, "rb") as file:  # Not imported: that would write a compiled copy into the repository.
                exec(compile(file.read(), path, "exec"), main.__dict__)  # noqa: S102
            self.main = main
        return self.main


class Progress:
    """Shows how far a submission is, and keeps what else there is to say."""

    def __init__(self, dialog, job_count):
        self.dialog = dialog
        self.job_count = job_count
        self.submitted = 0
        self.notes = []
        dialog.SetValue("ProgressBox", 0)

    def say(self, message):
        """One more job with its ID, or something else."""
        if JOB_LINE.fullmatch(message):
            self.submitted += 1
        else:
            self.notes.append(message)
        self.dialog.SetValue("SubmissionBox", message)
        # Last: while a script is at work, a progress bar alone makes the screen show what has changed.
        self.dialog.SetValue("ProgressBox", 100 * self.submitted // self.job_count)


class NotInstalledError(Exception):
    """Something of flowpipe-deadline is not in the repository."""

    exit_code = 1


def told(error):
    """What went wrong, for a person. The errors of flowpipe-deadline say it; of others, the console has more."""
    if hasattr(error, "exit_code"):
        return str(error)
    traceback.print_exc()
    return "{}: {}".format(type(error).__name__, getattr(error, "Message", None) or error)
