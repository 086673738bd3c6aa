"""Errors of the store. Their messages hold no values."""

from __future__ import annotations


class StoreError(Exception):
    """The store cannot be reached or used."""


class Refused(StoreError):
    """The store is there and refuses this record; it would refuse it again."""
