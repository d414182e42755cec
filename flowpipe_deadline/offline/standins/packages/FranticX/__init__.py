"""Stand-in of the .NET namespace ``FranticX``, as far as plugins of flowpipe-deadline and the vendor's use it."""
