"""The way through the rooms: resources to facts, facts to findings, findings to cards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from cards import Basis, Card, patient_view_cards
from fhir_mappings import MappingTables, PatientRecord, load_tables, read_record, read_site_codes
from knowledge import Finding, KnowledgeBase, evaluate, load_knowledge_base
from knowledge.loading import load_terminology


@dataclass(frozen=True, slots=True, repr=False)
class Advisor:
    """The loaded knowledge base and mapping tables; immutable, shared by all requests."""

    knowledge: KnowledgeBase
    tables: MappingTables

    @classmethod
    def load(cls, amplification_copies: float | None = None, site_codes: Path | None = None) -> Advisor:
        """Load everything that is shipped, and the site's own codes.

        Raises ``KnowledgeError`` or ``SiteCodesError`` if a file cannot be used.
        """
        genes, tumours = load_terminology()
        knowledge = load_knowledge_base(tumours=tumours)
        alterations = knowledge.reference.alterations
        tables = load_tables(genes, tumours, alterations, amplification_copies=amplification_copies)
        if site_codes is not None:
            tables = replace(tables, site_rules=read_site_codes(site_codes, tables.rules))
        return cls(knowledge, tables)

    def record(self, document: object) -> PatientRecord:
        """Read a resource, Bundle, ``Parameters``, CDS Hooks request or list of these."""
        return read_record(document, self.tables)

    def findings(self, record: PatientRecord, today: date) -> tuple[Finding, ...]:
        """Evaluate every statement that concerns the patient."""
        return evaluate(record.facts, self.knowledge, today)

    def patient_view(
        self, record: PatientRecord, findings: Sequence[Finding], incomplete: bool, new_id: Callable[[], str]
    ) -> list[Card]:
        """The cards for an opened chart."""
        basis = Basis(self.knowledge.release, len(record.unread), incomplete or record.incomplete)
        return patient_view_cards(findings, record.facts, basis, new_id)
