"""Whether a request gives again what a decision record says it gave."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from cards import DEFAULT_STYLE
from cds_service.advisor import Advisor
from cds_service.answers import answer
from cds_service.envelope import check_envelope
from cds_service.hooks import SERVICES
from cds_service.pseudonyms import Pseudonyms
from cds_service.recording import Call, Recorder
from cds_service.store import Decision, Store


def differences(recorded: Decision, body: Any, advisor: Advisor, store: Store, pseudonyms: Pseudonyms) -> Iterator[str]:
    """What is not the same, in words; nothing if the answer is reproduced.

    The cards are those before the limits of a client's settings, so that the statements behind them are compared.
    Raises ``ServiceError`` for a body that is no request of the recorded service.
    """
    service = SERVICES[recorded.service]
    check_envelope(body, service.hook)
    day: date = recorded.made_at.date()
    answered = answer(advisor, service, body, day, DEFAULT_STYLE, lambda: "00000000-0000-4000-8000-000000000000")
    recorder = Recorder(store, pseudonyms, advisor.knowledge.release, timedelta(0))
    again = recorder.decision(
        Call(recorded.client, recorded.service, body), answered, recorded.made_at, recorded.duration
    )
    for name, words in (
        ("version", "version of the software"),
        ("release", "knowledge release"),
        ("input_digest", "input"),
        ("facts_digest", "facts"),
    ):
        before, now = getattr(recorded, name), getattr(again, name)
        if before != now:
            yield f"{words}: recorded {before}, now {now}"
    yield from _changed_outcomes(recorded, again)
    missing = {card.topic for card in recorded.cards} - {card.topic for card in again.cards}
    yield from (f"card {topic}: not given now" for topic in sorted(missing))


def _changed_outcomes(recorded: Decision, again: Decision) -> Iterator[str]:
    before = {item.statement: item.outcome for item in recorded.outcomes}
    now = {item.statement: item.outcome for item in again.outcomes}
    for statement in sorted(before.keys() | now.keys()):
        if before.get(statement) != now.get(statement):
            yield f"{statement}: recorded {before.get(statement, 'nothing')}, now {now.get(statement, 'nothing')}"
