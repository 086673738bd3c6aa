"""How the code and the text of an ordered test name analytes and panels (``data/orders.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from knowledge.yaml_files import read_yaml


@dataclass(frozen=True, slots=True)
class TestNames:
    """Codes and words of panels, words of single analytes, and the statuses of a test that may still give a result."""

    __test__ = False

    panel_codes: frozenset[str]
    panel_words: re.Pattern[str]
    analytes_by_word: Mapping[str, frozenset[str]]
    open_statuses: frozenset[str]

    @classmethod
    def load(cls, data: Path) -> TestNames:
        """Read the reviewed file of a folder."""
        document = read_yaml(data / "orders.yaml")
        by_word: dict[str, set[str]] = {}
        for analyte, words in document["analytes"].items():
            for word in words:
                by_word.setdefault(word.casefold(), set()).add(analyte)
        alternatives = "|".join(re.escape(word) for word in document["panels"]["words"])
        return cls(
            frozenset(document["panels"]["loinc"]),
            re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE),
            {word: frozenset(analytes) for word, analytes in by_word.items()},
            frozenset(document["open_statuses"]),
        )
