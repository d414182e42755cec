"""What several verbs share: options, output, progress.

May import what ``cli`` may, but no verb.
"""
