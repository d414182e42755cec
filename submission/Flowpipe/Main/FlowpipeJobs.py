#!/usr/bin/env python3
"""What the scripts Flowpipe … in the Monitor's menu of jobs do, for the jobs that are selected there.

Each of them, in scripts/Jobs, loads this one, calls the function of its name, and keeps what that returns.

Runs in Deadline's own Python: the standard library and Deadline's modules only, valid from Python 3.7 to 3.10. The work
is done by flowpipe_deadline, from the packages beside the plugin.
"""

import collections
import importlib.util
import os
import subprocess
import sys
import traceback
import types

from Deadline.Scripting import MonitorUtils, RepositoryUtils
from DeadlineUI.Controls.Scripting.DeadlineScriptDialog import DeadlineScriptDialog

FOLDER = "submission/Flowpipe/Main"
PLUGIN = "Flowpipe"
MOST_OPENED = 5  # Windows at once, of a graph or a folder.
LONGEST_TEXT = 500000  # Characters that a box shows: Qt takes long for more.
OPENING = 10.0  # Seconds in which a program that is started may say that it cannot.
STARTING = 3.0  # The same for a file manager.
HISTORY = "flowpipe_deadline.results.history"
OUTPUTS = "flowpipe_deadline.results.outputs"
NO_JOB = "No job is selected. Select jobs of flowpipe-deadline in the list of jobs, and choose this again."


class JobsError(Exception):
    """What was chosen cannot be done with what is selected; the text is for people."""

    exit_code = 2


# The selected jobs of one bundle, by node key.
Chosen = collections.namedtuple("Chosen", "bundle, jobs")


def why():
    """Why the selected jobs wait, failed, or have no results."""
    return opened("Why", open_why)


def logs():
    """What the selected task printed."""
    return opened("Logs", open_logs)


def results():
    """What the selected jobs gave, and every evaluation."""
    return opened(
        "Results", lambda main, chosen, notes: TextDialog("Results", notes, lambda _: results_text(main, chosen))
    )


def graph():
    """The page with the graphs of the selected jobs, in the browser."""
    return opened("Graph", open_graphs, needs_results=False)


def open_bundle_folder():
    """The folders of the selected jobs' bundles, in the system's file manager."""
    return opened("Open Bundle Folder", open_folders, needs_results=False)


def clean_up():
    """Removes the bundles of the selected jobs, after a question."""
    return opened("Clean Up", CleaningDialog)


def redo():
    """Parts of the selected jobs' bundle again."""
    return opened("Redo", lambda *given: load("FlowpipeRedo").open_redo(types.SimpleNamespace(**globals()), *given))


def opened(title, open_dialog, needs_results=True):
    """What is to be kept of what opens for the selection; what is wrong is shown in a dialog."""
    try:
        main = load("FlowpipeSubmission")
        chosen, notes = read_selection(main)
        if needs_results:
            refuse_redis(chosen)
        dialog = open_dialog(main, chosen, notes)
    except Exception as error:
        # Not a message box: one of a dialog that was never shown may not appear (plugin API, section 5.7).
        dialog = TextDialog(title, [error_text(error)])
    if dialog is not None:
        dialog.show()
    return dialog


def load(name):
    """The script of that name in this one's folder, loaded anew, as a newer one may have been installed."""
    # A Remote Connection Server only hands out files that are asked for by name.
    file = "{}/{}.py".format(FOLDER, name)
    path = RepositoryUtils.GetRepositoryFilePath(file, True)
    if not path or not os.path.isfile(path):
        raise JobsError("{} is not in the repository: run flowpipe-deadline install".format(file))
    script = types.ModuleType(name)
    with open(path, "rb") as stream:  # Not imported: that would write a compiled copy into the repository.
        exec(compile(stream.read(), path, "exec"), script.__dict__)  # noqa: S102
    return script


def read_selection(main):
    """The selected jobs by bundle, and what is to be said of those that are left alone.

    Raises:
        JobsError: There is none of ours whose bundle can be read.
    """
    jobs = list(MonitorUtils.GetSelectedJobs())
    if not jobs:
        raise JobsError(NO_JOB)
    found, strangers = collections.OrderedDict(), []
    for job in jobs:
        # Empty or None where there is none (plugin API, section 9.8).
        told = job.JobPlugin == PLUGIN and job.GetJobPluginInfoKeyValue("Bundle")
        if told and job.GetJobPluginInfoKeyValue("Node"):
            found.setdefault(str(told), []).append(job)
        else:
            strangers.append(str(job.JobName))
    chosen, notes = collections.OrderedDict(), []
    for told, own in found.items():
        try:
            bundle = read_bundle(main, told, own)
        except Exception as error:
            notes.append(error_text(error))
            continue
        by_node = chosen.setdefault(str(bundle.folder), Chosen(bundle, collections.OrderedDict())).jobs
        for job in own:
            by_node.setdefault(str(job.GetJobPluginInfoKeyValue("Node")), []).append(job)
    if strangers:
        notes.append("Not jobs of flowpipe-deadline, and left alone: {}".format(listing(strangers)))
    if not chosen:
        raise JobsError("\n".join(notes))
    return list(chosen.values()), notes


def read_bundle(main, told, jobs):
    """The bundle that these jobs name, on this machine."""
    folder = main.client().map_path(told)
    if not os.path.isfile(os.path.join(folder, "manifest.json")):
        raise JobsError(
            "The bundle of {} is not here: {}{}. It was deleted, or this machine does not see it: mount the share that"
            " holds it, or add a mapped path in Tools > Configure Repository Options.".format(
                listing([str(job.JobName) for job in jobs]), folder, "" if folder == told else ", in the job " + told
            )
        )
    bundle = main.installed("flowpipe_deadline.core.bundle").read_bundle(folder)
    known = {node.key for node in bundle.jobs}
    for job in jobs:
        if str(job.GetJobPluginInfoKeyValue("Node")) not in known:
            raise JobsError(
                "{} is of the node {}, which {} does not have: was its plugin info edited?".format(
                    job.JobName, job.GetJobPluginInfoKeyValue("Node"), folder
                )
            )
    return bundle


def refuse_redis(chosen):
    """Makes sure that the results of these bundles can be read."""
    for bundle, _ in chosen:
        if bundle.store != "files" and importlib.util.find_spec("redis") is None:
            raise JobsError(
                "The results of {} are in Redis, for which Deadline's own Python lacks a package. Do this in a"
                " terminal, with flowpipe-deadline.".format(bundle.name)
            )


def listing(names):
    """The names with commas between them, and how many more there are."""
    return ", ".join(names[:3]) + (" and {} more".format(len(names) - 3) if len(names) > 3 else "")


def error_text(error):
    """The error for people; if it is not one of flowpipe-deadline, its traceback goes to the console."""
    if hasattr(error, "exit_code"):
        return str(error)
    traceback.print_exc()
    return "{}: {}".format(type(error).__name__, getattr(error, "Message", None) or error)


class TextDialog:
    """A dialog with notes, and perhaps a text that is read again when the user wants."""

    def __init__(self, title, notes, read=None):
        self.dialog = DeadlineScriptDialog()
        self.read = read
        self.dialog.SetTitle("Flowpipe {}".format(title))
        self.dialog.SetIcon(self.dialog.GetIcon(PLUGIN))
        if notes:
            self.dialog.AddGrid()
            for row, note in enumerate(notes):
                self.dialog.AddControlToGrid("NoteLabel{}".format(row), "LabelControl", note, row, 0)
            self.dialog.EndGrid()
        self.add_fields()
        if read is not None:
            self.dialog.AllowResizingDialog(True)
            self.dialog.SetSize(900, 600)
            self.dialog.AddGrid()
            self.dialog.AddControlToGrid("TextBox", "MultiLineTextControl", "", 0, 0).ReadOnly = True
            self.dialog.EndGrid()
        self.add_status()
        self.dialog.AddGrid()
        self.dialog.AddHorizontalSpacerToGrid("Spacer", 0, 0)
        buttons = [*self.buttons(), ("Close", self.dialog.closeEvent)]
        for column, (label, slot) in enumerate(buttons, start=1):
            name = label.replace(" ", "") + "Button"
            button = self.dialog.AddControlToGrid(name, "ButtonControl", label, 0, column, expand=False)
            button.ValueModified.connect(slot)
        self.dialog.EndGrid()

    def add_fields(self):
        """Adds what is between the notes and the text."""

    def add_status(self):
        """Adds what is below the text."""

    def buttons(self):
        """The buttons before *Close*: labels, and what they call."""
        return [] if self.read is None else [("Refresh", self.refresh)]

    def show(self):
        """Opens the dialog."""
        self.dialog.ShowDialog(False)
        if self.read is not None:
            self.refresh()

    def refresh(self, *_):
        """Reads the text anew."""
        try:
            text = self.read(self)
        except Exception as error:
            text = error_text(error)
        if len(text) > LONGEST_TEXT:
            text = "… the beginning is left out\n" + text[-LONGEST_TEXT:]
        self.dialog.SetValue("TextBox", text)

    def ask(self, text, title):
        """Whether the user says yes."""
        return self.dialog.ShowMessageBox(text, title, ("Yes", "No")) == "Yes"


def open_why(main, chosen, notes):
    """The dialog with the reasons."""
    for bundle, jobs in chosen:
        record = main.installed("flowpipe_deadline.submit.record").read_submission(bundle.folder)
        notes += replaced_jobs(jobs, {} if record is None else record.jobs)
    return TextDialog("Why", notes, lambda _: why_text(main, chosen))


def replaced_jobs(jobs, on_record):
    """Notes on jobs that are not those on record, by node."""
    for key, own in jobs.items():
        others = [str(job.JobName) for job in own if str(job.JobId).lower() != on_record.get(key)]
        if others:
            yield "Resubmitted, or replaced by a newer job: {}. This is about the job of {} on record.".format(
                listing(others), key
            )


def why_text(main, chosen):
    """Why the jobs are as they are, a paragraph for each bundle."""
    module = main.installed("flowpipe_deadline.status.why")
    labels = main.installed("flowpipe_deadline.core.bundle").node_labels
    lines = []
    for bundle, jobs in chosen:
        lines += ["", str(bundle.folder)] if len(chosen) > 1 else []
        # Asking for each of many would read everything as often.
        reasons = module.why(bundle, main.client(), node=next(iter(jobs)) if len(jobs) == 1 else None)
        wanted = [reason for reason in reasons if len(jobs) == 1 or not reason.key or reason.key in jobs]
        lines += module.why_lines(wanted, labels(bundle))
    return "\n".join(lines).strip() or "Nothing keeps these jobs: they are complete, or at work."


def open_logs(main, chosen, notes):
    """The dialog with what a task of the one selected job printed."""
    bundle, key, job = only_job(chosen)
    tasks = selected_tasks(job)
    if len(tasks) > 1:
        notes.append("Of the selected tasks, this is the first.")
    number = str(tasks[0].TaskFrameList[0]) if tasks and bundle.job(key).is_batched else ""
    frame = bundle.job(key).real_frames(number) or number  # Of items, the frame that it stands for.
    return LogDialog(notes, main, (bundle, key, str(job.JobId).lower()), frame)


def only_job(chosen):
    """Bundle, node key and job of the only one that is selected."""
    found = [(bundle, key, job) for bundle, jobs in chosen for key, own in jobs.items() for job in own]
    if len(found) > 1:
        raise JobsError("{} jobs of flowpipe-deadline are selected; this is for one of them.".format(len(found)))
    return found[0]


def selected_tasks(job):
    """The tasks of the job that are selected; the list of tasks may still show those of another."""
    own = {(str(task.TaskId), str(task.TaskFrameString)) for task in RepositoryUtils.GetJobTasks(job, True)}
    return [task for task in MonitorUtils.GetSelectedTasks() if (str(task.TaskId), str(task.TaskFrameString)) in own]


class LogDialog(TextDialog):
    """What a task printed, with a field for its frame."""

    def __init__(self, notes, main, job, first):
        (self.bundle, self.key, self.job_id), self.first = job, first
        self.main = main
        self.is_batched = self.bundle.job(self.key).is_batched
        super().__init__("Logs", notes, lambda _: self.log())

    def log(self):
        """What the task printed so far."""
        read_log = self.main.installed("flowpipe_deadline.status.logs").read_log
        frame = self.dialog.GetValue("FrameBox").strip() if self.is_batched else ""
        return "".join(read_log(self.bundle, self.key, frame or None, self.main.client(), job_id=self.job_id))

    def add_fields(self):
        """The field for the frame."""
        if self.is_batched:
            tip = "A frame of the task whose log is shown; Refresh reads it."
            self.dialog.AddGrid()
            self.dialog.AddControlToGrid("FrameLabel", "LabelControl", "Frame", 0, 0, tip, False)
            self.dialog.AddControlToGrid("FrameBox", "TextControl", self.first, 0, 1, tip)
            self.dialog.EndGrid()


def results_text(main, chosen):
    """The results of the jobs and their evaluations."""
    history, outputs = (main.installed(name) for name in (HISTORY, OUTPUTS))
    lines = []
    for bundle, jobs in chosen:
        lines += ["", str(bundle.folder)] if len(chosen) > 1 else []
        node = next(iter(jobs)) if len(jobs) == 1 else None
        read = outputs.read_results(bundle, node=node)
        wanted = {label: found for label, found in read.items() if found.key in jobs}
        lines += history.history_lines(wanted, history.read_history(bundle, node=node))
    return "\n".join(lines).strip()


def open_graphs(_, chosen, notes):
    """Starts the Python for dialogs with the command that draws a graph, for each bundle."""
    client = load("flowpipe_client")
    at_most(chosen)
    python = client.choose_python(configured_python())
    for bundle, _ in chosen:
        arguments = ["graph", str(bundle.folder), "--format", "html", "-f", "--open"]
        client.run_command("The picture of the graph", python, arguments, OPENING)
    return TextDialog("Graph", notes) if notes else None


def configured_python():
    """The plugin's setting *Dialog Python*; empty if an edited configuration lacks it (plugin API, section 9.1)."""
    return RepositoryUtils.GetPluginConfig(PLUGIN).GetConfigEntryWithDefault("DialogPython", "")


def open_folders(_, chosen, notes):
    """Opens the folder of each bundle."""
    client = load("flowpipe_client")
    at_most(chosen)
    for bundle, _ in chosen:
        open_folder(client, str(bundle.folder))
    return TextDialog("Open Bundle Folder", notes) if notes else None


def open_folder(client, folder):
    """Shows the folder in the system's file manager."""
    if sys.platform == "win32":
        os.startfile(folder)  # noqa: S606 (the folder, by the program that Windows has for it)
        return
    program = "open" if sys.platform == "darwin" else "xdg-open"
    try:
        # Without the Monitor's own libraries, which a file manager would load.
        process = subprocess.Popen([program, folder], env=client.dialog_environment(), start_new_session=True)
        code = process.wait(STARTING)
    except subprocess.TimeoutExpired:
        return  # It shows the folder itself.
    except OSError as error:
        raise JobsError("{} cannot be opened: {}: {}".format(folder, program, error.strerror or error)) from error
    if code != 0:
        raise JobsError("{} cannot be opened: {} ended with exit code {}".format(folder, program, code))


def at_most(chosen):
    """Makes sure that not too many windows open."""
    if len(chosen) > MOST_OPENED:
        raise JobsError("Jobs of {} bundles are selected; select jobs of at most {}.".format(len(chosen), MOST_OPENED))


class CleaningDialog(TextDialog):
    """What would be removed, and what is refused; and a button that does it."""

    def __init__(self, main, chosen, notes):
        self.main, self.bundles = main, [bundle for bundle, _ in chosen]
        self.plan = None
        super().__init__("Clean Up", notes, lambda _: self.look())

    def buttons(self):
        """Also *Clean Up*."""
        return [("Clean Up", self.clean), *super().buttons()]

    def look(self):
        """What would be removed, in words."""
        module = self.main.installed("flowpipe_deadline.status.clean")
        root = self.bundles[0].folder.parent
        self.plan = module.plan_cleaning(root, self.main.client, bundles=self.bundles)
        lines = ["Would be deleted, with all results:" if self.plan.removed else "Nothing of this can be deleted."]
        return "\n".join(lines + cleaning_lines(self.main, self.plan))

    def clean(self, *_):
        """Removes it, after a question."""
        try:
            text = self.look()
            if self.plan.removed:
                count = len(self.plan.removed)
                what = "{} with all results".format("this bundle" if count == 1 else "these {} bundles".format(count))
                if not self.ask(
                    "Delete {}?\n\n{}".format(what, "\n".join(cleaning_lines(self.main, self.plan))), "Clean Up"
                ):
                    return
                done = self.main.installed("flowpipe_deadline.status.clean").clean(self.plan, self.main.client)
                lines = ["Deleted:" if done.removed else "Nothing was deleted."]
                text = "\n".join([*lines, *cleaning_lines(self.main, done), *done.notices])
            title = "Clean Up"
        except Exception as error:
            title, text = "Error", error_text(error)
        self.refresh()
        self.dialog.ShowMessageBox(text, title)


def cleaning_lines(main, cleaning):
    """A line for each bundle that goes, and for each that stays, with the reason."""
    size_text = main.installed("flowpipe_deadline.core.text").size_text
    lines = ["  {}: {}, {} files".format(one.name, size_text(one.size), one.files) for one in cleaning.removed]
    return lines + ["  {} stays: {}".format(one.folder.name, one.reason) for one in cleaning.refused]
