"""Stand-in of ``DeadlineUI.Controls`` (reference plugin-api 5.7)."""
