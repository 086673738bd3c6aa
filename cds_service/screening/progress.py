"""How far a screening is, for whoever waits for it: a bar on a terminal, a line for each step elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

Advance = Callable[[int], None]


class Progress:
    """Writes to standard error; says no name of a patient or file."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet

    @contextmanager
    def step(self, label: str, length: int) -> Iterator[Advance]:
        """One step of so many units; what it yields is called with the number of units done."""
        if self._quiet or not sys.stderr.isatty():
            self.say(label)
            yield lambda units: None
            return
        with click.progressbar(length=length, label=label, file=sys.stderr, show_pos=True) as bar:
            yield bar.update

    def say(self, text: str) -> None:
        """One line."""
        if not self._quiet:
            click.echo(text, err=True)
