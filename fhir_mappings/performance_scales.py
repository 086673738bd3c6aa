"""The reviewed table of performance scales: their numbers, names and codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fhir_mappings.elements import codings, last_segment
from knowledge.yaml_files import read_yaml

#: A name and a number of up to three digits; codes of large terminologies have more.
_NUMBER = re.compile(r"(?P<name>.*?)[\s:=]*\b(?P<value>\d{1,3})\s*%?")


@dataclass(frozen=True, slots=True)
class PerformanceScale:
    """One scale: its numbers, its names in texts and the codes that stand for a number."""

    values: frozenset[int]
    names: frozenset[str]
    codes: Mapping[tuple[str, str], int]
    unknown: frozenset[tuple[str, str]]

    def of_code(self, concept: Any) -> int | None:
        """The number that a code stands for."""
        keys = [(last_segment(system), code) for system, code, _ in codings(concept) if code]
        return next((self.codes[key] for key in keys if key in self.codes), None)

    def of_text(self, text: str) -> int | None:
        """The number in a whole text: ``3``, ``30%``, ``ECOG 1``. A range or a sentence gives none."""
        match = _NUMBER.fullmatch(text.strip().lower())
        if match is None or (match["name"] and match["name"].strip() not in self.names):
            return None
        return int(match["value"])

    def says_unknown(self, concept: Any) -> bool:
        """Whether a local code says that the status is not known."""
        return any((last_segment(system), code) in self.unknown for system, code, _ in codings(concept))


def load_scales(path: Path) -> Mapping[str, PerformanceScale]:
    """The scales of the table file by name."""
    return {name: _scale(entry) for name, entry in read_yaml(path)["scales"].items()}


def _scale(entry: Mapping[str, Any]) -> PerformanceScale:
    return PerformanceScale(
        values=frozenset(entry["values"]),
        names=frozenset(entry["names"]),
        codes={(system, str(code)): value for system, codes in entry["codes"].items() for code, value in codes.items()},
        unknown=frozenset((system, code) for system, codes in entry.get("unknown", {}).items() for code in codes),
    )
