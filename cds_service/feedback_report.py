"""What clinicians answered to the cards: how often accepted and overridden, by statement, hook, client and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

NO_REASON = "no reason given"


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something was shown, accepted and overridden. Cards that nobody answered are shown only."""

    name: str
    shown: int
    accepted: int
    overridden: int

    @property
    def answered(self) -> int:
        """Cards with an answer."""
        return self.accepted + self.overridden

    @property
    def acceptance(self) -> float | None:
        """Accepted of answered, 0 to 1; none without an answer."""
        return self.accepted / self.answered if self.answered else None

    def to_json(self) -> dict[str, Any]:
        """The row as JSON."""
        rate = {} if self.acceptance is None else {"acceptance": round(self.acceptance, 3)}
        return {"name": self.name, "shown": self.shown, "accepted": self.accepted, "overridden": self.overridden} | rate


@dataclass(frozen=True, slots=True)
class FeedbackReport:
    """Rates in four views, and override reasons by their number."""

    statements: tuple[Rate, ...]
    services: tuple[Rate, ...]
    clients: tuple[Rate, ...]
    topics: tuple[Rate, ...]
    reasons: tuple[tuple[str, int], ...]
    unknown_cards: int

    def to_json(self) -> dict[str, Any]:
        """The report as JSON."""
        views = {name: [rate.to_json() for rate in getattr(self, name)] for name in VIEWS}
        reasons = [{"reason": name, "count": count} for name, count in self.reasons]
        return views | {"reasons": reasons, "unknown_cards": self.unknown_cards}


VIEWS = ("statements", "services", "clients", "topics")


def report(shown: Iterable[Mapping[str, Any]], said: Iterable[Mapping[str, Any]]) -> FeedbackReport:
    """Count cards that were shown and what was said of them (rows as the store gives them).

    Of several answers to one card the last counts.
    """
    cards = list(shown)
    last = {item["card"]: item for item in said}
    outcomes = {card: item["outcome"] for card, item in last.items()}
    known = {card["uuid"] for card in cards}
    reasons = Counter(item["reason_code"] or NO_REASON for item in last.values() if item["outcome"] == "overridden")
    return FeedbackReport(
        statements=_rates(((name, card["uuid"]) for card in cards for name in card["statements"]), outcomes),
        services=_rates(((card["service"], card["uuid"]) for card in cards), outcomes),
        clients=_rates(((card["client"], card["uuid"]) for card in cards), outcomes),
        topics=_rates(((card["topic"], card["uuid"]) for card in cards), outcomes),
        reasons=tuple(reasons.most_common()),
        unknown_cards=sum(1 for card in last if card not in known),
    )


def _rates(cards: Iterable[tuple[str, str]], outcomes: Mapping[str, str]) -> tuple[Rate, ...]:
    """Rates by name, the most answered first."""
    shown: Counter[str] = Counter()
    answered: Counter[tuple[str, str]] = Counter()
    for name, uuid in cards:
        shown[name] += 1
        if uuid in outcomes:
            answered[name, outcomes[uuid]] += 1
    rates = [
        Rate(name, count, answered[name, "accepted"], answered[name, "overridden"]) for name, count in shown.items()
    ]
    return tuple(sorted(rates, key=lambda rate: (-rate.answered, -rate.shown, rate.name)))
