"""Whether something was found: coded and worded answers, wherever a resource carries them.

The order is fixed: coded value, boolean, worded value, interpretation, reason for absence. The element
that answered is part of the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fhir_mappings.elements import Coding, Json, codings, last_segment, objects, string, texts
from knowledge.facts import State
from knowledge.language import phrase
from knowledge.making import quick_to_make


@quick_to_make
@dataclass(frozen=True, slots=True)
class Answer:
    """A state with the element and raw value that gave it."""

    state: State
    path: str
    raw: str
    is_contradictory: bool = False

    @property
    def is_decided(self) -> bool:
        """Whether it says present or absent."""
        return self.state in (State.PRESENT, State.ABSENT)


class AnswerTable:
    """The reviewed table of answer codes and words."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._codes: dict[tuple[str, str], State] = {}
        self._words: dict[str, State] = {}
        for state, entry in data["states"].items():
            for system, codes in entry["codes"].items():
                self._codes |= {(last_segment(system), code): State(state) for code in codes}
            self._words |= {word: State(state) for word in entry["words"]} if "words" in entry else {}
        self._reasons = {code: State(state) for code, state in data["data_absent_reasons"].items()}

    def of_coding(self, system: str | None, code: str | None, display: str | None) -> State | None:
        """The state of one coding: by code, or by display where the code is not known."""
        if code:
            if state := self._codes.get((last_segment(system), code)):
                return state
            if system is None and (state := self._words.get(_plain(code))):
                return state
        return self.of_words(display) if display else None

    def of_words(self, text: str) -> State | None:
        """The state that a text means as a whole; a longer text is never searched for words."""
        return self._words.get(_plain(text))

    def of_reason(self, concept: Any) -> State | None:
        """The state that a dataAbsentReason stands for."""
        return next((self._reasons[code] for _, code, _ in codings(concept) if code in self._reasons), None)

    def answer(self, element: Json, path: str = "") -> Answer | None:
        """The answer that an Observation or a component gives, or ``None`` if it gives none that is known."""
        return (
            self._of_concept(element.get("valueCodeableConcept"), f"{path}valueCodeableConcept")
            or _of_boolean(element.get("valueBoolean"), f"{path}valueBoolean")
            or self._of_string(element.get("valueString"), f"{path}valueString")
            or self._of_interpretation(element, path)
            or self._of_reason(element, path)
        )

    def _of_concept(self, concept: Any, path: str) -> Answer | None:
        text = string(concept.get("text")) if isinstance(concept, dict) else None
        sent = tuple(codings(concept))
        return _coded_answer(sent, path, self) if text is None else _answer_of(sent, text, path, self)

    def said(self, sent: tuple[Coding, ...], text: str | None) -> Iterator[tuple[State, str]]:
        """Every state that a concept states, by code, by display and by its text, with the words for it."""
        for system, code, display in sent:
            by_words = self.of_words(display) if display else None
            state = self.of_coding(system, code, None) if code else None
            if state is None and by_words is None and last_segment(system) == "data-absent-reason":
                state = self._reasons.get(code or "")
            if state is not None:
                yield state, (display if by_words in (None, state) else code) or code or ""
            if by_words not in (None, state):
                yield by_words, display or ""
        if text and (state := self.of_words(text)):
            yield state, text

    def _of_string(self, value: Any, path: str) -> Answer | None:
        text = string(value) or ""
        state = self.of_words(text)
        return Answer(state, path, text) if state else None

    def _of_interpretation(self, element: Json, path: str) -> Answer | None:
        for index, concept in enumerate(objects(element.get("interpretation"))):
            if answer := self._of_concept(concept, f"{path}interpretation[{index}]"):
                return answer
        return None

    def _of_reason(self, element: Json, path: str) -> Answer | None:
        reason = element.get("dataAbsentReason")
        state = self.of_reason(reason)
        return Answer(state, f"{path}dataAbsentReason", next(texts(reason), "")) if state else None


@lru_cache(maxsize=4096)
def _coded_answer(sent: tuple[Coding, ...], path: str, table: AnswerTable) -> Answer | None:
    """The same few codes come again and again; what somebody wrote beside them is not remembered."""
    return _answer_of(sent, None, path, table)


def _answer_of(sent: tuple[Coding, ...], text: str | None, path: str, table: AnswerTable) -> Answer | None:
    """The first coding that answers, else the text; ``unknown`` where one says present and another absent."""
    said = list(table.said(sent, text))
    if not said:
        words = (word for _, code, display in sent for word in (code, display) if word)
        return next((Answer(state, path, word) for word in words if (state := table.of_words(word))), None)
    if len(said) > 1 and {State.PRESENT, State.ABSENT} <= {state for state, _ in said}:
        raw = phrase("contradictory: {answers}", answers=tuple(dict.fromkeys(text for _, text in said)))
        return Answer(State.UNKNOWN, path, raw, is_contradictory=True)
    return Answer(said[0][0], path, said[0][1])


def has_value(element: Json) -> bool:
    """Whether any ``value[x]`` is there; zero and false are values."""
    return any(name.startswith("value") and value is not None for name, value in element.items())


def _of_boolean(value: Any, path: str) -> Answer | None:
    if not isinstance(value, bool):
        return None
    return Answer(State.PRESENT if value else State.ABSENT, path, str(value).lower())


def _plain(text: str) -> str:
    without_tag = re.sub(r"\s*\((?:qualifier value|finding)\)$", "", text.strip())
    return re.sub(r"\s+", " ", without_tag).rstrip(".").lower()
