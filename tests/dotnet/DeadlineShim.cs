// What the Flowpipe plugin uses of Deadline, as .NET classes (plugin API, sections 1 to 3), for tests on real .NET.
// Each process has its own reader threads, and its end does not wait for them (hosts and tooling, section 5.4).
using System;
using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Threading;

namespace Shim
{
    // One render thread with its job: what the plugin is told, and what it reported.
    public class Worker
    {
        public string[] Frames = new string[0];
        public string PluginDirectory = "", DataDirectory = "", CancelOn = "";
        public int ThreadNumber = 0, OutputDelay = 0;
        public bool AllHandlers = false, HandlersOnReaders = false, JobEnvironmentOnly = false;
        public volatile bool Canceled = false;
        public readonly Dictionary<string, string> PluginInfo = new Dictionary<string, string>();
        public readonly Dictionary<string, string> Config = new Dictionary<string, string>();
        public readonly Dictionary<string, string> JobEnvironment = new Dictionary<string, string>();
        public readonly Dictionary<string, string> ProcessEnvironment = new Dictionary<string, string>();
        public readonly ConcurrentQueue<string> Lines = new ConcurrentQueue<string>();
        public readonly ConcurrentQueue<double> Progress = new ConcurrentQueue<double>();
        public readonly ConcurrentQueue<string> Status = new ConcurrentQueue<string>();
        public int[] TaskFrames = new int[0];
        public string TaskId = "0", JobId = "000000000000000000000001";

        public void Log(string level, string text)
        {
            Lines.Enqueue(level + ": " + text);
            if (CancelOn != "" && text != null && text.Contains(CancelOn)) Canceled = true;
        }

        // Runs a phase on a new .NET thread; null, or type and text of the exception that left it.
        public string[] Run(Action phase)
        {
            string[] failure = null;
            var thread = new Thread(() =>
            {
                try { phase(); }
                catch (Exception error) { failure = new[] { error.GetType().FullName, error.Message }; }
            });
            thread.Start();
            thread.Join();
            return failure;
        }

        public string[] LogLines { get { return Lines.ToArray(); } }
        public double[] Percents { get { return Progress.ToArray(); } }
        public string[] Statuses { get { return Status.ToArray(); } }
    }

    // Which events of which objects still have a handler, and which objects are still there.
    public static class Audit
    {
        static readonly List<WeakReference> objects = new List<WeakReference>();

        public static void Remember(object item) { lock (objects) objects.Add(new WeakReference(item)); }

        public static void Forget() { lock (objects) objects.Clear(); }

        public static string[] Hooked()
        {
            var found = new List<string>();
            foreach (var item in Items())
                foreach (var field in Events(item))
                {
                    var handlers = (Delegate)field.GetValue(item);
                    if (handlers != null)
                        found.Add(item.GetType().Name + "." + field.Name + " " + handlers.GetInvocationList().Length);
                }
            return found.ToArray();
        }

        public static string[] Alive()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            return Items().Select(item => item.GetType().Name).ToArray();
        }

        // What Deadline's pythonnet does for `del plugin.XCallback`; false: there is no such event.
        public static bool Unhook(object item, string name)
        {
            var field = Events(item).FirstOrDefault(one => one.Name == name);
            if (field != null) field.SetValue(item, null);
            return field != null;
        }

        static object[] Items()
        {
            lock (objects) return objects.Select(item => item.Target).Where(item => item != null).ToArray();
        }

        static IEnumerable<FieldInfo> Events(object item)
        {
            for (var type = item.GetType(); type != null; type = type.BaseType)
                foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                    if (typeof(Delegate).IsAssignableFrom(field.FieldType)) yield return field;
        }
    }
}

namespace FranticX.Processes
{
    public class ManagedProcess
    {
        public class RegexHandlerCallback
        {
            public event Action HandleCallback;
            internal readonly Regex Pattern;

            public RegexHandlerCallback(string pattern)
            {
                Pattern = new Regex(pattern);
                Shim.Audit.Remember(this);
            }

            internal void Fire() { if (HandleCallback != null) HandleCallback(); }
        }

        public event Action InitializeProcessCallback;
        public event Func<string> RenderExecutableCallback;
        public event Func<string> RenderArgumentCallback;
        public event Func<string> StartupDirectoryCallback;

        public bool StdoutHandling { get; set; }
        public bool PopupHandling { get; set; }
        public bool UseProcessTree { get; set; }
        public bool HideDosWindow { get; set; }

        internal readonly Dictionary<string, string> Variables = new Dictionary<string, string>();
        readonly List<RegexHandlerCallback> handlers = new List<RegexHandlerCallback>();
        readonly object handling = new object();
        Match match;
        bool suppressed;

        public ManagedProcess()
        {
            UseProcessTree = true;
            HideDosWindow = true;
            Shim.Audit.Remember(this);
        }

        public IEnumerable<RegexHandlerCallback> StdoutHandlers { get { return handlers; } }

        public RegexHandlerCallback AddStdoutHandlerCallback(string pattern)
        {
            return KeepHandler(new RegexHandlerCallback(pattern));
        }

        public RegexHandlerCallback KeepHandler(RegexHandlerCallback handler)
        {
            handlers.Add(handler);
            return handler;
        }

        public string GetRegexMatch(int group)
        {
            if (match == null) throw new InvalidOperationException("GetRegexMatch is for stdout handlers.");
            return match.Groups[group].Value;
        }

        public void SetEnvironmentVariable(string name, string value) { Variables[name] = value; }

        public void SuppressThisLine() { suppressed = true; }

        public void FireInitializeProcess() { if (InitializeProcessCallback != null) InitializeProcessCallback(); }

        internal string[] Command()
        {
            return new[] { RenderExecutableCallback(), RenderArgumentCallback == null ? "" : RenderArgumentCallback(),
                           StartupDirectoryCallback == null ? "" : StartupDirectoryCallback() };
        }

        internal void Take(Shim.Worker worker, string line, bool handle)
        {
            lock (handling)
            {
                suppressed = false;
                try
                {
                    if (!handle || !StdoutHandling) return;
                    foreach (var handler in handlers.ToArray())
                    {
                        match = handler.Pattern.Match(line);
                        if (!match.Success) continue;
                        handler.Fire();
                        if (!worker.AllHandlers) break;
                    }
                }
                finally
                {
                    match = null;
                    if (!suppressed) worker.Log("STDOUT", line);
                }
            }
        }
    }

    // A process that runs, with a thread for each of its two outputs.
    internal class Monitored
    {
        readonly Process process;
        readonly ManagedProcess owner;
        readonly Shim.Worker worker;
        readonly List<Thread> readers = new List<Thread>();
        readonly ConcurrentQueue<KeyValuePair<DateTime, string>> lines = new ConcurrentQueue<KeyValuePair<DateTime, string>>();
        public bool ExitChecking = true;

        public Monitored(ManagedProcess owner, Shim.Worker worker)
        {
            this.owner = owner;
            this.worker = worker;
            owner.FireInitializeProcess();
            var command = owner.Command();
            var start = new ProcessStartInfo(command[0], command[1]);
            start.WorkingDirectory = string.IsNullOrEmpty(command[2]) ? Path.GetDirectoryName(command[0]) : command[2];
            start.UseShellExecute = false;
            start.CreateNoWindow = owner.HideDosWindow;
            start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
            start.StandardOutputEncoding = start.StandardErrorEncoding = new UTF8Encoding(false);
            if (worker.JobEnvironmentOnly) start.EnvironmentVariables.Clear();
            foreach (var set in new[] { worker.JobEnvironment, worker.ProcessEnvironment, owner.Variables })
                foreach (var pair in set) start.EnvironmentVariables[pair.Key] = pair.Value;
            process = Process.Start(start);
            Read(process.StandardOutput);
            Read(process.StandardError);
        }

        void Read(StreamReader stream)
        {
            var reader = new Thread(() =>
            {
                string line;
                while ((line = stream.ReadLine()) != null)
                    if (worker.HandlersOnReaders) owner.Take(worker, line, true);
                    else lines.Enqueue(new KeyValuePair<DateTime, string>(DateTime.UtcNow.AddMilliseconds(worker.OutputDelay), line));
            });
            reader.IsBackground = true;
            reader.Start();
            readers.Add(reader);
        }

        public int Id { get { return process.Id; } }
        public bool IsRunning { get { return !process.HasExited; } }
        public int ExitCode { get { return process.ExitCode; } }

        // Only the lines that came until now, as a process may write without end.
        public void Flush(bool handle)
        {
            KeyValuePair<DateTime, string> line;
            for (var left = lines.Count; left > 0 && lines.TryPeek(out line) && line.Key <= DateTime.UtcNow; left--)
                if (lines.TryDequeue(out line)) owner.Take(worker, line.Value, handle);
        }

        // Does not wait for the readers.
        public bool Wait(int milliseconds)
        {
            try { return process.WaitForExit(milliseconds); }
            catch (SystemException) { return process.HasExited; }
        }

        public void Write(string text) { process.StandardInput.WriteLine(text); }

        public void Stop()
        {
            var kill = typeof(Process).GetMethod("Kill", new[] { typeof(bool) });
            if (!process.HasExited) kill.Invoke(process, new object[] { owner.UseProcessTree });
            process.WaitForExit(5000);
            foreach (var reader in readers) reader.Join(500);
            Thread.Sleep(lines.IsEmpty ? 0 : worker.OutputDelay);
            Flush(false);
        }
    }
}

namespace Deadline.Jobs
{
    public class Job
    {
        readonly Shim.Worker worker;
        internal Job(Shim.Worker worker) { this.worker = worker; }
        public string JobId { get { return worker.JobId; } }
        public bool JobUseJobEnvironmentOnly { get { return worker.JobEnvironmentOnly; } }

        public string GetJobEnvironmentKeyValue(string key)
        {
            string value;
            return worker.JobEnvironment.TryGetValue(key, out value) ? value : "";
        }
    }

    public class Task
    {
        readonly Shim.Worker worker;
        internal Task(Shim.Worker worker) { this.worker = worker; }
        public int[] TaskFrameList { get { return worker.TaskFrames; } }
    }
}

namespace Deadline.Scripting
{
    public static class ClientUtils
    {
        public static string GetBinDirectory() { return Environment.GetEnvironmentVariable("DEADLINE_PATH") ?? ""; }
    }

    public static class FileUtils
    {
        public static string SearchFileList(string files)
        {
            return files.Split(';').Select(path => path.Trim()).FirstOrDefault(File.Exists) ?? "";
        }
    }

    public static class RepositoryUtils
    {
        static object mappings = new string[0][];

        // Of which type Deadline's pairs are is unknown (hosts and tooling, section 5.4).
        public static void Play(string form, string source, string target)
        {
            switch (form)
            {
                case "arrays": mappings = new[] { new[] { source, target } }; break;
                case "list of arrays": mappings = new List<string[]> { new[] { source, target } }; break;
                case "pairs": mappings = new[] { new KeyValuePair<string, string>(source, target) }; break;
                case "tuples": mappings = new[] { Tuple.Create(source, target) }; break;
                case "dictionary": mappings = new Dictionary<string, string> { { source, target } }; break;
                case "two dimensions": mappings = new[,] { { source, target } }; break;
                case "null": mappings = null; break;
                default: mappings = new string[0][]; break;
            }
        }

        public static object GetPathMappings() { return mappings; }
        public static string CheckPathMapping(string text) { return text; }
        public static string CheckPathMapping(string text, bool unknown) { return text; }
    }
}

namespace Deadline.Plugins
{
    using Deadline.Jobs;
    using FranticX.Processes;

    public enum PluginType { Simple, Advanced }

    public class FailRenderException : Exception
    {
        public FailRenderException(string message) : base(message) { }
    }

    public class RenderPluginException : Exception
    {
        public RenderPluginException(string message) : base(message) { }
    }

    public class DeadlinePlugin : ManagedProcess
    {
        public event Action StartJobCallback;
        public event Action RenderTasksCallback;
        public event Action EndJobCallback;

        public PluginType PluginType { get; set; }
        public bool SingleFramesOnly { get; set; }

        readonly ConcurrentDictionary<string, Monitored> monitored = new ConcurrentDictionary<string, Monitored>();
        Shim.Worker worker;

        public void Attach(Shim.Worker found) { worker = found; }

        public void Fire(string phase)
        {
            if (phase == "InitializeProcess") FireInitializeProcess();
            var callback = phase == "StartJob" ? StartJobCallback : phase == "RenderTasks" ? RenderTasksCallback
                : phase == "EndJob" ? EndJobCallback : null;
            if (callback != null) callback();
        }

        public void StopAll() { foreach (var one in monitored.Values) one.Stop(); }

        public string GetPluginInfoEntry(string key)
        {
            string value;
            if (worker.PluginInfo.TryGetValue(key, out value)) return value;
            throw new KeyNotFoundException("The plugin info has no entry " + key);
        }

        public string GetPluginInfoEntryWithDefault(string key, string standard)
        {
            return worker.PluginInfo.ContainsKey(key) ? worker.PluginInfo[key] : standard;
        }

        public string GetConfigEntryWithDefault(string key, string standard)
        {
            return worker.Config.ContainsKey(key) ? worker.Config[key] : standard;
        }

        public int GetIntegerConfigEntryWithDefault(string key, int standard)
        {
            return worker.Config.ContainsKey(key) ? int.Parse(worker.Config[key]) : standard;
        }

        public bool GetBooleanConfigEntryWithDefault(string key, bool standard)
        {
            return worker.Config.ContainsKey(key) ? bool.Parse(worker.Config[key]) : standard;
        }

        public Job GetJob() { return new Job(worker); }
        public Task GetCurrentTask() { return new Task(worker); }
        public string GetCurrentTaskId() { return worker.TaskId; }
        public string GetSlaveName() { return "render01"; }
        public int GetThreadNumber() { return worker.ThreadNumber; }
        public string GetJobsDataDirectory() { return worker.DataDirectory; }
        public string GetPluginDirectory() { return worker.PluginDirectory; }

        public string CreateTempDirectory(string prefix)
        {
            var name = prefix + "_temp" + Guid.NewGuid().ToString("N").Substring(0, 6);
            return Directory.CreateDirectory(Path.Combine(worker.DataDirectory, name)).FullName;
        }

        public void SetProcessEnvironmentVariable(string name, string value)
        {
            worker.Log("INFO", "Setting Process Environment Variable " + name + " to " + value);
            worker.ProcessEnvironment[name] = value;
        }

        public string GetProcessEnvironmentVariable(string name)
        {
            string value;
            return worker.ProcessEnvironment.TryGetValue(name, out value) ? value : "";
        }

        public void SetProgress(double percent) { worker.Progress.Enqueue(percent); }
        public void SetStatusMessage(string text) { worker.Status.Enqueue(text); }
        public void LogInfo(string text) { worker.Log("INFO", text); }
        public void LogWarning(string text) { worker.Log("WARNING", text); }
        public bool IsCanceled() { return worker.Canceled; }
        public void FailRender(string message) { throw new FailRenderException(message); }

        public void StartMonitoredManagedProcess(string name, ManagedProcess process)
        {
            Monitored old;
            if (monitored.TryGetValue(name, out old) && old.IsRunning)
                throw new ArgumentException("A process with the name " + name + " is running.");
            monitored[name] = new Monitored(process, worker);
            worker.Log("DEBUG", "started " + monitored[name].Id);
        }

        public void FlushMonitoredManagedProcessStdout(string name) { monitored[name].Flush(true); }
        public void FlushMonitoredManagedProcessStdoutNoHandling(string name) { monitored[name].Flush(false); }
        public bool WaitForMonitoredManagedProcessToExit(string name, int milliseconds) { return monitored[name].Wait(milliseconds); }
        public bool MonitoredManagedProcessIsRunning(string name) { return monitored.ContainsKey(name) && monitored[name].IsRunning; }
        public int GetMonitoredManagedProcessExitCode(string name) { return monitored[name].ExitCode; }
        public void SetMonitoredManagedProcessExitCheckingFlag(string name, bool flag) { monitored[name].ExitChecking = flag; }
        public void WriteStdinToMonitoredManagedProcess(string name, string text) { monitored[name].Write(text); }

        public void VerifyMonitoredManagedProcess(string name)
        {
            if (monitored[name].IsRunning) return;
            worker.Log("WARNING", "Monitored managed process " + name + " is no longer running");
            throw new RenderPluginException("Monitored managed process \"" + name + "\" has exited or been terminated.");
        }

        public void ShutdownMonitoredManagedProcess(string name)
        {
            Monitored found;
            if (monitored.TryRemove(name, out found)) found.Stop();
        }
    }
}
