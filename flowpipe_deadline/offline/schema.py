"""The tables of an offline farm's repository, and the longer statements on them."""

from __future__ import annotations

SCHEMA = """
CREATE TABLE jobs (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL, key TEXT NOT NULL, status TEXT NOT NULL,
    job_info TEXT NOT NULL, plugin_info TEXT NOT NULL, frame_dependent INTEGER NOT NULL,
    resume_on TEXT NOT NULL, is_deleted INTEGER NOT NULL DEFAULT 0, submitted REAL NOT NULL
);
CREATE TABLE tasks (
    job_id TEXT NOT NULL REFERENCES jobs (id), task_id INTEGER NOT NULL, number INTEGER NOT NULL,
    frames TEXT NOT NULL, status TEXT NOT NULL, errors INTEGER NOT NULL DEFAULT 0, progress REAL NOT NULL DEFAULT 0,
    message TEXT NOT NULL DEFAULT '', worker TEXT, process INTEGER, seconds REAL,
    started REAL, PRIMARY KEY (job_id, task_id)
);
CREATE INDEX tasks_by_status ON tasks (status, number, task_id);
CREATE INDEX tasks_by_worker ON tasks (worker);
CREATE TABLE frames (
    job_id TEXT NOT NULL, frame INTEGER NOT NULL, task_id INTEGER NOT NULL, PRIMARY KEY (job_id, frame)
) WITHOUT ROWID;
CREATE INDEX frames_by_task ON frames (job_id, task_id);
CREATE TABLE dependencies (job_id TEXT NOT NULL, upstream_id TEXT NOT NULL, PRIMARY KEY (job_id, upstream_id));
CREATE INDEX dependents ON dependencies (upstream_id);
"""
SELECT_TASKS = (
    "SELECT job_id, key, task_id, frames, tasks.status, errors, progress, message, worker, seconds"
    " FROM tasks JOIN jobs ON jobs.id = job_id"
)
RELEASE_ALL = "UPDATE tasks SET status = 'Queued' WHERE job_id = ? AND status = 'Pending'"
# A frame that no task upstream has holds nothing back; what Deadline does then is unknown, and no plan of ours has it.
# A job that is deleted has no tasks that could be waited for.
RELEASE_BY_FRAME = """
UPDATE tasks SET status = 'Queued' WHERE job_id = ? AND status = 'Pending' AND NOT EXISTS (
    SELECT 1 FROM frames AS mine
    JOIN dependencies ON dependencies.job_id = mine.job_id
    JOIN frames AS theirs ON theirs.job_id = upstream_id AND theirs.frame = mine.frame
    JOIN tasks AS upstream ON upstream.job_id = theirs.job_id AND upstream.task_id = theirs.task_id
    JOIN jobs ON jobs.id = upstream_id AND NOT jobs.is_deleted
    WHERE mine.job_id = tasks.job_id AND mine.task_id = tasks.task_id AND upstream.status <> 'Completed'
)
"""
