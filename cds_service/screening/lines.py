"""The results of a patient as one line of JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from cds_service.codec import dumps
from cds_service.screening.patients import Screened
from cds_service.screening.wording import CLOSED, OUTCOMES, Said, StatementWords

#: Findings remembered at most; then the memory starts anew.
_REMEMBERED = 20_000


class PatientLines:
    """Writes lines: findings with something to do in full, the others by the ids of their statements.

    ``traces`` adds the whole trace of each finding that is written in full.
    """

    def __init__(self, words: StatementWords, *, traces: bool) -> None:
        self._words = words
        self._traces = traces
        #: Most findings say what those of another patient say: each is written out once.
        self._known: dict[tuple[int, ...], orjson.Fragment] = {}

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
        if self._traces:
            return self._shown(one) | {"trace": one.finding.trace.to_json()}
        key = (one.statement, one.outcome, *one.missing)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[key] = orjson.Fragment(dumps(self._shown(one)))
        return known

    def _shown(self, one: Said) -> dict[str, Any]:
        missing = {"missing": [self._words.texts[place] for place in one.missing]} if one.missing else {}
        return {**self._words.rows[one.statement], "outcome": OUTCOMES[one.outcome], **missing}
