"""The Worker's side of the stand-ins: what a plugin runs in, and the processes it starts. Plugins import none of it."""
