"""The reviewed tables of states that a code or a whole text names: menopausal state, state and phase of a disease."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fhir_mappings.elements import codings, last_segment, texts
from fhir_mappings.stage_codes import without_tag
from knowledge.yaml_files import read_yaml

#: The last segments of the addresses under which a table's systems are sent.
_SEGMENTS = {"sct": ("sct",), "ncit": ("Thesaurus.owl", "CodeSystem-ncit.html")}


@dataclass(frozen=True, slots=True)
class StateNames:
    """States by code and by whole text."""

    _codes: Mapping[tuple[str, str], str]
    _words: Mapping[str, str]

    @classmethod
    def of(cls, states: Mapping[str, Mapping[str, Any]]) -> StateNames:
        """The states of a table file."""
        return cls(
            {
                (segment, code): state
                for state, entry in states.items()
                for system, segments in _SEGMENTS.items()
                for code in entry.get(system, ())
                for segment in segments
            },
            {_plain(word): state for state, entry in states.items() for word in entry.get("words", ())},
        )

    def state_of(self, concept: Any) -> str | None:
        """The state that a concept names: by a code, else by a whole text."""
        keys = ((last_segment(system), code) for system, code, _ in codings(concept) if code)
        by_code = next((self._codes[key] for key in keys if key in self._codes), None)
        return by_code or next((self._words[text] for text in map(_plain, texts(concept)) if text in self._words), None)


@dataclass(frozen=True, slots=True)
class DiseaseStateCodes:
    """What the code of a diagnosis says of the state of the disease, beside its type."""

    _names: StateNames
    _blocks: frozenset[str]
    _characters: Mapping[tuple[str, str], str]

    @classmethod
    def load(cls, path: Path) -> DiseaseStateCodes:
        """Load the table file."""
        data = read_yaml(path)
        icd10 = data["icd10"]
        characters = {
            (system, icd10[state]["character"]): state
            for state in ("remission", "relapsed")
            for system in icd10[state]["systems"]
        }
        return cls(StateNames.of(data["states"]), frozenset(icd10["blocks"]), characters)

    def states_of(self, concept: Any) -> tuple[str, ...]:
        """Every state that a diagnosis names, each once."""
        by_character = (self._of_icd10(last_segment(system), code or "") for system, code, _ in codings(concept))
        return tuple(dict.fromkeys(filter(None, (self._names.state_of(concept), *by_character))))

    def _of_icd10(self, system: str, code: str) -> str | None:
        """``C92.02``: the fifth character of a leukaemia or plasma cell neoplasm."""
        block, _, detail = code.partition(".")
        if block not in self._blocks or len(detail) != 2:
            return None
        return self._characters.get((system, detail[1]))


def load_menopause(path: Path) -> StateNames:
    """Load the table of menopausal states."""
    return StateNames.of(read_yaml(path)["states"])


def _plain(text: str) -> str:
    return " ".join(without_tag(text).lower().rstrip(".").split())
