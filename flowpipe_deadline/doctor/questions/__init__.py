"""The open questions about Deadline (submission, section 9), each with an experiment that answers it.

May import what ``doctor`` may.
"""
