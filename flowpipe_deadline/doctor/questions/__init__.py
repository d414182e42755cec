"""The open questions about Deadline (deadline-submission.md, section 9), each with an experiment that answers it."""
