"""Checks on single statements: what they name, what proves them, and whether anybody can fulfil them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from knowledge.class_checks import drug_problems
from knowledge.contradictions import contradiction, impossible_leaf
from knowledge.criteria import ByAnyTest, HadTherapy, HasExpression, HasFusion, leaves
from knowledge.labels import Anchor
from knowledge.patient import Reference
from knowledge.problems import Problem, Severity
from knowledge.statements import Indication, Medicine, SafetyStatement, Statement, anchors_of
from knowledge.vocabulary import Vocabulary


def statement_problems(
    medicines: Iterable[Medicine], reference: Reference, vocabulary: Vocabulary
) -> Iterator[Problem]:
    """What is wrong with the statements of all medicines."""
    proofs: dict[tuple[tuple[Anchor, ...], tuple[str, ...]], str] = {}
    for medicine in medicines:
        yield from _duplicates(medicine)
        yield from drug_problems(medicine.brand, "", medicine.drugs, vocabulary)
        for statement in medicine.statements:
            yield from _name_problems(medicine, statement, vocabulary)
            for message in _proof_problems(statement):
                yield Problem(medicine.brand, statement.id, "proof", message)
            other = proofs.setdefault((statement.anchors, statement.rows), statement.id)
            if other != statement.id:
                yield Problem(medicine.brand, statement.id, "proof", f"has the anchors and rows of {other}")
            for why in _impossible(statement, reference):
                yield Problem(medicine.brand, statement.id, "contradiction", why)


def _impossible(statement: Statement, reference: Reference) -> Iterator[str]:
    for leaf in leaves(statement.criterion):
        if why := impossible_leaf(leaf):
            yield why
    if why := contradiction(statement.criterion, reference):
        yield why


def _name_problems(medicine: Medicine, statement: Statement, vocabulary: Vocabulary) -> Iterator[Problem]:
    genes: set[str] = set()
    partners = {inn for partner in statement.partners for inn in partner.inns}
    therapies: set[str] = set()
    for leaf in leaves(statement.criterion):
        if isinstance(leaf, HadTherapy) and leaf.inn:
            therapies.add(leaf.inn)
        elif isinstance(leaf, HasExpression | ByAnyTest) and not vocabulary.is_marker(leaf.marker):
            message = f"no reader makes results of {leaf.marker!r}"
            yield Problem(medicine.brand, statement.id, "marker", message, Severity.GAP)
        elif isinstance(leaf, HasFusion) and leaf.partner:
            genes.add(leaf.partner)
        if gene := getattr(leaf, "gene", None):
            genes.add(gene)
    for gene in sorted(genes):
        if not vocabulary.is_gene(gene):
            yield Problem(medicine.brand, statement.id, "gene", f"{gene} is no approved HGNC symbol")
    yield from drug_problems(medicine.brand, statement.id, therapies, vocabulary)
    yield from drug_problems(medicine.brand, statement.id, partners - therapies, vocabulary, as_therapy=False)


def _proof_problems(statement: Statement) -> Iterator[str]:
    if not statement.anchors:
        yield "has no anchor"
    if not statement.rows and not (isinstance(statement, Indication) and not statement.asks_for_a_biomarker):
        yield "names no row of the reference table"
    for partner in statement.partners:
        if not (partner.inns or partner.drug_class or partner.text):
            yield "has a partner without a name"
    said = statement.summary if isinstance(statement, Indication) else statement.consequence
    if any(_plain(said) == _plain(anchor.text) for anchor in anchors_of(statement)):
        yield "copies the label: say it in your own words"


def _duplicates(medicine: Medicine) -> Iterator[Problem]:
    seen: dict[tuple[object, ...], str] = {}
    for statement in medicine.statements:
        other = seen.setdefault(_content(statement), statement.id)
        if other != statement.id:
            message = f"asks the same of the same patients as {other}"
            yield Problem(medicine.brand, statement.id, "duplicate", message)


def _content(statement: Statement) -> tuple[object, ...]:
    """What makes a statement the one it is: of a safety statement also what follows from it."""
    if isinstance(statement, SafetyStatement):
        return statement.criterion, statement.partners, statement.category, statement.consequence
    return statement.criterion, statement.partners


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()
