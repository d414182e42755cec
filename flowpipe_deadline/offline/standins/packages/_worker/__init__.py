"""The Worker's side of the stand-ins: what a plugin runs in, and the processes it starts.

Nothing here is imported by plugins. References name a section of the project's reference documents.
"""
