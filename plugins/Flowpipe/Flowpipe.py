#!/usr/bin/env python3
"""Deadline's side of a task: keeps the node's interpreter with the evaluator in it, and reports results to Deadline.

Runs in Deadline's own Python: the standard library and Deadline's modules only, valid from Python 3.7 to 3.10. What it
shares with the package (plugin info keys, task file, marked lines) is repeated here because it cannot import it.

An interpreter is started for the first task of a job on a render thread, and evaluates the further ones too: each is a
line of JSON on its standard input, answered by marked lines on its output.
"""

import collections
import contextlib
import hashlib
import json
import os
import re
import shutil
import sys
import time
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
MARK = "[flowpipe:{}] "
END = "end\n"  # Asks a kept interpreter to shut down.
PROGRESS = re.compile(r"Progress: (\d+)%")
SHORTEST_PAUSE, LONGEST_PAUSE = 1, 100  # Milliseconds between two looks at the output, doubling from one to the next.
CANCEL_SECONDS = 0.1  # Between two questions whether the task is cancelled, as in vendors' loops.
LOOK_SECONDS = 2.0  # Between two looks at whether the interpreter is stopped, or does not get to the evaluator.
LATE_SECONDS = 60.0  # For which an application may start before something is said about it.
# The end of a process is not the end of its output: its last lines may come later (hosts and tooling, section 5.4).
FIRST_LINES_SECONDS, LAST_LINES_SECONDS = 0.5, 2.0
SHUTDOWN_SECONDS, FAILED_SECONDS = 60.0, 5.0  # For which an interpreter may shut down by itself.
MOST_LINES, LONGEST_LINE = 40, 400
HOST = re.compile(r"""((?:[A-Za-z_]\w*=(?:"[^"]*"|[^\s"]*)\s+)*)(.*)""")
VARIABLE = re.compile(r"""([A-Za-z_]\w*)=("[^"]*"|[^\s"]*)\s+""")
OLD_EVALUATOR = "is not a task"  # What one says that knows no sessions; it may be in a folder of Python Path.
SETTINGS = "Tools > Configure Plugins > Flowpipe"
FAILURE_FORMAT = 1
ERRORS = "errors"
SHOWN_OF_TOKEN, MOST_EVALUATIONS, LONGEST_REASON = 8, 20, 300
SIGNALS = {
    4: "an instruction that this processor does not have",
    6: "it gave up by itself",
    7: "a file that it was reading went away",
    9: "most often by the system, as memory ran out",
    11: "it crashed",
    15: "somebody or something asked it to end",
}
EXIT_CODES = {
    126: "it cannot be executed",
    127: "a program or a library was not found",
    0xC0000005: "it reached for memory that is not its own",
    0xC0000017: "memory ran out",
    0xC00000FD: "its stack ran over",
    0xC0000135: "a DLL was not found",
    0xC0000142: "a DLL could not be started",
    0xC000013A: "it was interrupted",
    0xC0000374: "its memory was damaged",
    0xC0000409: "it gave up by itself",
}


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
        self.interpreter = None
        self.can_keep = True
        self.task = None
        self.began = 0.0
        self.keeps_failure = True

    def cleanup(self):
        """Ends the interpreter and removes all callbacks, so that Deadline can release the plugin."""
        self.end_interpreter()
        unhook(self, "InitializeProcessCallback", self.initialize_process)
        unhook(self, "StartJobCallback", self.start_job)
        unhook(self, "RenderTasksCallback", self.render_tasks)
        unhook(self, "EndJobCallback", self.end_job)

    def initialize_process(self):
        """Declares the kind of plugin."""
        self.PluginType = PluginType.Advanced
        self.StdoutHandling = True
        self.SingleFramesOnly = False

    def start_job(self):
        """Sets the environment of all interpreters of this job."""
        with self.keeping_failure():
            variables = {**dict(self.path_variables()), **dict(self.interpreter_environment())}
            for name, value in variables.items():
                self.SetProcessEnvironmentVariable(name, clean(value))

    def render_tasks(self):
        """Evaluates the node for one task."""
        with self.keeping_failure():
            task = self.task = self.task_request()
            if not os.path.isdir(task["bundle"]):
                self.FailRender(
                    "This worker does not see the bundle {}. Mount the share that holds it, or add a mapped path in"
                    " Tools > Configure Repository Options.".format(task["bundle"])
                )
            self.evaluate(task, self.host(task["interpreter"]), limit=self.number("SessionMemory", 4096))

    @contextlib.contextmanager
    def keeping_failure(self):
        """In the block, a task is worked on; why it fails is kept in the bundle, unless the evaluator says it."""
        self.task, self.began, self.keeps_failure = None, time.monotonic(), True
        try:
            yield
        except Exception as error:
            if self.keeps_failure and not self.IsCanceled():
                self.keep_failure(message_of(error))
            raise

    def keep_failure(self, report):
        """Keeps why the task failed; whatever goes wrong with that, it fails for the first reason."""
        try:
            task = self.task or {
                "bundle": self.mapped_path(self.GetPluginInfoEntryWithDefault("Bundle", "")),
                "node": self.GetPluginInfoEntryWithDefault("Node", ""),
                "frames": None,
                "token": uuid.uuid4().hex,
                **self.origin(),
            }
            write_failure(task, clean(report), seconds=time.monotonic() - self.began)
        except Exception as error:
            self.LogWarning(clean("The failure is not kept in the bundle: " + message_of(error)))

    def end_job(self):
        """Ends the interpreter of the job."""
        self.end_interpreter(SHUTDOWN_SECONDS)

    def evaluate(self, task, host, limit):
        """Evaluates a task in the interpreter that is kept, or in a new one; fails the task without a result.

        An interpreter that has grown by more than ``limit`` MB since its first task is not kept any more.
        """
        if self.interpreter is not None and self.interpreter.has_ended():
            how = self.interpreter.describe_end()
            self.LogWarning("The interpreter has ended since its last task ({}); a new one is started.".format(how))
            self.end_interpreter()
        is_kept = self.can_keep and self.is_kept(host.name)
        wanted = (host, task["bundle"], is_kept)
        if self.interpreter is not None and self.interpreter.wanted != wanted:  # The job was changed meanwhile.
            self.end_interpreter(SHUTDOWN_SECONDS)
        interpreter = self.interpreter = self.interpreter or Interpreter(self, *wanted)
        is_used = interpreter.tasks > 0
        try:
            interpreter.evaluate(task)
        except BaseException:  # It is cancelled, or cannot be started.
            self.end_interpreter()
            raise
        if interpreter.is_done:
            self.SetProgress(100.0)
            if 0 < limit < interpreter.growth:
                grown = "The interpreter has grown by {:.0f} MB; the next task gets a new one."
                self.LogInfo(grown.format(interpreter.growth))
                interpreter.is_last = True
            if interpreter.is_last:
                self.end_interpreter(SHUTDOWN_SECONDS)
            return
        how, said = interpreter.describe_end(), interpreter.last_words()
        # After a failure, the evaluator ends by itself: temporary folders of nodes go then.
        self.end_interpreter(FAILED_SECONDS if interpreter.failure is not None else 0.0)
        had_begun = interpreter.has_begun or interpreter.failure is not None
        if not had_begun and self.may_try_again(interpreter, is_used, how, said):
            self.evaluate(task, host, limit)
        else:
            self.keeps_failure = interpreter.failure is None  # Else the evaluator has kept it.
            self.FailRender(interpreter.failure or reason_of_end(interpreter, how, said))

    def may_try_again(self, interpreter, is_used, how, said):
        """Whether a new interpreter may do better than one that ended before it began with its task."""
        name = interpreter.host.name
        if interpreter.leaves:
            self.LogInfo("Another job has left something behind in the interpreter; a new one is started.")
        elif is_used:
            self.LogWarning("The interpreter ended after its last task ({}); a new one is started.{}".format(how, said))
        elif interpreter.is_kept and (interpreter.is_ready or OLD_EVALUATOR in said):
            self.can_keep = False
            self.LogWarning(
                "{0} ended before it took a task from its standard input ({1}); it is started for each task of this"
                " job. If it cannot be kept, add {0} to One Task Per Process ({2}).".format(name, how, SETTINGS)
            )
        else:
            return False
        return True

    def is_kept(self, name):
        """Whether the interpreter of that name evaluates further tasks too."""
        names = split_list(self.GetConfigEntryWithDefault("OneTaskPerProcess", ""))
        return not {"*", name, name.partition("-")[0]}.intersection(names)

    def end_interpreter(self, seconds=0.0):
        """Ends the interpreter, if there is one, with all that it started; it may shut down by itself so long."""
        if self.interpreter is not None:
            self.interpreter.end(seconds)
            self.interpreter = None

    def task_request(self):
        """The task as the evaluator reads it; its frames are those that Deadline gives it, whatever was planned."""
        frame_mode = self.plugin_info("FrameMode")
        if frame_mode not in FRAME_MODES:
            self.FailRender("The job's frame mode '{}' is not one of {}.".format(frame_mode, ", ".join(FRAME_MODES)))
        # TaskFrameList, as start and end frame alone cannot describe a task with gaps.
        frames = [int(frame) for frame in self.GetCurrentTask().TaskFrameList]
        origin = self.origin()
        return {
            "format": TASK_FORMAT,
            "bundle": self.mapped_path(self.plugin_info("Bundle")),
            "node": self.plugin_info("Node"),
            "frames": None if frame_mode == NO_FRAMES else frames,
            "token": uuid.uuid4().hex,
            "interpreter": self.plugin_info("Interpreter"),
            "wait": self.number("WaitForResults", 30),
            # Those without a target are left out.
            "path_mappings": [list(pair) for pair in pairs_of(RepositoryUtils.GetPathMappings()) if pair[1]],
            "job": origin["job"],
            "task": origin["task"],
            "worker": origin["worker"],
        }

    def origin(self):
        """Which task of which job this is, and on which worker, for the history."""
        answers = dict.fromkeys(("job", "task", "worker"), "")
        questions = (lambda: self.GetJob().JobId, self.GetCurrentTaskId, self.GetSlaveName)
        for name, question in zip(answers, questions):
            with contextlib.suppress(Exception):  # Where Deadline cannot answer.
                answers[name] = clean(str(question() or ""))
        return answers

    def plugin_info(self, key):
        """An entry of the job's plugin info."""
        value = self.GetPluginInfoEntryWithDefault(key, "")
        if not value:
            self.FailRender("The job has no {} in its plugin info; submit its bundle again.".format(key))
        return value

    def number(self, key, default):
        """A number of the plugin's configuration; blank is the default."""
        text = self.GetConfigEntryWithDefault(key, "").strip()
        try:
            return float(text or default)
        except ValueError:
            self.FailRender("{} is '{}', which is not a number; correct it in {}.".format(key, text, SETTINGS))

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

    def host(self, interpreter):
        """The host that the configuration has for an interpreter: the first whose executable exists on this worker."""
        paths = split_list(self.GetConfigEntryWithDefault(config_key("Executable", interpreter), ""))
        texts = ['"{}"'.format(path) for path in paths]
        for line in split_lines(self.GetConfigEntryWithDefault("MoreInterpreters", "")):
            name, _, text = line.partition("=")
            if name.strip() == interpreter:
                texts.append(text)
        if not texts:
            self.FailRender(
                "The interpreter '{0}' is not configured. In the Monitor, open {1} and add a line"
                " '{0}=<path of its executable>' to More Interpreters.".format(interpreter, SETTINGS)
            )
        hosts = [parse_host(text) for text in texts]
        for variables, path, own_arguments in hosts:
            executable = FileUtils.SearchFileList(path)
            arguments = own_arguments or self.arguments_of(interpreter)
            if executable and "<TASK>" in arguments:
                return Host(interpreter, variables, executable, arguments)
            if executable:
                self.FailRender(
                    "The arguments of the interpreter '{}' lack <TASK>, which stands for the task file, as in --task"
                    ' "<TASK>"; correct them in {}: {}'.format(interpreter, SETTINGS, arguments)
                )
        self.FailRender(
            "No executable of the interpreter '{}' exists on this worker; looked for {}. Install it, or correct the"
            " paths in {}.".format(interpreter, ", ".join(path for _, path, _ in hosts), SETTINGS)
        )
        return None

    def arguments_of(self, interpreter):
        """The interpreter's arguments: those of this version, else of its application, else of python."""
        arguments = ""
        for name in (interpreter, interpreter.partition("-")[0], "python"):
            arguments = arguments or self.GetConfigEntryWithDefault(config_key("Arguments", name), "")
        return arguments or DEFAULT_ARGUMENTS


Host = collections.namedtuple("Host", "name, variables, executable, arguments")


class Interpreter(ManagedProcess):
    """The node's interpreter with the evaluator in it, and what that answers.

    Its handler never raises: an error in one may end the whole worker process (hosts and tooling, section 5.4).
    """

    def __init__(self, plugin, host, bundle, is_kept):
        # Deadline 10.3+: the base constructor must come first.
        super().__init__()
        self.plugin = plugin
        self.wanted = self.host, self.bundle, self.is_kept = host, bundle, is_kept
        self.name = ""
        self.folder = ""
        self.tokens = ()
        self.process = None
        self.tasks = 0
        self.has_news = False
        self.first_memory = self.growth = 0
        self.lines = []
        self.handler = None
        self.is_ready = self.is_stopped = self.is_late = self.leaves = False
        self.waiting = ""
        self.answers_read = 0
        self.started = 0.0
        self.broken = ""
        self.InitializeProcessCallback += self.initialize_process
        self.RenderExecutableCallback += self.render_executable
        self.RenderArgumentCallback += self.render_argument
        self.StartupDirectoryCallback += self.startup_directory

    def initialize_process(self):
        """Handles every line: the marked ones, and progress as Deadline's own plugins print it."""
        self.StdoutHandling = True
        self.UseProcessTree = True
        self.HideDosWindow = True
        self.PopupHandling = False
        # One handler alone, as it is unknown whether a line can have several (plugin API, section 9.3).
        self.handler = self.AddStdoutHandlerCallback(".*")
        self.handler.HandleCallback += self.handle_line

    def render_executable(self):
        """The interpreter."""
        return self.host.executable

    def render_argument(self):
        """Its arguments, which are the same for a task and for many: the file says what is asked for."""
        boot = os.path.join(self.plugin.GetPluginDirectory(), "boot.py")
        arguments = self.host.arguments.replace("<BOOT>", escape_quotes(boot))
        return arguments.replace("<TASK>", escape_quotes(os.path.join(self.folder, "task.json")))

    def startup_directory(self):
        """The bundle, so that relative paths of nodes mean the same on every worker."""
        return self.bundle

    def evaluate(self, task):
        """Evaluates a task; what became of it is in the attributes afterwards."""
        self.is_done = self.has_begun = False
        self.is_last = not self.is_kept  # An earlier evaluator does not say so.
        self.failure = None
        if self.tasks:
            self.lines.clear()
        if not self.name:
            self.start(task)
        self.tokens = (task["token"], *self.tokens[-1:])
        self.waiting = json.dumps(task) + "\n" if self.is_kept else ""
        self.wait()
        self.tasks += 1

    def start(self, task):
        """Starts the process for this task, or for this task and others."""
        plugin = self.plugin
        self.folder = plugin.CreateTempDirectory("flowpipe")
        request, token = task, task["token"]
        if self.is_kept:
            token = uuid.uuid4().hex
            request = {"format": TASK_FORMAT, "session": token, "interpreter": task["interpreter"]}
        reason, path = "", os.path.join(self.folder, "task.json")
        try:
            with open(path, "w", encoding="ascii") as file:
                json.dump(request, file)
        except OSError as error:
            reason = message_of(error)
        if reason:
            plugin.FailRender("{} cannot be written: {}".format(path, clean(reason)))
        # Blender 4.5 takes the working folder from PWD, which is the Worker's otherwise.
        for name, value in [("PWD", self.bundle), *self.host.variables]:
            # A path of its own comes before what all interpreters get.
            more = plugin.GetProcessEnvironmentVariable(name) if name == "PYTHONPATH" else ""
            self.SetEnvironmentVariable(name, os.pathsep.join(filter(None, [value, more])))
        self.name = "Flowpipe {} {}".format(plugin.GetThreadNumber(), token)
        self.tokens = (token,)
        self.started = time.monotonic()
        try:
            plugin.StartMonitoredManagedProcess(self.name, self)
        except Exception as error:
            reason = message_of(error)
        if reason:
            plugin.FailRender("{} cannot be started: {}".format(self.host.executable, clean(reason)))
        # Its end is expected, or noticed here.
        self.ask("SetMonitoredManagedProcessExitCheckingFlag", False)
        self.broken = ""

    def wait(self):
        """Handles the output until the task is done, has failed, or the process has ended."""
        pause, asked, looked = SHORTEST_PAUSE, time.monotonic(), time.monotonic()
        self.hand_over()
        while not self.has_answered() and not self.has_ended(pause):
            self.flush()
            self.hand_over()
            pause = SHORTEST_PAUSE if self.has_news else min(2 * pause, LONGEST_PAUSE)
            self.has_news = False
            now = time.monotonic()
            if now - asked > CANCEL_SECONDS:
                asked = now
                if self.plugin.IsCanceled():
                    self.plugin.keeps_failure = False
                    self.plugin.FailRender("Received cancel task command")
            if now - looked > LOOK_SECONDS:
                looked = now
                self.look()
        ended = time.monotonic()
        while not self.has_answered():
            self.flush()
            self.read_answers()
            if time.monotonic() - ended > (LAST_LINES_SECONDS if self.has_begun else FIRST_LINES_SECONDS):
                break
            time.sleep(0.01)

    def hand_over(self):
        """Writes the task that waits once the host is ready.

        A launcher may read what comes earlier, and a long line waits for its reader.
        """
        if self.waiting and self.is_ready:
            self.ask("WriteStdinToMonitoredManagedProcess", self.waiting)
            self.waiting = ""

    def has_answered(self):
        """Whether the task is done or has failed."""
        return self.is_done or self.failure is not None

    def ask(self, call, *arguments):
        """The plugin's answer to a call about this process; an error means that the process has ended."""
        try:
            return getattr(self.plugin, call)(self.name, *arguments)
        except Exception as error:
            self.broken = self.broken or message_of(error)
            return None

    def flush(self):
        """Handles the lines that have come."""
        self.ask("FlushMonitoredManagedProcessStdout")

    def has_ended(self, milliseconds=0):
        """Whether the process has ended, or ends within that time."""
        return bool(self.ask("WaitForMonitoredManagedProcessToExit", milliseconds) or self.broken)

    def end(self, seconds):
        """Ends the process with all that it started; it may shut down by itself so long."""
        if self.name:
            if seconds:
                if self.is_kept:
                    self.ask("WriteStdinToMonitoredManagedProcess", END)
                end = time.monotonic() + seconds
                while not self.has_ended(LONGEST_PAUSE) and not is_stopped(self.process):
                    self.flush()
                    if time.monotonic() > end:
                        self.plugin.LogWarning("The interpreter does not end; it is shut down.")
                        break
            self.flush()
            self.ask("ShutdownMonitoredManagedProcess")
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.handler is not None:
            unhook(self.handler, "HandleCallback", self.handle_line)
        unhook(self, "InitializeProcessCallback", self.initialize_process)
        unhook(self, "RenderExecutableCallback", self.render_executable)
        unhook(self, "RenderArgumentCallback", self.render_argument)
        unhook(self, "StartupDirectoryCallback", self.startup_directory)

    def handle_line(self):
        """Handles one line."""
        try:
            if not self.handle_answer(self.GetRegexMatch(0)):
                self.SuppressThisLine()
        except Exception as error:
            self.keep_line(ascii(error))

    def handle_answer(self, line):
        """Handles a line; gives whether it belongs into the log."""
        for token in self.tokens:
            before, mark, answer = line.partition(MARK.format(token))
            if mark:
                if before:  # What a node printed without the end of the line.
                    self.plugin.LogInfo(before)
                self.take_answer(token, *answer.partition(" ")[::2])
                return False
        progress = PROGRESS.search(line)
        if progress:
            self.plugin.SetProgress(min(float(progress.group(1)), 100.0))
        if line.strip():
            self.keep_line(line)
        return True

    def keep_line(self, line):
        """Keeps a line for a report: of the last ones, and of a host that did not get to the evaluator the first, too.

        One that refuses its arguments says why before it says how it is to be used.
        """
        self.lines.append(line[:LONGEST_LINE])
        if len(self.lines) > MOST_LINES:
            del self.lines[MOST_LINES // 2 if self.process is None else 0]

    def take_answer(self, token, kind, text):
        """Takes what the evaluator says."""
        plugin = self.plugin
        self.has_begun = self.has_begun or (token == self.tokens[0] and kind not in ("started", "ready"))
        self.has_news = True
        if kind == "status":
            plugin.SetStatusMessage(text)
            plugin.LogInfo(text)
        elif kind == "progress":
            fraction, _, message = text.partition(" ")
            plugin.SetProgress(100.0 * float(fraction))
            if message:
                plugin.SetStatusMessage(message)
        elif kind == "warning":
            plugin.LogWarning(text)
        elif kind == "answers":
            self.read_answers()
        elif kind == "ready":
            self.is_ready = True
        elif kind == "leaves":
            self.leaves = True
        elif kind == "started":
            facts = json.loads(text)
            self.process = facts["process"]
            self.lines.clear()  # Of the host's start.
            where = " in the virtual environment {}".format(facts["environment"]) if facts["environment"] else ""
            plugin.LogInfo(clean("Python {}{}, process {}".format(facts["python"], where, self.process)))
        elif kind == "error":
            self.failure = clean(text)  # In case it is damaged.
            facts = json.loads(text)
            self.failure = clean(facts["traceback"] or facts["message"])
        elif kind == "done" and token == self.tokens[0]:
            self.is_done = True
            facts = json.loads(text)
            self.first_memory = self.first_memory or facts["memory"]
            self.growth = facts["memory"] - self.first_memory
            self.is_last = facts["is_last"]

    def read_answers(self):
        """Takes the answers that were too long to be printed, or could not be, as the node has closed its output."""
        path = os.path.join(self.folder, "answers")
        if os.path.isfile(path):
            with open(path, "rb") as file:
                file.seek(self.answers_read)
                answers = file.read()
            self.answers_read += len(answers)
            for line in answers.decode("ascii", "replace").splitlines():
                self.handle_answer(line)

    def look(self):
        """Says once what would look like work without end: the process is stopped, or does not get to our code.

        Given arguments that it refuses, pvpython reads commands from its input, and so do others.
        """
        text = ""
        was_stopped, self.is_stopped = self.is_stopped, is_stopped(self.process)
        if self.is_stopped and not was_stopped:
            text = "Process {0} is stopped, as by a debugger or SIGSTOP; kill -CONT {0} resumes it.".format(
                self.process
            )
        elif self.process is None and not self.is_late and time.monotonic() - self.started > LATE_SECONDS:
            self.is_late = True
            text = (
                "{} has not reached the evaluator after {:.0f} s. If it never does, check its arguments in {}: {} {}{}"
            )
            host = self.host
            text = text.format(host.name, LATE_SECONDS, SETTINGS, host.executable, host.arguments, self.last_words())
        if text:
            self.plugin.SetStatusMessage(text.partition("\n")[0])
            self.plugin.LogWarning(text)

    def describe_end(self):
        """How the process ended, in words."""
        code = self.ask("GetMonitoredManagedProcessExitCode")
        return self.broken or "exit code unknown" if code is None else describe_exit(code)

    def last_words(self):
        """What it printed, for a report."""
        return "".join("\n    " + line for line in ["", *self.lines]) if self.lines else ""


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
    if -256 < code < 0 or 128 < code < 160:
        number = -code if code < 0 else code - 128
        text, words = "killed by signal {}".format(number), SIGNALS.get(number)
    else:
        code %= 2**32  # .NET has those of Windows with a sign.
        text = ("crashed with code 0x{:08X}" if code > 2**30 else "exit code {}").format(code)
        words = EXIT_CODES.get(code)
    return "{}: {}".format(text, words) if words else text


def write_failure(task, report, seconds):
    """Writes why a task failed into its bundle, whole or not at all, with the attempts before that failed like it.

    The evaluator has a file of its own for it, which is never touched (``results/failures.py``).
    """
    frames = sorted(task["frames"] or ())
    text, name = ",".join(map(str, frames)), "whole"
    if frames:
        name = "{}-{}_{}".format(frames[0], frames[-1], hashlib.sha256(text.encode("ascii")).hexdigest()[:12])
    errors = os.path.join(task["bundle"], ERRORS)
    folder = os.path.join(errors, task["node"])
    path = os.path.join(folder, "plugin-{}.json".format(name))
    if not task["node"] or not os.path.isdir(errors):
        return
    if not os.path.isdir(folder):
        os.makedirs(folder, exist_ok=True)
        share(folder)
    reason = next(filter(None, map(str.strip, report.splitlines())), "")[:LONGEST_REASON]
    earlier = evaluations_in(path)
    own = {
        "written": time.time_ns(),
        "seconds": round(seconds, 3),
        "attempt": 1 + max([0, *(one["attempt"] for one in earlier)]),
        "token": task["token"][:SHOWN_OF_TOKEN],
        "error": reason,
        **{key: task[key] for key in ("job", "task", "worker")},
    }
    record = {
        "format": FAILURE_FORMAT,
        "node": task["node"],
        "frames": text or None,
        "report": report,
        "raised": {"class": None, "arguments": None, "attributes": {}},
        "written": own["written"],
        "reason": reason,
        "evaluations": [*earlier, own][-MOST_EVALUATIONS:],
    }
    temporary = os.path.join(folder, ".plugin-{}.tmp".format(uuid.uuid4().hex[:12]))
    try:
        with open(temporary, "w", encoding="ascii") as file:
            json.dump(record, file)
            file.flush()
            os.fsync(file.fileno())
        share(temporary)
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.remove(temporary)
        raise


def evaluations_in(path):
    """The attempts that are kept in such a file; none if there is no such file, or it is damaged."""
    try:
        with open(path, "rb") as file:
            return [dict(one, attempt=int(one["attempt"])) for one in json.loads(file.read())["evaluations"]]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def share(path):
    """Gives a new file or folder the rights of the folder that it is in, as ``core/rights.py`` does."""
    with contextlib.suppress(OSError):
        parent = os.path.dirname(path)
        folder = os.stat(parent)
        attributes = os.listxattr(parent) if hasattr(os, "listxattr") else []
        if os.name == "nt" or any(name.startswith("system.posix_acl_") for name in attributes):
            return
        if os.stat(path).st_gid != folder.st_gid:
            os.chown(path, -1, folder.st_gid)
        mode = folder.st_mode & (0o070 if folder.st_mode & 0o1000 else 0o077)  # Sticky: others get nothing.
        if not os.path.isdir(path):
            os.chmod(path, mode & 0o066 | 0o600)
        else:
            os.chmod(path, mode | 0o700 | (0o2000 if mode & 0o020 else 0))


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


def parse_host(text):
    """Variables, executable and arguments of a host, written as in a shell: [VARIABLE=VALUE ]...EXECUTABLE[ ARGUMENTS].

    An executable without quotes goes up to the first blank if there are arguments, which have ``<TASK>``, else to the
    end.
    """
    variables, rest = HOST.fullmatch(text.strip()).groups()
    pairs = [(name, value.strip('"')) for name, value in VARIABLE.findall(variables)]
    if rest.startswith('"'):
        executable, _, arguments = rest[1:].partition('"')
    elif "<TASK>" in rest:
        executable, arguments = (*rest.split(None, 1), "")[:2]
    else:
        executable, arguments = rest, ""
    return pairs, executable.strip(), arguments.strip()


def clean(text):
    """The text as .NET can hold it (hosts and tooling, section 5.3); what comes from outside may be another one."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def message_of(error):
    """The text of an error: of .NET's without their stack (hosts and tooling, section 5.3)."""
    return getattr(error, "Message", None) or str(error) or type(error).__name__


def split_lines(text):
    """The lines of a setting; whether they are kept or joined by semicolons is unknown. Quotes protect semicolons."""
    return [line.strip() for line in re.findall(r'(?:"[^"\r\n]*"|[^;\r\n"]|")+', text) if line.strip()]


def reason_of_end(interpreter, how, said):
    """Why there is no result, for the report."""
    host = interpreter.host
    if interpreter.has_begun:
        why = ": the node has ended or crashed it" if how.startswith("exit code") else ""
        return "The interpreter ended before it wrote a result ({}){}.{}".format(how, why, said)
    if interpreter.process is not None:
        return "{} ended while it started ({}).{}".format(host.name, how, said)
    return (
        "{} ended before it reached the evaluator ({}). Check its arguments in {}: {} {}. If it cannot import"
        " flowpipe_deadline, run 'flowpipe-deadline install', which brings it along, or see Python Path there.{}"
    ).format(host.name, how, SETTINGS, host.executable, host.arguments, said)


def pairs_of(rules):
    """Pairs of source and target, whatever kind of collection Deadline has them in (hosts and tooling, section 5.4)."""
    items = list(rules or ())
    if all(isinstance(item, str) for item in items):  # Of an array with two dimensions.
        return list(zip(items[::2], items[1::2]))
    for source, target in (("Key", "Value"), ("Item1", "Item2")):  # Of KeyValuePair, and of Tuple.
        if hasattr(items[0], source):
            return [(getattr(item, source), getattr(item, target)) for item in items]
    return [(item[0], item[1]) for item in items]


def unhook(owner, event, handler):
    """Removes a handler; ``del`` is what vendor plugins use, and pythonnet refuses (hosts and tooling, section 5.3)."""
    try:
        delattr(owner, event)
    except TypeError:
        hooked = getattr(owner, event)
        hooked -= handler
        setattr(owner, event, hooked)


def is_stopped(process):
    """Whether the process is stopped; False where that cannot be told. Windows has no such state."""
    try:
        with open("/proc/{}/stat".format(int(process)), "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] in (b"T", b"t")
    except (OSError, TypeError, ValueError, IndexError):
        return False


def split_list(text):
    """The entries of a multi-line setting, which are separated by semicolons or line breaks."""
    return [entry.strip() for entry in re.split("[;\r\n]+", text) if entry.strip()]
