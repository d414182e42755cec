"""A bundle for farms that take Open Job Description: AWS Deadline Cloud, ``openjd run``, and others.

Imports the rooms from ``core`` to ``offline``. Only ``export.py`` needs the extra ``openjd``; ``task.py`` runs on the
worker, and needs what the evaluator needs.
"""
