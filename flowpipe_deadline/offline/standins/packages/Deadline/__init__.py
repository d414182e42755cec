"""Stand-in of the .NET namespace ``Deadline``."""
