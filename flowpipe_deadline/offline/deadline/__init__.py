"""A Deadline in a folder, to submit to: ``deadlinecommand``, scripts and jobs in the formats of the real one."""
