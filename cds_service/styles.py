"""From the settings of a client to the style of its cards."""

from __future__ import annotations

from cards import CardStyle, Indicator, Notice, load_language
from cds_service.settings import CardSettings


def style_for(settings: CardSettings, hook: str, explanation_url: str | None = None) -> CardStyle:
    """How cards for a hook look to a client with these settings, with links to the page that explains statements."""
    return CardStyle(
        language=load_language(settings.language),
        limit=settings.limit,
        least=next((Indicator(least) for name, least in settings.least.items() if name == hook), Indicator.INFO),
        all_comers=settings.all_comers,
        evidence=settings.evidence,
        supported=Notice(settings.supported),
        mismatch=Notice(settings.mismatch),
        suggestions=settings.suggestions,
        override_reasons=settings.override_reasons,
        explanation_url=explanation_url,
    )
