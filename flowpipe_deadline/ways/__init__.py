"""The ways to talk to Deadline: each module is one, and is imported by whoever goes that way."""
