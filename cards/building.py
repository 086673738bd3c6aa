"""From a piece of advice to a CDS Hooks card: the members that all cards share, their order and their number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cards.details import Basis
from cards.markdown import bullet, escape
from cards.override_reasons import in_language
from cards.style import CardStyle, Indicator
from cards.suggestions import Suggester, Suggestion
from cards.summaries import cut
from knowledge.language import phrase
from knowledge.statements import Medicine

Card = dict[str, Any]

SOURCE_LABEL = phrase("Oncohooks: EU product information (EMA)")
SOURCE_URL = "https://www.ema.europa.eu/en/medicines"
#: The code system of ``source.topic``: one code for each piece of advice, the same at every call.
TOPIC_SYSTEM = "urn:oncohooks:advice"


@dataclass(frozen=True, slots=True)
class Planned:
    """A card with what decides whether and where it is shown: its topic, urgency, and the statements behind it."""

    topic: str
    indicator: Indicator
    summary: str
    card: Card
    statements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CardMaker:
    """Makes the cards of one answer. ``new_id`` gives a fresh unique identifier for each."""

    style: CardStyle
    basis: Basis
    new_id: Callable[[], str]
    suggester: Suggester | None = None
    reasons: tuple[dict[str, str], ...] = field(default=())

    def planned(
        self,
        topic: str,
        indicator: Indicator,
        summary: str,
        detail: str,
        medicines: Iterable[Medicine] = (),
        statements: Sequence[str] = (),
        suggestions: Sequence[Suggestion] = (),
    ) -> Planned:
        """A card of these parts; parts that are empty are left out."""
        code = topic_code(topic)
        card: Card = {
            "uuid": self.new_id(),
            "summary": cut(summary),
            "detail": detail,
            "indicator": indicator.value,
            "source": {
                "label": self.style.language(SOURCE_LABEL),
                "url": SOURCE_URL,
                "topic": {"system": TOPIC_SYSTEM, "code": code},
            },
        }
        if links := self._links(medicines, statements):
            card["links"] = links
        if suggestions:
            card |= {"suggestions": list(suggestions), "selectionBehavior": "any"}
        if self.reasons and self.style.override_reasons:
            card["overrideReasons"] = in_language(self.reasons, self.style.language)
        return Planned(code, indicator, card["summary"], card, tuple(dict.fromkeys(statements)))

    def _links(self, medicines: Iterable[Medicine], statements: Sequence[str]) -> list[dict[str, str]]:
        say = self.style.language
        links = [
            {"label": say("{brand}: EU label", brand=medicine.brand), "url": medicine.label.url, "type": "absolute"}
            for medicine in medicines
        ]
        if self.style.explanation_url and statements:
            ids = ",".join(dict.fromkeys(statements))
            url = f"{self.style.explanation_url.rstrip('/')}/{ids}"
            links.append({"label": say("Why: the statements behind this card"), "url": url, "type": "absolute"})
        return links


def topic_code(topic: str) -> str:
    """A topic as a code: letters and digits only, at most 100, as some clients accept no others."""
    return re.sub(r"[^A-Za-z0-9]", "", topic)[:100]


def shown(planned: Iterable[Planned], style: CardStyle, silenced: frozenset[str] = frozenset()) -> list[Planned]:
    """The cards that a client gets: urgent ones first, none below its threshold, none that was set aside before.

    ``silenced`` are topics that were overridden for this patient, these facts and this knowledge. A critical card is
    never silenced. Beyond the limit cards are named in the last one.
    """
    wanted = [
        item
        for item in planned
        if item.indicator.rank >= style.least.rank
        and (item.topic not in silenced or item.indicator is Indicator.CRITICAL)
    ]
    wanted.sort(key=lambda item: -item.indicator.rank)
    kept, rest = wanted[: style.limit], wanted[style.limit :]
    if rest:
        kept[-1].card["detail"] += _more(rest, style)
    return kept


def _more(rest: Sequence[Planned], style: CardStyle) -> str:
    heading = style.language.plural("{count} more piece of advice", "{count} more pieces of advice", len(rest))
    return "\n".join(["\n", f"**{escape(heading)}**", "", *(bullet(escape(item.summary)) for item in rest)])
