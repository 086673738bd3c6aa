"""Chromosome changes in a karyotype as ISCN writes it: ``46,XX,del(5)(q13q33)[15]/46,XX[5]``."""

from __future__ import annotations

import re

_SEX = re.compile(r"[XY]{1,4}\??")
_CELLS = re.compile(r"\[(?:cp)?\d+\]$")


def clones_with(change: str, iscn: str) -> list[tuple[str, ...]]:
    """The clones of a karyotype that show a change such as ``del(5q)``, each as the tuple of all its changes.

    A change is found by chromosome, kind and arm; the bands are not compared.
    """
    kind, chromosome, arm = _parts(change)
    wanted = re.compile(rf"{kind}\({chromosome}\)\({arm}|{kind}\({chromosome}{arm}\)")
    clones = [_changes(clone) for clone in re.sub(r"\s+", "", iscn).split("/")]
    return [clone for clone in clones if any(wanted.match(found) for found in clone)]


def _parts(change: str) -> tuple[str, str, str]:
    match = re.fullmatch(r"(del)\((\d+)([pq])\)", change)
    if match is None:
        raise ValueError(f"not a chromosome change: {change!r}")
    return match[1], match[2], match[3]


def _changes(clone: str) -> tuple[str, ...]:
    """The changes of a clone, without the count of chromosomes, the sex chromosomes and the count of cells."""
    parts = [_CELLS.sub("", part) for part in clone.split(",")]
    return tuple(part for part in parts[1:] if part and not _SEX.fullmatch(part))
