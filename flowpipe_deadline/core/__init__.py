"""What every room shares: errors, files, locks, frame lists, bundles, names, and loading Python files.

Imports nothing else of this package. Whatever a worker's interpreter or Deadline's own Python loads is valid from
Python 3.7 and imports the standard library only.
"""
