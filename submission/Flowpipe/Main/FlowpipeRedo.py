#!/usr/bin/env python3
"""The dialog of Flowpipe Redo, in the Monitor's menu of jobs: what runs again, seen before it does.

Runs in Deadline's own Python: the standard library and Deadline's modules only, valid from Python 3.7 to 3.10.
FlowpipeJobs.py loads it; the work is done by flowpipe_deadline, from the packages beside the plugin.
"""

import collections

MODULE = "flowpipe_deadline.redo.in_monitor"
OPTIONS = "flowpipe_deadline.redo.options"
EDITS = "flowpipe_deadline.results.edits"
# What can be asked for: whether of the selected nodes, which tasks, and whether only these.
WAYS = collections.OrderedDict(
    [
        ("These nodes, and all that is made from them", (True, "all", False)),
        ("These nodes alone", (True, "all", True)),
        ("What failed in the submission", (False, "failed", False)),
        ("What is stale in the submission", (False, "stale", False)),
    ]
)
WAITING = collections.OrderedDict(
    [("Wait for the new jobs", "repoint"), ("Are deleted", "delete"), ("Stay as they are", "leave")]
)
MOST_INPUTS = 100
FIELDS = ("WhatBox", "FramesBox", "NewJobsBox", "WaitingBox", "RedoButton", "RefreshButton", "CloseButton")


def open_redo(shared, main, chosen, notes):
    """The dialog for the selected jobs of one bundle; ``shared`` are the names of FlowpipeJobs.py."""
    if len(chosen) > 1:
        names = shared.listing([bundle.name for bundle, _ in chosen])
        raise shared.JobsError("Jobs of {} bundles are selected, {}: redo them one by one.".format(len(chosen), names))

    class RedoDialog(RedoParts, shared.TextDialog):
        """As TextDialog, whose text is what would run again."""

    return RedoDialog(shared, main, chosen[0], notes)


class RedoParts:
    """What RedoDialog adds to TextDialog."""

    def __init__(self, shared, main, chosen, notes):
        self.shared, self.main, self.bundle = shared, main, chosen.bundle
        self.module = main.installed(MODULE)
        self.redo = self.module.FarmRedo(chosen.bundle, main.client())
        self.keys = tuple(chosen.jobs)
        self.inputs = self.module.editable_inputs(self.bundle, self.keys[0]) if len(self.keys) == 1 else {}
        self.frames = selected_frames(shared, chosen)
        notes += shared.replaced_jobs(chosen.jobs, self.redo.job_ids)
        super().__init__("Redo", notes, lambda _: self.preview())

    def add_fields(self):
        """The choices, and the inputs that can be changed, on a page of their own."""
        dialog = self.dialog
        dialog.AddTabControl("Tabs", 0, 0)
        dialog.AddTabPage("What")
        dialog.AddGrid()
        self.add_label("Submission", 0, "The bundle of the selected jobs.")
        dialog.AddControlToGrid("SubmissionBox", "ReadOnlyTextControl", self.bundle.name, 0, 1)
        labels = self.main.installed("flowpipe_deadline.core.bundle").node_labels(self.bundle)
        self.add_label("Nodes", 1, "Those of the selected jobs.")
        dialog.AddControlToGrid("NodesBox", "ReadOnlyTextControl", ", ".join(labels[key] for key in self.keys), 1, 1)
        tip = "What is made from a task runs again: frame by frame where nodes are connected so, else all of a node."
        self.add_label("What", 2, tip)
        ways = list(WAYS)
        self.watch(dialog.AddComboControlToGrid("WhatBox", "ComboControl", ways[0], ways, 2, 1, tip))
        tip = "Frames of these nodes, such as 1-10,15; empty for all of them."
        self.add_label("Frames", 3, tip)
        self.watch(dialog.AddControlToGrid("FramesBox", "TextControl", self.frames, 3, 1, tip))
        tip = "If enabled, new jobs come for what runs again; else its tasks are requeued in their jobs."
        dialog.AddSelectionControlToGrid("NewJobsBox", "CheckBoxControl", False, "As New Jobs", 4, 1, tip)
        tip = "With new jobs: what becomes of jobs that wait for those which are replaced."
        self.add_label("Waiting Jobs", 5, tip)
        waiting = list(WAITING)
        dialog.AddComboControlToGrid("WaitingBox", "ComboControl", waiting[0], waiting, 5, 1, tip)
        dialog.EndGrid()
        dialog.EndTabPage()
        dialog.AddTabPage("Inputs", True)
        self.add_inputs()
        dialog.EndTabPage()
        dialog.EndTabControl()

    def add_inputs(self):
        """A line for each input of the node that nothing feeds."""
        self.dialog.AddGrid()
        note = "Inputs of the node that nothing feeds. A new value is kept beside the plan, with who set it and when."
        if len(self.keys) > 1:
            note = "Select one job to change inputs of its node."
        elif not self.inputs:
            note = "The node has no input that could be changed here."
        self.dialog.AddControlToGrid("InputsLabel", "LabelControl", note, 0, 0, colSpan=2)
        for row, name in enumerate(list(self.inputs)[:MOST_INPUTS], start=1):
            self.dialog.AddControlToGrid("Input{}Label".format(row), "LabelControl", name, row, 0, "", False)
            text = self.inputs[name]
            self.watch(self.dialog.AddControlToGrid("Input{}Box".format(row), "TextControl", text, row, 1))
        self.dialog.EndGrid()

    def add_label(self, text, row, tip):
        """The label at the beginning of a line."""
        self.dialog.AddControlToGrid(text.replace(" ", "") + "Label", "LabelControl", text, row, 0, tip, False)

    def watch(self, control):
        """Shows what would run again whenever the control's value changes."""
        control.ValueModified.connect(self.refresh)

    def add_status(self):
        """The line that says what is being done."""
        self.dialog.AddGrid()
        self.dialog.AddControlToGrid("StateBox", "ReadOnlyTextControl", "", 0, 0)
        self.dialog.AddRangeControlToGrid("ProgressBox", "ProgressBarControl", 0, 0, 100, 0, 0, 0, 1)
        self.dialog.EndGrid()

    def buttons(self):
        """*Redo* first."""
        return [("Redo", self.start), ("Refresh", self.look_again)]

    def wish(self):
        """What is asked for."""
        is_of_nodes, which, only = WAYS[self.dialog.GetValue("WhatBox")]
        texts = []
        for row, name in enumerate(list(self.inputs)[:MOST_INPUTS], start=1):
            text = self.dialog.GetValue("Input{}Box".format(row))
            if text != self.inputs[name]:
                texts.append("{}.{}={}".format(self.keys[0], name, text))
        return self.module.Wish(
            nodes=self.keys if is_of_nodes else (),
            frames=self.dialog.GetValue("FramesBox").strip() if is_of_nodes else "",
            which=which,
            only=only,
            inputs=self.main.installed(EDITS).parse_inputs(self.bundle, texts),
        )

    def preview(self):
        """What would run again, in words."""
        selection, messages = self.redo.choose(self.wish())
        return "\n".join([*self.module.task_lines(self.bundle, selection.tasks), *messages])

    def look_again(self, *_):
        """Reads results and tasks anew."""
        try:
            self.redo.look()
        except Exception as error:
            self.dialog.SetValue("TextBox", self.shared.error_text(error))
        else:
            self.refresh()

    def start(self, *_):
        """Makes it again, and says what came of it."""
        self.enable(False)
        try:
            title, text = "Redo", self.carry_out()
        except Exception as error:
            title, text = "Error", self.shared.error_text(error)
        self.enable(True)
        self.look_again()
        self.dialog.ShowMessageBox(text, title)

    def carry_out(self):
        """Makes it again; the outcome in words."""
        wish = self.wish()
        count = len(self.redo.choose(wish)[0].tasks)
        said = []

        def say(message):
            said.append(message)
            self.dialog.SetValue("StateBox", message)
            # Last: while a script runs, only a progress bar makes the screen show changes.
            self.dialog.SetValue("ProgressBox", min(99, 100 * len(said) // (2 * count + 2)))

        self.dialog.SetValue("ProgressBox", 0)
        options = self.main.installed(OPTIONS).RedoOptions(
            new_jobs=bool(self.dialog.GetValue("NewJobsBox")),
            waiting=WAITING[self.dialog.GetValue("WaitingBox")],
            note="redo in the Monitor",
        )
        result = self.redo.carry_out(wish, how=options, say=say)
        self.dialog.SetValue("StateBox", "done" if result.tasks else "nothing to do")
        self.dialog.SetValue("ProgressBox", 100)
        if wish.inputs:
            self.inputs.update(self.module.editable_inputs(self.bundle, self.keys[0]))
        lines = self.module.task_lines(self.bundle, result.tasks)
        lines += ["New job of {}: {}".format(key, job_id) for key, job_id in result.new_jobs.items()]
        return "\n".join(lines + [""] * bool(result.messages) + list(result.messages))

    def enable(self, is_enabled):
        """Enables or disables the controls."""
        boxes = ["Input{}Box".format(row) for row in range(1, min(len(self.inputs), MOST_INPUTS) + 1)]
        for name in (*FIELDS, *boxes):
            self.dialog.SetEnabled(name, is_enabled)


def selected_frames(shared, chosen):
    """The frames of the selected tasks of the only selected job, as one frame list; empty if none is selected."""
    found = [(key, job) for key, jobs in chosen.jobs.items() for job in jobs]
    if len(found) != 1:
        return ""
    key, job = found[0]
    texts = ",".join(str(task.TaskFrameString) for task in shared.selected_tasks(job))
    planned = chosen.bundle.job(key)
    # Tasks may carry item numbers, of which people know the frames. Of other items, the numbers are all that there is.
    return (planned.real_frames(texts) or texts) if texts and planned.is_batched else ""
