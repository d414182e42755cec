"""Stand-in of ``DeadlineUI.Controls`` (plugin API, section 5.7)."""
