"""Stand-in of ``DeadlineUI.Controls.Scripting`` (reference plugin-api 5.7)."""
