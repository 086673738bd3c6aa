"""Findings in, CDS Hooks cards out."""

from cards.building import TOPIC_SYSTEM, Card, CardMaker, Planned, shown
from cards.cards import patient_view_cards
from cards.details import Basis, missing_data_in
from cards.evidence_cards import evidence_cards
from cards.germline import load_germline_genes
from cards.languages import UnknownLanguage, available_languages, load_language
from cards.order_cards import order_cards
from cards.override_reasons import load_override_reasons
from cards.style import DEFAULT_STYLE, CardStyle, Indicator, Notice
from cards.suggestions import SUGGESTED_SYSTEMS, Suggester, TestCode, load_test_codes

__all__ = [
    "DEFAULT_STYLE",
    "SUGGESTED_SYSTEMS",
    "TOPIC_SYSTEM",
    "Basis",
    "Card",
    "CardMaker",
    "CardStyle",
    "Indicator",
    "Notice",
    "Planned",
    "Suggester",
    "TestCode",
    "UnknownLanguage",
    "available_languages",
    "evidence_cards",
    "load_germline_genes",
    "load_language",
    "load_override_reasons",
    "load_test_codes",
    "missing_data_in",
    "order_cards",
    "patient_view_cards",
    "shown",
]
