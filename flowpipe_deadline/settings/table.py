"""The table of settings: readable names, Deadline's keys, what they take, and their defaults.

Keys, ranges and defaults: submission, section 1.2, which rests on the manual's list (evidence D2) but where
a row says otherwise. A name is the key's words in snake case; lists have a plural where Deadline has a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .kinds import (
    BOOLEAN,
    FULL_PATH,
    FULL_PATHS,
    MACHINE_PROGRESS,
    MOMENT,
    NAMES,
    NOTE,
    SPAN,
    TEXT,
    TIME_OF_DAY,
    ValueKind,
    choice,
    whole_number,
)

_NUMBER = whole_number(0)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_SLOTS = range(10)


@dataclass(frozen=True)
class JobSetting:
    """One setting of a job."""

    name: str
    key: str
    """Deadline's key; ``#`` stands for the numbers of a series, from 0."""
    kind: ValueKind
    """What it takes; for a series, what each item takes."""
    default: str
    """What Deadline uses without it, as documented; empty for nothing."""
    about: str
    """What it means, in one line."""
    evidence: str = "D2"

    @property
    def is_series(self) -> bool:
        """Whether it takes a list that becomes numbered keys."""
        return self.key.endswith("#")

    @property
    def words(self) -> str:
        """What it takes, for people."""
        return f"a list, each {self.kind.words}" if self.is_series else self.kind.words


_row = JobSetting


def _timeout(name: str, key: str, about: str) -> tuple[JobSetting, ...]:
    units = ("seconds", "minutes")
    return tuple(
        _row(f"{name}_{unit}", f"{key}{unit.title()}", _NUMBER, "0", f"{unit.title()} {about}") for unit in units
    )


# fmt: off
# One row to a line, where it fits.
SECTIONS: Mapping[str, tuple[JobSetting, ...]] = {
    "General": (
        _row("comment", "Comment", TEXT, "", "A note for the Monitor"),
        _row("department", "Department", TEXT, "", "Groups jobs in the Monitor"),
        _row("user_name", "UserName", TEXT, "current user", "The job's user; the farm's security may refuse it"),
        _row("machine_name", "MachineName", TEXT, "current machine", "The machine that the job is submitted from"),
        _row("pool", "Pool", TEXT, "none", "The pool of workers"),
        _row("secondary_pool", "SecondaryPool", TEXT, "", "A further pool to use when its workers are free"),
        _row("group", "Group", TEXT, "none", "The group of workers"),
        _row("priority", "Priority", _NUMBER, "50", "The higher the sooner; the maximum is the repository's"),
        _row("concurrent_tasks", "ConcurrentTasks", whole_number(1, 16), "1", "Tasks that a worker does at once"),
        _row("limit_concurrent_tasks_to_number_of_cpus", "LimitConcurrentTasksToNumberOfCpus", BOOLEAN, "true",
             "No more tasks at once than a worker has processors"),
        _row("on_job_complete", "OnJobComplete", choice("Nothing", "Delete", "Archive"), "Nothing",
             "What happens to the job when it is complete"),
        _row("synchronize_all_auxiliary_files", "SynchronizeAllAuxiliaryFiles", BOOLEAN, "false",
             "Workers fetch all job files anew between tasks"),
        _row("force_reload_plugin", "ForceReloadPlugin", BOOLEAN, "false", "The plugin is loaded anew for each task"),
        _row("sequential", "Sequential", BOOLEAN, "false", "A worker takes tasks in order, and stays to the end"),
        _row("suppress_events", "SuppressEvents", BOOLEAN, "false", "Event plugins are not notified of the job"),
        _row("protected", "Protected", BOOLEAN, "false", "Only its user or a super user deletes it, no house cleaning"),
    ),
    "Time-outs": (
        *_timeout("min_render_time", "MinRenderTime", "that a task takes at least, or it is an error"),
        *_timeout("task_timeout", "TaskTimeout", "that a task may take; 0 for any"),
        *_timeout("start_job_timeout", "StartJobTimeout", "that a worker may take to start the job; 0 for any"),
        _row("initialize_plugin_timeout_seconds", "InitializePluginTimeoutSeconds", _NUMBER, "0",
             "Seconds that the plugin may take to load; 0 for any"),
        _row("on_task_timeout", "OnTaskTimeout",
             choice("Error", "Notify", "ErrorAndNotify", "Complete",
                    "RequeueAndNotify", "Requeue", "FailAndNotify", "Fail"), "Error",
             "What happens to a task that takes too long; the last four are of 10.4's scripting API", "D2, D"),
        _row("enable_auto_timeout", "EnableAutoTimeout", BOOLEAN, "false", "The time-out follows from completed tasks"),
        _row("enable_timeouts_for_script_tasks", "EnableTimeoutsForScriptTasks", BOOLEAN, "false",
             "Time-outs bind pre and post job scripts as well"),
        _row("enable_frame_timeouts", "EnableFrameTimeouts", BOOLEAN, "false", "Time-outs are per frame, not per task"),
    ),
    "Interruption": (
        _row("interruptible", "Interruptible", BOOLEAN, "false", "A job of higher priority may interrupt it"),
        _row("interruptible_percentage", "InterruptiblePercentage", whole_number(0, 100), "100",
             "Only tasks at or below this progress are interrupted", "D2; default O"),
        _row("rem_time_threshold", "RemTimeThreshold", _NUMBER, "0",
             "Only tasks with more than these seconds left are interrupted", "D2; default O"),
    ),
    "Machines": (
        _row("machine_limit", "MachineLimit", _NUMBER, "0", "Workers that may render it at once; 0 for all"),
        _row("machine_limit_progress", "MachineLimitProgress", MACHINE_PROGRESS, "-1",
             "A worker counts no more once its task has passed this progress; -1 for never"),
        # Not Allowlist and Denylist: the old names are what submitters for 10.0 to 10.4 write (R, C AY), the new ones
        # are known of 10.2 and 10.3 only (O, C LD), and no source says that the old ones were ever dropped.
        _row("allow_list", "Whitelist", NAMES, "", "The only workers that may render it", "D2, R, C"),
        _row("deny_list", "Blacklist", NAMES, "", "Workers that may not render it", "D2, R, C"),
        _row("limits", "LimitGroups", NAMES, "", "Limits, such as licences, that its tasks count against"),
    ),
    "Dependencies": (
        _row("required_assets", "RequiredAssets", FULL_PATHS, "",
             "Files that must exist first; where tasks wait for frames, # is the frame"),
        _row("script_dependencies", "ScriptDependencies", FULL_PATHS, "", "Scripts that say whether it may start"),
    ),
    "Failure detection": (
        _row("override_job_failure_detection", "OverrideJobFailureDetection", BOOLEAN, "false",
             "The job has its own number of errors to fail at"),
        _row("failure_detection_job_errors", "FailureDetectionJobErrors", _NUMBER, "the repository's",
             "Errors at which the job fails; 0 for never", "D2; default U"),
        _row("override_task_failure_detection", "OverrideTaskFailureDetection", BOOLEAN, "false",
             "The job has its own number of errors for a task to fail at"),
        _row("failure_detection_task_errors", "FailureDetectionTaskErrors", _NUMBER, "the repository's",
             "Errors at which a task fails; 0 for never", "D2; default U"),
        _row("ignore_bad_job_detection", "IgnoreBadJobDetection", BOOLEAN, "false", "Workers with errors keep trying"),
        _row("send_job_error_warning", "SendJobErrorWarning", BOOLEAN, "false", "Its user is notified of many errors"),
    ),
    "Cleanup": (
        _row("delete_on_complete", "DeleteOnComplete", BOOLEAN, "false", "As on_job_complete", "R"),
        _row("archive_on_complete", "ArchiveOnComplete", BOOLEAN, "false", "As on_job_complete", "R"),
        _row("override_auto_job_cleanup", "OverrideAutoJobCleanup", BOOLEAN, "false", "The job has rules of its own"),
        _row("override_job_cleanup", "OverrideJobCleanup", BOOLEAN, "", "House cleaning cleans it up", "D2; default U"),
        _row("job_cleanup_days", "JobCleanupDays", _NUMBER, "", "Days until then", "D2; default U"),
        _row("override_job_cleanup_type", "OverrideJobCleanupType", choice("ArchiveJobs", "DeleteJobs"), "",
             "What house cleaning does with it", "D2; default U"),
    ),
    "Schedule": (
        _row("scheduled_type", "ScheduledType", choice("None", "Once", "Daily", "Custom"), "None",
             "When it may be rendered"),
        _row("scheduled_start", "ScheduledStartDateTime", MOMENT, "", "When it begins, Once or first of Daily"),
        _row("scheduled_days", "ScheduledDays", whole_number(1), "1", "Days from one beginning to the next, if Daily"),
        _row("job_delay", "JobDelay", SPAN, "", "How long it waits after submission"),
        *(
            _row(f"scheduled_{day.lower()}_{end.lower()}_time", f"Scheduled{day}{end}Time", TIME_OF_DAY, "",
                 f"When it {'begins' if end == 'Start' else 'stops'} on {day}s, if Custom")
            for day in _DAYS for end in ("Start", "Stop")
        ),
    ),
    "Scripts and plugins": (
        _row("pre_job_script", "PreJobScript", FULL_PATH, "", "Runs as a task of its own before all others", "D"),
        _row("post_job_script", "PostJobScript", FULL_PATH, "", "Runs as a task of its own after all others", "D"),
        _row("pre_task_script", "PreTaskScript", FULL_PATH, "", "Runs before each task", "D"),
        _row("post_task_script", "PostTaskScript", FULL_PATH, "", "Runs after each task", "D"),
        _row("event_opt_ins", "EventOptIns", NAMES, "", "Event plugins that run only for jobs which ask for them"),
        _row("custom_plugin_directory", "CustomPluginDirectory", FULL_PATH, "",
             "Where the plugin is looked for, before the repository"),
    ),
    "Environment": (
        _row("include_environment", "IncludeEnvironment", BOOLEAN, "false",
             "All of the environment that hands the job over; capture_environment takes what you name", "D2, D"),
        _row("use_job_environment_only", "UseJobEnvironmentOnly", BOOLEAN, "false",
             "Nothing of the worker's environment: name all that the interpreter needs, SystemRoot too", "D2, D"),
    ),
    "Extra info": (
        *(_row(f"extra_info_{slot}", f"ExtraInfo{slot}", TEXT, "", "A column of the Monitor") for slot in _SLOTS),
        _row("override_task_extra_info_names", "OverrideTaskExtraInfoNames", BOOLEAN, "false",
             "The columns of its tasks have names of their own"),
        *(
            _row(f"task_extra_info_name_{slot}", f"TaskExtraInfoName{slot}", TEXT, "", "The name of such a column")
            for slot in _SLOTS
        ),
    ),
    "Output": (
        _row("output_directories", "OutputDirectory#", FULL_PATH, "", "Folders that the Monitor opens"),
        _row("output_filenames", "OutputFilename#", TEXT, "",
             "Files that the Monitor shows, # for the frame: full paths, or a name for each of output_directories"),
        _row("aws_asset_files", "AWSAssetFile#", FULL_PATH, "", "For AWS Portal; its precache command is not run", "R"),
    ),
    "Notifications": (
        _row("notification_targets", "NotificationTargets", NAMES, "", "Users who are notified on completion"),
        _row("clear_notification_targets", "ClearNotificationTargets", BOOLEAN, "false", "Its user is not notified"),
        _row("notification_emails", "NotificationEmails", NAMES, "", "E-mail addresses that are notified"),
        _row("override_notification_method", "OverrideNotificationMethod", BOOLEAN, "false",
             "The job, and not each user, sets how they are notified"),
        _row("email_notification", "EmailNotification", BOOLEAN, "false", "They are notified by e-mail"),
        _row("popup_notification", "PopupNotification", BOOLEAN, "false", "They are notified by a pop-up window"),
        _row("notification_note", "NotificationNote", NOTE, "", "A note to add to the notification"),
    ),
}
# fmt: on
SETTINGS: Mapping[str, JobSetting] = {setting.name: setting for section in SECTIONS.values() for setting in section}
"""All settings by name, in the order in which they are written."""
