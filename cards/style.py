"""How a client wants its cards: language, thresholds, and what may be suggested."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from knowledge.language import ENGLISH, Language


class Indicator(StrEnum):
    """The urgency of a card (CDS Hooks 2.0, card ``indicator``), from the least."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the least urgent."""
        return list(Indicator).index(self)


class Notice(StrEnum):
    """Whether something is said, and how loudly."""

    SILENT = "silent"
    INFO = "info"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class CardStyle:
    """What a client wants to see.

    ``limit``: cards at most, the others are named in the last. ``least``: less urgent cards are left out.
    ``all_comers``: whether options are shown whose label asks for no biomarker. ``evidence``: whether
    evidence beyond the label is shown. ``supported``: what is said of a
    drafted drug that the label supports. ``mismatch``: of one whose tumour, line or
    partner does not fit. ``suggestions``, ``override_reasons``: whether cards carry them. ``explanation_url``: the page
    that explains a statement; its id is appended.
    """

    language: Language = ENGLISH
    limit: int = 5
    least: Indicator = Indicator.INFO
    all_comers: bool = False
    evidence: bool = False
    supported: Notice = Notice.SILENT
    mismatch: Notice = Notice.INFO
    suggestions: bool = True
    override_reasons: bool = True
    explanation_url: str | None = None


DEFAULT_STYLE = CardStyle()
