"""The reviewed meanings of marker results: steps of scales, classes, units and limits (``data/markers.yaml``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fhir_mappings.answers import AnswerTable
from fhir_mappings.elements import Json, codings, last_segment, member, objects
from fhir_mappings.measurements import texts_of_value
from knowledge.facts import State

#: What may stand around the step of a membrane stain: "HER2 IHC score 2+ (equivocal)".
_STAIN = re.compile(
    r"^(?:(?:her-?2(?:/neu|neu)?|ihc|score)[\s:=]*)+(?P<step>\d\+?)(?:\s*\([a-z]+\))?$|^(?P<bare>[0-3]\+)\s*\([a-z]+\)$"
)


#: How the stain of an unlisted protein is read: steps with their plus sign, percentages with their sign.
_ANY_PROTEIN: Mapping[str, Any] = {"levels": ["ihc"], "number": "percent", "numbers": "percent"}


@dataclass(frozen=True, slots=True)
class Level:
    """One step of a scale: its value, the state it means, and the marker where a scale spans several."""

    value: int | str | None
    state: State
    marker: str | None
    score: str | None


@dataclass(frozen=True, slots=True)
class FoundLevel:
    """A step with the element and the raw value that said it."""

    level: Level
    path: str
    raw: str


class LevelTable:
    """The steps of one scale, by code and by word."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._codes: dict[tuple[str, str], Level] = {}
        self._words: dict[str, Level] = {}
        self._numbers: dict[float, Level] = {}
        for step in data["steps"]:
            state = State(step.get("state", "present"))
            level = Level(step.get("value"), state, step.get("marker"), data.get("score"))
            for system, codes in step.get("codes", {}).items():
                self._codes |= {(system, code): level for code in codes}
            self._words |= dict.fromkeys(step.get("words", ()), level)
            if isinstance(level.value, int):
                self._numbers[level.value] = level
        #: The name of the score if its steps are numbers.
        self.numbered_score: str | None = data.get("score") if self._numbers else None

    def of_number(self, value: float) -> Level | None:
        """The step that a plain number is."""
        return self._numbers.get(value)

    def of_words(self, text: str, *, numbers: bool = True) -> Level | None:
        """The step that a whole text means; a bare digit only where numbers may stand for steps."""
        plain = re.sub(r"\s+", " ", text.strip()).rstrip(".").lower()
        if self._numbers and (match := _STAIN.match(plain)):
            plain = match["step"] or match["bare"]
        elif plain.isdigit() and not numbers:
            return None
        return self._words.get(plain)

    def of_concept(self, concept: Any, path: str) -> FoundLevel | None:
        """The step that a coded value means by one of its codes."""
        for system, code, display in codings(concept):
            if code and (level := self._codes.get((last_segment(system), code))):
                return FoundLevel(level, path, display or code)
        return None

    def find(self, element: Json, path: str, *, numbers: bool = True) -> FoundLevel | None:
        """The step that the value of a resource or component means: by code, then by words."""
        concept = member(element, "valueCodeableConcept")
        if found := self.of_concept(concept, f"{path}valueCodeableConcept"):
            return found
        for text, where in texts_of_value(element, path):
            if level := self.of_words(text, numbers=numbers):
                return FoundLevel(level, where, text)
        return None

    def find_interpretation(self, element: Json, path: str) -> FoundLevel | None:
        """The step that an interpretation means."""
        for index, concept in enumerate(objects(element.get("interpretation"))):
            where = f"{path}interpretation[{index}]"
            if found := self.of_concept(concept, where):
                return found
            for text, _ in texts_of_value({"valueCodeableConcept": concept}, ""):
                if level := self.of_words(text, numbers=False):
                    return FoundLevel(level, where, text)
        return None


@dataclass(frozen=True, slots=True)
class Protein:
    """The protein behind a gene: its marker, and how its stain is read."""

    reader: str
    marker: str
    genes: tuple[str, ...]
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Concentration:
    """A score that is a concentration: its unit, and the factor to it from every unit that is read."""

    unit: str
    _factors: Mapping[str, float]

    def factor(self, unit: str | None) -> float | None:
        """The factor from a unit to that of the score; ``None`` for one that is not convertible exactly."""
        return self._factors.get((unit or "").lower())


@dataclass(frozen=True, slots=True, repr=False)
class MarkerTables:
    """Everything the marker readers look up."""

    answers: AnswerTable
    levels: Mapping[str, LevelTable]
    number_names: Mapping[str, tuple[str, ...]]
    scores_of: Mapping[str, tuple[str, ...]]
    units: Mapping[str, frozenset[str]]
    concentrations: Mapping[str, Concentration]
    limits: Mapping[str, tuple[float, float]]
    proteins: Mapping[str, Protein]
    antigens: Mapping[str, Protein]

    @classmethod
    def load(cls, data: Mapping[str, Any], answers: Mapping[str, Any]) -> MarkerTables:
        """The tables of ``data/markers.yaml``, with the general answers beside the special ones."""
        return cls(
            answers=AnswerTable(_with_special(answers, data["answers"])),
            levels={name: LevelTable(table) for name, table in data["levels"].items()},
            number_names={marker: tuple(names) for marker, names in data["number_names"].items()},
            scores_of={marker: tuple(names) for marker, names in data["scores_of"].items()},
            units={unit: frozenset(form.lower() for form in forms) for unit, forms in data["units"].items()},
            concentrations={name: _concentration(item) for name, item in data["measured_in"].items()},
            limits={name: (low, high) for name, (low, high) in data["limits"].items()},
            proteins={gene: _protein(item, (gene,)) for gene, item in data["proteins"].items()},
            antigens={name.lower(): _protein(item, item["genes"]) for name, item in data["antigens"].items()},
        )

    def protein(self, gene: str) -> Protein:
        """How the stain of a gene's protein is read; an unlisted gene is its own marker."""
        return self.proteins.get(gene) or Protein("expression", gene, (gene,), _ANY_PROTEIN)

    def plausible(self, name: str, value: float) -> bool:
        """Whether a number lies inside the limits of its score, unit or marker."""
        low, high = self.limits.get(name, self.limits["number"])
        return low <= value <= high


def _concentration(item: Mapping[str, Any]) -> Concentration:
    return Concentration(item["unit"], {unit.lower(): factor for unit, factor in item["factors"].items()})


def _protein(item: Mapping[str, Any], genes: Iterable[str]) -> Protein:
    return Protein(item.get("read", "expression"), item["marker"], tuple(genes), item.get("options", {}))


def _with_special(general: Mapping[str, Any], special: Mapping[str, Any]) -> dict[str, Any]:
    states = dict(general["states"])
    for state, entry in special.items():
        base = states.get(state, {})
        states[state] = {
            "codes": {**base.get("codes", {}), **entry["codes"]},
            "words": [*base.get("words", ()), *entry["words"]],
        }
    return {"states": states, "data_absent_reasons": general["data_absent_reasons"]}
