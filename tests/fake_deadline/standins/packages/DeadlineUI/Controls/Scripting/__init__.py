"""Stand-in of ``DeadlineUI.Controls.Scripting`` (plugin API, section 5.7)."""
