"""``decide`` with every leaf criterion registered: the one place from which the engines take it."""

from __future__ import annotations

from knowledge import clinical_decisions, protein_decisions, variant_decisions
from knowledge.decisions import Decision, decide

__all__ = ["Decision", "clinical_decisions", "decide", "protein_decisions", "variant_decisions"]
