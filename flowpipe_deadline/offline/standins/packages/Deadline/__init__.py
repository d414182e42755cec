"""Stand-in of the .NET namespace ``Deadline``: ``Plugins``, ``Scripting`` and ``Jobs``."""
