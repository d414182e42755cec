"""Stand-in of ``DeadlineUI``: what scripts of the Monitor import from it (reference plugin-api 5.7)."""
