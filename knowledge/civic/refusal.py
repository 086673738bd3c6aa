"""Why something of CIViC is not imported."""

from __future__ import annotations


class NotExact(ValueError):
    """What CIViC says cannot be said exactly in criteria; the message is the reason that the report counts."""
