"""What every room shares: errors, files, frame lists, bundles, names, and loading Python from where it lies.

Imports nothing else of this package. Whatever a worker's interpreter or Deadline's own Python loads is valid from
Python 3.7 and imports the standard library only.
"""
