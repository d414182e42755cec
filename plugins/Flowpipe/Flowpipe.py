#!/usr/bin/env python3
"""Deadline's side of a task: starts the node's interpreter with the evaluator, and reports the result to Deadline.

Runs in Deadline's own Python: the standard library and Deadline's modules only, valid from Python 3.7 to 3.10. What it
shares with the package (plugin info keys, task file, marked lines) is repeated here because it cannot import it.
"""

import hashlib
import json
import os
import re
import shutil
import sys
import uuid
import zipfile

from Deadline.Plugins import DeadlinePlugin, PluginType
from Deadline.Scripting import ClientUtils, FileUtils, RepositoryUtils
from FranticX.Processes import ManagedProcess

TASK_FORMAT = 1
NO_FRAMES = "none"
FRAME_MODES = ("frames", "items", NO_FRAMES)
PACKAGES = "packages.zip"
DEFAULT_ARGUMENTS = '-u -m flowpipe_deadline.evaluator --task "<TASK>"'
# Of the Worker's own: what is meant for Deadline's Python or Qt. PYTHONHASHSEED, PYTHONUTF8, PYTHONNOUSERSITE and
# QT_QPA_PLATFORM stay, as they rather are the administrator's. PYTHONCASEOK too: for it, empty is not unset.
REMOVED_VARIABLES = (
    "PYTHONUSERBASE;PYTHONSTARTUP;PYTHONOPTIMIZE;PYTHONINSPECT;PYTHONDEBUG;PYTHONVERBOSE;PYTHONDEVMODE;"
    "PYTHONWARNINGS;PYTHONBREAKPOINT;PYTHONMALLOC;PYTHONTRACEMALLOC;PYTHONPROFILEIMPORTTIME;PYTHONPLATLIBDIR;"
    "PYTHONEXECUTABLE;__PYVENV_LAUNCHER__;VIRTUAL_ENV;QT_PLUGIN_PATH;QT_QPA_PLATFORM_PLUGIN_PATH;QML_IMPORT_PATH;"
    "QML2_IMPORT_PATH;LD_LIBRARY_PATH;DYLD_LIBRARY_PATH;DYLD_FRAMEWORK_PATH"
)
# Of those in that list, what only loses Deadline's own folders.
FOLDER_LISTS = re.compile(r"PATH|\w+_(LIBRARY|FRAMEWORK)_PATH")
DEFAULT_CLIENT = re.compile(r"[/\\]Deadline\d+([/\\]|$)")
LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")
FULL_PATH = re.compile(r"[A-Za-z]:(?:[/\\]|$)|\\\\|/")
POSIX_PATH = re.compile("(?:&?:)*/(?!/)")  # Or a list of them.
POLL_MILLISECONDS = 100
# An interpreter that has written its result may still take a while to shut down; then it is ended.
SHUTDOWN_POLLS = 600


def GetDeadlinePlugin():
    """The plugin object; Deadline calls this once per loaded job."""
    return FlowpipePlugin()


def CleanupDeadlinePlugin(deadlinePlugin):
    """Releases the plugin object; Deadline calls this when it unloads the job."""
    deadlinePlugin.cleanup()


class FlowpipePlugin(DeadlinePlugin):
    """An Advanced plugin: each task evaluates one node for the frames that Deadline gives the task."""

    def __init__(self):
        # Deadline 10.3+: the base constructor must come first.
        super().__init__()
        self.InitializeProcessCallback += self.initialize_process
        self.StartJobCallback += self.start_job
        self.RenderTasksCallback += self.render_tasks
        self.EndJobCallback += self.end_job
        self.evaluator = None

    def cleanup(self):
        """Removes all callbacks, so that Deadline can release the plugin."""
        for handler in self.StdoutHandlers:
            del handler.HandleCallback
        self.release_evaluator()
        del self.InitializeProcessCallback
        del self.StartJobCallback
        del self.RenderTasksCallback
        del self.EndJobCallback

    def initialize_process(self):
        """Declares the kind of plugin."""
        self.PluginType = PluginType.Advanced
        self.StdoutHandling = True
        self.SingleFramesOnly = False

    def start_job(self):
        """Sets the environment of all interpreters of this job."""
        variables = dict(self.path_variables())
        variables.update(self.interpreter_environment())
        for name, value in variables.items():
            self.SetProcessEnvironmentVariable(name, value)

    def render_tasks(self):
        """Evaluates the node for one task."""
        task = self.task_request()
        if not os.path.isdir(task["bundle"]):
            self.FailRender(
                "This worker does not see the bundle {}. Mount the share that holds it, or add a mapped path in Tools >"
                " Configure Repository Options.".format(task["bundle"])
            )
        folder = self.CreateTempDirectory("flowpipe")
        task_file = os.path.join(folder, "task.json")
        with open(task_file, "w", encoding="ascii") as file:
            json.dump(task, file)
        executable = self.interpreter_executable(task["interpreter"])
        arguments = self.interpreter_arguments(task["interpreter"], task_file)
        self.release_evaluator()
        self.evaluator = EvaluatorProcess(self, executable, arguments, folder=task["bundle"], token=task["token"])
        try:
            self.evaluator.run("Flowpipe {} {}".format(self.GetThreadNumber(), task["token"]))
        finally:
            os.remove(task_file)

    def end_job(self):
        """Releases the last evaluator of the job."""
        self.release_evaluator()

    def release_evaluator(self):
        """Releases the last task's process object."""
        if self.evaluator is not None:
            self.evaluator.cleanup()
            self.evaluator = None

    def task_request(self):
        """The task as the evaluator reads it; its frames are those that Deadline gives it, whatever was planned."""
        frame_mode = self.GetPluginInfoEntry("FrameMode")
        if frame_mode not in FRAME_MODES:
            self.FailRender("The job's frame mode '{}' is not one of {}.".format(frame_mode, ", ".join(FRAME_MODES)))
        # TaskFrameList, as start and end frame alone cannot describe a task with gaps.
        frames = [int(frame) for frame in self.GetCurrentTask().TaskFrameList]
        return {
            "format": TASK_FORMAT,
            "bundle": self.mapped_path(self.GetPluginInfoEntry("Bundle")),
            "node": self.GetPluginInfoEntry("Node"),
            "frames": None if frame_mode == NO_FRAMES else frames,
            "token": uuid.uuid4().hex,
            "interpreter": self.GetPluginInfoEntry("Interpreter"),
            "wait": self.GetIntegerConfigEntryWithDefault("WaitForResults", 30),
            # Pairs; those without a target are left out.
            "path_mappings": [[pair[0], pair[1]] for pair in RepositoryUtils.GetPathMappings() if pair[1]],
        }

    def mapped_path(self, path):
        """The path on this worker; what is not a full path stays as it is."""
        for spelling in spellings(path):
            mapped = RepositoryUtils.CheckPathMapping(spelling)
            if mapped != spelling:
                is_native = os.sep == "/" and POSIX_PATH.match(spelling)  # A name may hold a backslash there.
                return mapped if is_native else mapped.replace("\\" if os.sep == "/" else "/", os.sep)
        return path

    def mapped_list(self, paths):
        """A list of paths of any system on this worker, with its separator if they came from another system.

        Windows separates paths by ``;``, others by ``:``; Houdini takes ``;`` everywhere, and ``&`` for its own paths.
        """
        is_of_windows = not POSIX_PATH.match(paths) and re.search(r"\\|(?:^|;)(?:[A-Za-z]:(?:[/;]|$)|//)", paths)
        parts = re.split("(;)" if is_of_windows else r"(:(?!//)|;(?=[/&$@~;]|$)|(?<=&);)", paths)
        parts[::2] = map(self.mapped_path, parts[::2])
        if bool(is_of_windows) == (os.sep == "/"):
            parts[1::2] = [os.pathsep] * (len(parts) // 2)
        return "".join(parts)

    def path_variables(self):
        """The job's variables that hold paths and are others on this worker; jobs of earlier versions name none."""
        single = self.GetPluginInfoEntryWithDefault("PathVariables", "")
        lists = self.GetPluginInfoEntryWithDefault("PathListVariables", "")
        for names, mapped in ((single, self.mapped_path), (lists, self.mapped_list)):
            for name in filter(None, map(str.strip, names.split(","))):
                value = self.GetJob().GetJobEnvironmentKeyValue(name) or ""
                if mapped(value) != value:
                    yield name, mapped(value)

    def interpreter_environment(self):
        """Variables that keep what is the Worker's own out of the node's interpreter."""
        own = split_list(self.GetConfigEntryWithDefault("PythonPath", ""))
        job = self.GetJob().GetJobEnvironmentKeyValue("PYTHONPATH") or ""
        folders = own + self.package_folders() + list(filter(None, self.mapped_list(job).split(os.pathsep)))
        cleaned = dict(self.cleaned_variables())
        return (
            *cleaned.items(),
            *self.missing_locale(cleaned),
            ("PYTHONPATH", os.pathsep.join(folders)),
            ("PYTHONHOME", ""),
            ("PYTHONUNBUFFERED", "1"),
            ("PYTHONIOENCODING", "utf-8"),
        )

    def cleaned_variables(self):
        """The Worker's own variables that are to be removed, empty, and its library paths without Deadline's folders.

        Deadline can set a variable for a process, and not remove one (plugin API, section 3.5). All of these count as
        unset where they are empty.
        """
        client = ClientUtils.GetBinDirectory()
        for name in split_list(self.GetConfigEntryWithDefault("RemovedVariables", REMOVED_VARIABLES)):
            value, is_workers = self.variable(name)
            # An empty entry is the current folder. Launchers leave one behind: LIBRARY_PATH=mine:$LIBRARY_PATH.
            folders = [folder for folder in value.split(os.pathsep) if folder]
            kept = []
            if FOLDER_LISTS.fullmatch(name):
                kept = [folder for folder in folders if not is_deadlines(folder, client)]
            if is_workers and kept != folders:
                yield name, os.pathsep.join(kept)

    def missing_locale(self, cleaned):
        """UTF-8, where neither the Worker nor the job has a locale: some hosts read and write ASCII otherwise."""
        if os.name != "nt" and not any(cleaned.get(name, self.variable(name)[0]) for name in LOCALE):
            yield "LC_CTYPE", "UTF-8" if sys.platform == "darwin" else "C.UTF-8"

    def variable(self, name):
        """What the interpreter would get as this variable, and whether that is the Worker's own.

        What the job sets is not, nor what a script that runs before the job has set.
        """
        job = self.GetJob()
        own = "" if job.JobUseJobEnvironmentOnly else os.environ.get(name, "")
        value = job.GetJobEnvironmentKeyValue(name) or self.GetProcessEnvironmentVariable(name) or own
        return value, value == own and not job.GetJobEnvironmentKeyValue(name)

    def package_folders(self):
        """The unpacked packages of the plugin, for this job on this worker; empty if the plugin has none."""
        archive = os.path.join(self.GetPluginDirectory(), PACKAGES)
        if not os.path.isfile(archive):
            return []
        folder = self.GetJobsDataDirectory()
        try:
            return [unpack_once(archive, folder)]
        except zipfile.BadZipFile as error:
            reason = "{} is damaged ({}). Install the plugin again: flowpipe-deadline install".format(archive, error)
        except OSError as error:
            reason = (
                "The packages of the Flowpipe plugin cannot be unpacked into {}: {}. Make sure that this worker's disk"
                " has room there, and that the worker's user may write to it.".format(folder, error.strerror or error)
            )
        self.FailRender(reason)
        return []

    def interpreter_executable(self, interpreter):
        """The first existing executable of those configured for the interpreter."""
        key = config_key("Executable", interpreter)
        paths = split_list(self.GetConfigEntryWithDefault(key, ""))
        for line in split_list(self.GetConfigEntryWithDefault("MoreInterpreters", "")):
            name, _, path = line.partition("=")
            if name.strip() == interpreter:
                paths.append(path.strip())
        if not paths:
            self.FailRender(
                "The interpreter '{0}' is not configured. In the Monitor, open Tools > Configure Plugins > Flowpipe and"
                " add a line '{0}=<path of its executable>' to More Interpreters.".format(interpreter)
            )
        executable = FileUtils.SearchFileList(";".join(paths))
        if not executable:
            self.FailRender(
                "No executable of the interpreter '{}' exists on this worker; looked for {}. Install it, or correct the"
                " paths in Tools > Configure Plugins > Flowpipe.".format(interpreter, ", ".join(paths))
            )
        return executable

    def interpreter_arguments(self, interpreter, task_file):
        """The interpreter's arguments: those of this version, else of its application, else of python."""
        arguments = ""
        for name in (interpreter, interpreter.partition("-")[0], "python"):
            arguments = arguments or self.GetConfigEntryWithDefault(config_key("Arguments", name), "")
        boot = os.path.join(self.GetPluginDirectory(), "boot.py")
        arguments = (arguments or DEFAULT_ARGUMENTS).replace("<BOOT>", escape_quotes(boot))
        return arguments.replace("<TASK>", escape_quotes(task_file))


class EvaluatorProcess(ManagedProcess):
    """An interpreter that runs the evaluator for one task, and what the evaluator reported."""

    def __init__(self, plugin, executable, arguments, folder, token):
        # Deadline 10.3+: the base constructor must come first.
        super().__init__()
        self.plugin = plugin
        self.executable = executable
        self.arguments = arguments
        self.folder = folder
        self.token = token
        self.is_done = False
        self.failure = None
        self.InitializeProcessCallback += self.initialize_process
        self.RenderExecutableCallback += self.render_executable
        self.RenderArgumentCallback += self.render_argument
        self.StartupDirectoryCallback += self.startup_directory

    def cleanup(self):
        """Removes all callbacks, so that Deadline can release the process."""
        for handler in self.StdoutHandlers:
            del handler.HandleCallback
        del self.InitializeProcessCallback
        del self.RenderExecutableCallback
        del self.RenderArgumentCallback
        del self.StartupDirectoryCallback

    def initialize_process(self):
        """Handles the marked lines of the evaluator, and progress as Deadline's own plugins print it."""
        self.StdoutHandling = True
        self.UseProcessTree = True
        self.HideDosWindow = True
        self.PopupHandling = False
        answer = r"\[flowpipe:{}\] (status|error|done) ?(.*)".format(self.token)
        self.AddStdoutHandlerCallback(answer).HandleCallback += self.handle_answer
        self.AddStdoutHandlerCallback(r"Progress: (\d+)%").HandleCallback += self.handle_progress

    def render_executable(self):
        """The interpreter."""
        return self.executable

    def render_argument(self):
        """Its arguments."""
        return self.arguments

    def startup_directory(self):
        """The bundle, so that relative paths of nodes mean the same on every worker."""
        return self.folder

    def handle_answer(self):
        """Handles one marked line."""
        kind, text = self.GetRegexMatch(1), self.GetRegexMatch(2)
        if kind == "status":
            self.plugin.SetStatusMessage(text)
        elif kind == "done":
            self.is_done = True
        else:
            self.SuppressThisLine()
            self.failure = json.loads(text)

    def handle_progress(self):
        """Shows the progress that a node prints."""
        self.plugin.SetProgress(min(float(self.GetRegexMatch(1)), 100.0))

    def run(self, name):
        """Runs the interpreter to its end, and fails the task unless the evaluator reported a written result."""
        plugin = self.plugin
        plugin.StartMonitoredManagedProcess(name, self)
        # Its end is expected: a task has a process of its own.
        plugin.SetMonitoredManagedProcessExitCheckingFlag(name, False)
        polls_left = SHUTDOWN_POLLS
        while not plugin.WaitForMonitoredManagedProcessToExit(name, POLL_MILLISECONDS):
            plugin.FlushMonitoredManagedProcessStdout(name)
            if plugin.IsCanceled():
                plugin.ShutdownMonitoredManagedProcess(name)
                plugin.FailRender("Received cancel task command")
            polls_left -= 1 if self.is_done else 0
            if polls_left == 0:
                plugin.LogWarning("The result is written, but the interpreter does not end; it is shut down.")
                plugin.ShutdownMonitoredManagedProcess(name)
                return
        plugin.FlushMonitoredManagedProcessStdout(name)
        self.judge(plugin.GetMonitoredManagedProcessExitCode(name))

    def judge(self, exit_code):
        """Fails the task unless its result is written; whatever a host does while it shuts down is only a warning."""
        if self.failure is not None:
            self.plugin.FailRender(self.failure["traceback"] or self.failure["message"])
        if not self.is_done:
            self.plugin.FailRender(
                "The evaluator ended before it wrote a result ({}). Its last lines are in this task's report; the node"
                " may have ended or crashed the interpreter, or the interpreter cannot import flowpipe_deadline, which"
                " comes with the plugin ('flowpipe-deadline install'), or from the folders of Python Path (Tools >"
                " Configure Plugins > Flowpipe).".format(describe_exit(exit_code))
            )
        if exit_code != 0:
            self.plugin.LogWarning(
                "The result is written; the interpreter then ended by {}.".format(describe_exit(exit_code))
            )
        self.plugin.SetProgress(100.0)


def unpack_once(archive, parent):
    """The folder below ``parent`` with the unpacked archive; the first of several threads or processes makes it.

    Interpreters could import from the archive itself, but would compile all of it at every start, which doubles its
    time.
    """
    with open(archive, "rb") as file:
        folder = os.path.join(parent, "packages-" + hashlib.sha256(file.read()).hexdigest()[:16])
    with zipfile.ZipFile(archive) as packages:
        if is_unpacked(packages, folder):
            return folder
        own = "{}-{}".format(folder, uuid.uuid4().hex[:8])
        try:
            packages.extractall(own)
        except BaseException:
            shutil.rmtree(own, ignore_errors=True)
            raise
        try:
            os.rename(own, folder)
        except OSError:
            # Another was faster. If its folder is incomplete, as after a power failure, use our own.
            if not is_unpacked(packages, folder):
                return own
            shutil.rmtree(own, ignore_errors=True)
    return folder


def is_unpacked(packages, folder):
    """Whether the folder has the whole archive."""
    try:
        entries = [(os.path.join(folder, entry.filename), entry.file_size) for entry in packages.infolist()]
        return all(os.path.getsize(path) == size for path, size in entries)
    except OSError:
        return False


def spellings(path):
    """A full path, and of Windows its other spellings; whether a rule of Deadline's matches them all is unknown."""
    if not FULL_PATH.match(path):
        return []
    slashes = [path] if POSIX_PATH.match(path) else [path, path.replace("/", "\\"), path.replace("\\", "/")]
    return slashes + [other[0].swapcase() + other[1:] for other in slashes if other[0].isalpha()]


def describe_exit(code):
    """An exit code in words, which distinguish crashes, signals and ordinary failures."""
    if code < 0 or 128 < code < 160:
        return "killed by signal {}".format(-code if code < 0 else code - 128)
    if code > 2**30:
        return "crashed with code 0x{:08X}".format(code)
    return "exit code {}".format(code)


def is_deadlines(folder, client):
    """Whether the folder is one of Deadline's client, whose programs are in ``client`` (submission, section 2.1)."""
    parent = os.path.dirname(client)
    # Of /usr/bin, only what is below it.
    parents = [parent] if re.search("deadline|thinkbox", parent.lower()) else []
    tops = [os.path.normpath(top) for top in [client, *parents] if top]
    path = os.path.normpath(folder)
    return any((path + os.sep).startswith(top + os.sep) for top in tops) or bool(DEFAULT_CLIENT.search(path))


def escape_quotes(path):
    """The path for a list of arguments, which is split as on Windows: a quote within it, and backslashes before it."""
    return re.sub(r'(\\*)"', r'\1\1\\"', path)


def config_key(prefix, interpreter):
    """The name of a plugin setting: Executable_maya_2025 for maya-2025."""
    return "{}_{}".format(prefix, re.sub("[^A-Za-z0-9]", "_", interpreter))


def split_list(text):
    """The entries of a multi-line setting, which are separated by semicolons or line breaks."""
    return [entry.strip() for entry in re.split("[;\r\n]+", text) if entry.strip()]
