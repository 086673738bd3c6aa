"""The reviewed tables of disease status: what values mean, and the sites of secondary tumours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fhir_mappings.elements import codings, last_segment, texts
from fhir_mappings.stage_codes import without_tag
from knowledge.yaml_files import read_yaml

_LYMPH_NODE = "lymph node"
_SITE_IN_NAME = re.compile(
    r"(?:secondary malignant neoplasm|metastatic malignant neoplasm|metastasis|cancer metastatic)\s+(?:of|to|in)\s+(.+)"
)


@dataclass(frozen=True, slots=True)
class DiseaseStatusCodes:
    """The reviewed tables of disease status and metastasis."""

    _codes: Mapping[tuple[str, str], str]
    _words: Mapping[str, str]
    _metastatic: frozenset[tuple[str, str]]
    _none: frozenset[tuple[str, str]]
    _none_words: frozenset[str]
    _sites: Mapping[tuple[str, str], str]
    _icd10_sites: Mapping[str, str]
    _maybe_regional: frozenset[str]

    @classmethod
    def load(cls, path: Path) -> DiseaseStatusCodes:
        """Load the table file."""
        data = read_yaml(path)
        values, metastasis = data["values"], data["metastasis"]
        return cls(
            _codes={("sct", str(code)): value for value, entry in values.items() for code in entry["sct"]},
            _words={word: value for value, entry in values.items() for word in entry["words"]},
            _metastatic=frozenset(("sct", str(code)) for code in metastasis["present"]["sct"]),
            _none=frozenset(("sct", str(code)) for code in metastasis["none"]["sct"]),
            _none_words=frozenset(metastasis["none"]["words"]),
            _sites={("sct", str(code)): site for code, site in metastasis["sites"]["sct"].items()},
            _icd10_sites=metastasis["sites"]["icd10"],
            _maybe_regional=frozenset(metastasis["maybe_regional"]),
        )

    def status_of(self, concept: Any) -> str | None:
        """The course that a value names, by code, else by a whole text."""
        by_code = next((self._codes[key] for key in _keys(concept) if key in self._codes), None)
        return by_code or next((self._words[text] for text in map(_plain, texts(concept)) if text in self._words), None)

    def says_metastatic(self, concept: Any) -> bool:
        """Whether a status value is the finding of distant metastasis."""
        return any(key in self._metastatic for key in _keys(concept))

    def says_none(self, concept: Any) -> bool:
        """Whether a site value says that there is none."""
        return any(key in self._none for key in _keys(concept)) or any(
            _plain(text) in self._none_words for text in texts(concept)
        )

    def site_of(self, concept: Any) -> str | None:
        """The site of a secondary tumour: by its code, else by a name that tells it."""
        for system, code in _keys(concept):
            if site := self._sites.get((system, code)) or self._by_icd10(system, code):
                return site
        names = [_plain(text) for text in texts(concept)]
        if any(map(self.may_be_regional, names)):
            return _LYMPH_NODE
        return next((match[1] for name in names if (match := _SITE_IN_NAME.fullmatch(name))), None)

    def may_be_regional(self, site: str | None) -> bool:
        """Whether a secondary tumour there need not be distant: lymph nodes."""
        return site is not None and any(word in site for word in self._maybe_regional)

    def _by_icd10(self, system: str, code: str) -> str | None:
        if not system.startswith("icd-10"):
            return None
        beginnings = (code[:length] for length in range(len(code), 2, -1))
        return next((self._icd10_sites[start] for start in beginnings if start in self._icd10_sites), None)


def _keys(concept: Any) -> list[tuple[str, str]]:
    return [(last_segment(system), code) for system, code, _ in codings(concept) if code]


def _plain(text: str) -> str:
    return " ".join(without_tag(text).lower().rstrip(".").split())
