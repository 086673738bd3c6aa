"""What changes when a part of the record is not sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cds_service.pages.consultation import Consultation
from knowledge.facts import Fact
from knowledge.wording import describe_fact


@dataclass(frozen=True, slots=True)
class ChangedOutcome:
    """A statement that comes to something else; ``None`` where it no longer concerns the patient, or did not."""

    statement: str
    medicine: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Changes:
    """Two consultations compared. ``cards_changed`` are summaries before and after of the same piece of advice."""

    refused: str | None
    cards_gone: tuple[str, ...]
    cards_new: tuple[str, ...]
    cards_changed: tuple[tuple[str, str], ...]
    facts_gone: tuple[str, ...]
    outcomes: tuple[ChangedOutcome, ...]

    @property
    def nothing(self) -> bool:
        """Whether everything stays as it is."""
        lists = (self.cards_gone, self.cards_new, self.cards_changed, self.facts_gone, self.outcomes)
        return self.refused is None and not any(lists)


def compare(before: Consultation, after: Consultation) -> Changes:
    """What the second consultation has lost, gained and changed."""
    cards_before = {item.topic: item.card for item in before.planned}
    cards_after = {item.topic: item.card for item in after.planned}
    changed = tuple(
        (cards_before[topic]["summary"], card["summary"])
        for topic, card in cards_after.items()
        if topic in cards_before and cards_before[topic]["summary"] != card["summary"]
    )
    refusal = after.refusal if before.refusal is None else None
    left = _texts(after.record.facts)
    return Changes(
        refused=f"{refusal.status}: {refusal.text}" if refusal else None,
        cards_gone=tuple(card["summary"] for topic, card in cards_before.items() if topic not in cards_after),
        cards_new=tuple(card["summary"] for topic, card in cards_after.items() if topic not in cards_before),
        cards_changed=changed,
        facts_gone=tuple(text for text in _texts(before.record.facts) if text not in left),
        outcomes=tuple(_changed_outcomes(before, after)),
    )


def _texts(facts: Iterable[Fact]) -> dict[str, None]:
    return {f"{describe_fact(fact)} ({fact.source.reference})": None for fact in facts}


def _changed_outcomes(before: Consultation, after: Consultation) -> Iterable[ChangedOutcome]:
    old = {finding.statement.id: finding for finding in before.findings}
    new = {finding.statement.id: finding for finding in after.findings}
    for identifier in old | new:
        was, now = old.get(identifier), new.get(identifier)
        known = was or now
        outcomes = (was.outcome.value if was else None, now.outcome.value if now else None)
        if known and outcomes[0] != outcomes[1]:
            yield ChangedOutcome(identifier, known.medicine.brand, *outcomes)
