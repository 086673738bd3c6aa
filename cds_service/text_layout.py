"""Tables and wrapped lists for the terminal: at most 100 columns, less in a narrow one."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Sequence

import click

WIDEST = 100


def width() -> int:
    """The columns to fill: those of the terminal, at most 100; 100 where there is no terminal."""
    return max(60, min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns))


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], shares: Sequence[int]) -> str:
    """A table whose cells are wrapped; the shares are columns of 100. A line break in a cell stays one."""
    widths = _widths(shares)
    lines = [click.style(_row(headers, widths), bold=True)]
    for row in rows:
        cells = [_wrapped(cell, room) for cell, room in zip(row, widths, strict=True)]
        for number in range(max(map(len, cells))):
            lines.append(_row([cell[number] if number < len(cell) else "" for cell in cells], widths))
    return "\n".join(lines)


def heading(text: str) -> str:
    """A line that begins a part."""
    return click.style(text, bold=True)


def item(text: str, depth: int = 0) -> str:
    """One entry of a list, wrapped under its first word."""
    before = "  " * depth
    return textwrap.fill(
        text, width(), initial_indent=f"{before}- ", subsequent_indent=f"{before}  ", break_long_words=False
    )


def paragraph(text: str) -> str:
    """Wrapped text."""
    return textwrap.fill(text, width(), break_long_words=False, break_on_hyphens=False)


def _widths(shares: Sequence[int]) -> list[int]:
    gaps = 2 * (len(shares) - 1)
    room = width() - gaps
    whole = sum(shares)
    return [max(8, share * room // whole) for share in shares]


def _wrapped(cell: str, room: int) -> list[str]:
    return [line for part in cell.split("\n") for line in textwrap.wrap(part, room) or [""]]


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(room) for cell, room in zip(cells, widths, strict=True)).rstrip()
