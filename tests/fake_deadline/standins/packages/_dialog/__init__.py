"""The parts of the Monitor's dialogs, and the screen that shows them to a user.

No window is opened: a test is the one who looks at the screen and presses buttons (plugin API, sections 5.1 and 5.7).
"""
