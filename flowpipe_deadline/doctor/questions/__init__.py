"""The open questions about Deadline (deadline-submission.md, section 9), each with an experiment that answers it.

May import what ``doctor`` may.
"""
