"""Whether a request gives again what a decision record says it gave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from cards import Indicator
from cds_service.advisor import Advisor
from cds_service.answers import answer
from cds_service.envelope import check_envelope
from cds_service.hooks import SERVICES
from cds_service.identity import cards_of
from cds_service.pseudonyms import Pseudonyms
from cds_service.recording import Recorder
from cds_service.settings import CardSettings, Settings
from cds_service.store import Decision, DecisionCard, Store
from cds_service.styles import style_for


def differences(
    recorded: Decision, body: Any, advisor: Advisor, store: Store, pseudonyms: Pseudonyms, settings: Settings
) -> Iterator[str]:
    """What is not the same, in words; nothing if the answer is reproduced.

    The cards are made as ``settings`` have them for the client of the record, but before their limits, so that the
    statements behind them are compared. Raises ``ServiceError`` for a body that is no request of the recorded service.
    """
    service = SERVICES[recorded.service]
    check_envelope(body, service.hook)
    day: date = recorded.made_at.date()
    style = style_for(_card_settings(recorded.client, settings), service.hook)
    style = replace(style, limit=_NO_LIMIT, least=Indicator.INFO)
    answered = answer(advisor, service, body, day, style, lambda: "00000000-0000-4000-8000-000000000000")
    recorder = Recorder(store, pseudonyms, advisor.knowledge.release, timedelta(0))
    call = recorder.call(recorded.client, recorded.service, body)
    again = recorder.decision(call, answered, recorded.made_at, recorded.duration)
    for name, words in _COMPARED:
        before, now = getattr(recorded, name), getattr(again, name)
        if before != now:
            yield f"{words}: recorded {before}, now {now}"
    if recorded.fetched and recorded.input_digest != again.input_digest:
        yield f"the request was completed from a FHIR server then: {', '.join(recorded.fetched)}"
    yield from _changed_outcomes(recorded, again)
    yield from _changed_cards(recorded, again)


def proof(recorded: Decision) -> Iterator[str]:
    """What is the same, when there is no difference: a line for each thing that was compared."""
    for name, words in _COMPARED:
        yield f"same {words}: {getattr(recorded, name)}"
    yield f"same outcomes: {len(recorded.outcomes)}"
    yield f"same cards: {', '.join(card.topic for card in recorded.cards) or 'none'}"


#: Members of a decision record, and what they are called.
_COMPARED = (
    ("version", "version of the software"),
    ("release", "knowledge release"),
    ("input_digest", "input"),
    ("facts_digest", "facts"),
)
_NO_LIMIT = 10_000


def _card_settings(client: str, settings: Settings) -> CardSettings:
    """How the client of a record is shown cards, if it is still configured."""
    known = next((one for one in settings.client if one.name == client), None)
    return cards_of(known, settings) if known else settings.cards


def _changed_cards(recorded: Decision, again: Decision) -> Iterator[str]:
    """Cards that are not given now, or otherwise. Those that were held back then are no difference."""
    now = [(card.topic, card.indicator, card.statements) for card in again.cards]
    for card in recorded.cards:
        if (card.topic, card.indicator, card.statements) in now:
            continue
        others = [_shown(other) for other in again.cards if other.topic == card.topic]
        then = f"recorded {_shown(card)}, now {' and '.join(others)}" if others else "not given now"
        yield f"card {card.topic}: {then}"


def _shown(card: DecisionCard) -> str:
    return f"{card.indicator} ({', '.join(card.statements)})"


def _changed_outcomes(recorded: Decision, again: Decision) -> Iterator[str]:
    before = {item.statement: item.outcome for item in recorded.outcomes}
    now = {item.statement: item.outcome for item in again.outcomes}
    for statement in sorted(before.keys() | now.keys()):
        if before.get(statement) != now.get(statement):
            yield f"{statement}: recorded {before.get(statement, 'nothing')}, now {now.get(statement, 'nothing')}"
