"""What plan hooks imported from here before 0.1.0: ``with_settings`` is in ``flowpipe_deadline`` now."""

from .studio.hooks import with_settings

__all__ = ["with_settings"]
