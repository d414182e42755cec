"""Stand-in of ``DeadlineUI``: what scripts of the Monitor import from it (plugin API, section 5.7)."""
