"""Karyotypes in ISCN notation: normal ones, and the few changes that are a known fusion by exact breakpoints."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_NORMAL = re.compile(r"^4[56],X[XY]?(?:\[\d+\])?$")
_CHANGE = re.compile(
    r"\b(?P<change>t|inv)\((?P<chromosomes>[0-9XY]{1,2}(?:;[0-9XY]{1,2})?)\)"
    r"\((?P<first>[pq]\d[\d.]*);?(?P<second>[pq]\d[\d.]*)\)"
)


@dataclass(frozen=True, slots=True)
class KaryotypeFusion:
    """A chromosome change with every accepted spelling of its two breakpoints, and the genes it joins."""

    change: str
    chromosomes: tuple[str, ...]
    breakpoints: tuple[frozenset[str], frozenset[str]]
    genes: tuple[str, ...]
    source: str


def read_karyotype_fusions(data: Mapping[str, Any]) -> tuple[KaryotypeFusion, ...]:
    """The table of ``fusions_by_karyotype.yaml``."""
    return tuple(
        KaryotypeFusion(
            change=item["change"],
            chromosomes=tuple(item["chromosomes"]),
            breakpoints=(frozenset(item["breakpoints"][0]), frozenset(item["breakpoints"][1])),
            genes=tuple(item["genes"]),
            source=item["source"],
        )
        for item in data["fusions"]
    )


def is_normal(iscn: str) -> bool:
    """Whether the whole karyotype is normal."""
    return _NORMAL.match(re.sub(r"\s+", "", iscn)) is not None


def fusions_in(iscn: str, known: tuple[KaryotypeFusion, ...]) -> list[KaryotypeFusion]:
    """The known fusions that a karyotype names with exact breakpoints."""
    plain = re.sub(r"\s+", "", iscn)
    return [fusion for match in _CHANGE.finditer(plain) for fusion in known if _is(match, fusion)]


def _is(match: re.Match[str], fusion: KaryotypeFusion) -> bool:
    return (
        match["change"] == fusion.change
        and tuple(match["chromosomes"].split(";")) == fusion.chromosomes
        and match["first"] in fusion.breakpoints[0]
        and match["second"] in fusion.breakpoints[1]
    )
