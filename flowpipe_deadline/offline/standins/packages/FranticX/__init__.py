"""Stand-in of the .NET namespace ``FranticX``."""
