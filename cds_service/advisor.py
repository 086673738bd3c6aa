"""The way through the rooms: resources to facts, facts to findings, findings to cards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from cards import (
    Basis,
    CardMaker,
    CardStyle,
    Planned,
    Suggester,
    TestCode,
    evidence_cards,
    load_germline_genes,
    load_override_reasons,
    load_test_codes,
    order_cards,
    patient_view_cards,
)
from fhir_mappings import (
    MappingTables,
    OrderReading,
    PatientRecord,
    load_tables,
    read_orders,
    read_record,
    read_request,
    read_site_codes,
)
from knowledge import EvidenceFinding, Finding, KnowledgeBase, evaluate, evaluate_evidence, load_knowledge_base
from knowledge.loading import load_genes
from knowledge.prescribing import judge_drafts


@dataclass(frozen=True, slots=True, repr=False)
class Advisor:
    """The loaded knowledge base and mapping tables; immutable, shared by all requests."""

    knowledge: KnowledgeBase
    tables: MappingTables
    test_codes: Mapping[str, TestCode] = field(default_factory=load_test_codes)
    override_reasons: tuple[dict[str, str], ...] = field(default_factory=load_override_reasons)
    germline_genes: frozenset[str] = field(default_factory=load_germline_genes)

    @classmethod
    def load(
        cls,
        amplification_copies: float | None = None,
        site_codes: Path | None = None,
        knowledge_source: Path | None = None,
    ) -> Advisor:
        """Load everything that is shipped, and the site's own codes.

        ``knowledge_source``: a release file or folder in place of the shipped knowledge. Raises ``KnowledgeError`` or
        ``SiteCodesError`` if a file cannot be used.
        """
        knowledge = load_knowledge_base(knowledge_source)
        reference = knowledge.reference
        tables = load_tables(
            load_genes(), reference.tumours, reference.alterations, amplification_copies=amplification_copies
        )
        if site_codes is not None:
            tables = replace(tables, site_rules=read_site_codes(site_codes, tables.rules))
        return cls(knowledge, tables)

    def read(self, request: Mapping[str, Any]) -> tuple[PatientRecord, OrderReading]:
        """Read a CDS Hooks request: its record, and its drafts with the tests that were ordered before."""
        return read_request(request, self.tables)

    def record(self, document: object) -> PatientRecord:
        """Read a resource, Bundle, ``Parameters``, CDS Hooks request or list of these."""
        return read_record(document, self.tables)

    def findings(self, record: PatientRecord, today: date, drugs: Iterable[str] = ()) -> tuple[Finding, ...]:
        """Evaluate every statement that concerns the patient, or one of the drugs about to be ordered."""
        return evaluate(record.facts, self.knowledge, today, drugs)

    def evidence(
        self, record: PatientRecord, findings: Sequence[Finding], today: date, *, undecided: bool = False
    ) -> tuple[EvidenceFinding, ...]:
        """Evaluate the evidence beyond the label that concerns the patient; ``findings`` are those of the labels."""
        return evaluate_evidence(record.facts, self.knowledge, today, findings, undecided=undecided)

    def orders(self, request: Mapping[str, Any]) -> OrderReading:
        """Read the drafts of a request, and the tests that were ordered before."""
        return read_orders(request, self.tables)

    def cards(
        self, question: Question, record: PatientRecord, orders: OrderReading, findings: Sequence[Finding]
    ) -> list[Planned]:
        """The planned cards for the hook of the question."""
        unread = len(record.unread) + len(orders.unread)
        basis = Basis(self.knowledge.release, unread, question.incomplete or record.incomplete, question.missing)
        suggester = Suggester(question.patient, self.test_codes, question.style.language, question.new_id)
        maker = CardMaker(
            question.style,
            basis,
            question.new_id,
            suggester if question.style.suggestions else None,
            self.override_reasons,
        )
        if question.about_orders:
            judged = judge_drafts(orders.orders, findings, record.facts, self.knowledge.reference)
            return order_cards(judged, maker)
        planned = patient_view_cards(findings, record.facts, orders.orders, self.germline_genes, maker)
        if question.style.evidence:
            planned += evidence_cards(self.evidence(record, findings, question.today), maker)
        return planned


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the advisor beside the record: about drafted orders or an opened chart, for whom, and how.

    ``patient`` is the reference that new orders bear as their subject, ``today`` the day of evaluation. ``missing``
    are the FHIR types of which data did not come, or not in full.
    """

    about_orders: bool
    today: date
    patient: str
    style: CardStyle
    incomplete: bool
    new_id: Callable[[], str]
    missing: tuple[str, ...] = ()
