"""Why a job waits, failed or gave nothing: what the explanation is made of.

May import what ``status`` may. Deadline's own Python runs it too: the standard library only, from Python 3.7.
"""
