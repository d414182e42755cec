"""A Deadline in a folder, for tests: ``deadlinecommand``, scripts and a Web Service, in the real one's formats."""
