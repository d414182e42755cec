"""The picture of a graph: laid out, and drawn as SVG or as a page of its own.

Imports the rooms from ``core`` to ``redo``. Only ``layout.py`` knows the library that lays graphs out, and only
``page.py`` and ``svg.py`` know how a picture looks.
"""
