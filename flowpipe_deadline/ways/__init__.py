"""The ways to talk to Deadline: a process per call, one process for a whole graph, or its Web Service."""
