"""Findings in, CDS Hooks cards out."""

from cards.cards import Card, patient_view_cards
from cards.details import Basis

__all__ = ["Basis", "Card", "patient_view_cards"]
