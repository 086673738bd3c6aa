"""A bar on standard error while a command works for long; nothing where nobody looks at it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

_Item = TypeVar("_Item")


@contextmanager
def watched(items: Iterable[_Item], label: str, length: int | None = None) -> Iterator[Iterable[_Item]]:
    """The items, with a bar that goes on with each.

    Only if standard error is a terminal, and results do not go to a terminal too, between whose lines it would stand.
    """
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield items
        return
    with click.progressbar(items, length=length, label=label, file=sys.stderr) as bar:
        yield bar
