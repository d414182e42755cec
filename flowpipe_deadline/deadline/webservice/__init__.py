"""Deadline over its Web Service.

May import what ``deadline`` may, and ``deadline.client``.
"""
