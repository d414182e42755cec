"""What dialogs of the Monitor are made of, and the screen that they are on, with somebody before it.

No window is opened: a test is the one who looks at the screen and presses buttons (plugin API, sections 5.1 and 5.7).
"""
