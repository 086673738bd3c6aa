"""The results of a patient as one line of JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from cds_service.codec import dumps
from cds_service.screening.patients import Screened
from cds_service.screening.wording import CLOSED, OUTCOMES, Said, StatementWords


class PatientLines:
    """Writes lines: findings with something to do in full, the others by the ids of their statements.

    ``traces`` adds the whole trace of each finding that is written in full.
    """

    def __init__(self, words: StatementWords, *, traces: bool) -> None:
        self._words = words
        self._traces = traces
        self._plain: dict[tuple[int, int], orjson.Fragment] = {}

    def line(self, screened: Screened, said: Sequence[Said]) -> bytes:
        """The line of one patient, with its end."""
        closed: dict[str, list[str]] = {outcome.value: [] for outcome in sorted(CLOSED)}
        shown: list[Any] = []
        for one in said:
            if (outcome := one.finding.outcome) in CLOSED:
                closed[outcome.value].append(one.finding.statement.id)
            else:
                shown.append(self._finding(one))
        line = {
            "patient": screened.key,
            "tumours": screened.tumours,
            "findings": shown,
            **closed,
            "unread": [entry.to_json() for entry in screened.record.unread],
            "warnings": screened.record.warnings,
            **({"failure": screened.failure} if screened.failure else {}),
        }
        return dumps(line) + b"\n"

    def _finding(self, one: Said) -> Any:
        if not one.missing and not self._traces:
            key = one.statement, one.outcome
            if key not in self._plain:
                self._plain[key] = orjson.Fragment(dumps(self._shown(one)))
            return self._plain[key]
        shown = self._shown(one)
        if one.missing:
            shown["missing"] = [self._words.texts[place] for place in one.missing]
        if self._traces:
            shown["trace"] = one.finding.trace.to_json()
        return shown

    def _shown(self, one: Said) -> dict[str, Any]:
        return {**self._words.rows[one.statement], "outcome": OUTCOMES[one.outcome]}
