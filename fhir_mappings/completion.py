"""What only several resources together tell: annotations of one on another, and derived facts.

Each step takes all facts of the record and returns them completed; it never drops one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from fhir_mappings.context import Annotation
from fhir_mappings.cpic_phenotypes import with_cpic_phenotypes
from fhir_mappings.histologies import with_histologies
from fhir_mappings.mismatch_repair import mmr_status_from_proteins
from fhir_mappings.tables import MappingTables
from knowledge.facts import Fact
from knowledge.language import phrase

Step = Callable[[list[Fact], MappingTables], list[Fact]]

#: The derivations, in order. Each lives in the module of its subject.
STEPS: tuple[Step, ...] = (mmr_status_from_proteins, with_cpic_phenotypes, with_histologies)


def completed(facts: list[Fact], annotations: Iterable[Annotation], tables: MappingTables) -> list[Fact]:
    """All facts with what other resources say about them, then with what follows from them together."""
    result = _annotated(facts, annotations)
    for step in STEPS:
        result = step(result, tables)
    return result


def _annotated(facts: list[Fact], annotations: Iterable[Annotation]) -> list[Fact]:
    """Set a member where the fact's own resource left it open; a contradiction is a warning."""
    said: dict[str, list[Annotation]] = {}
    for annotation in annotations:
        said.setdefault(annotation.target, []).append(annotation)
    return [_with(fact, said[fact.source.reference]) if fact.source.reference in said else fact for fact in facts]


def _with(fact: Fact, annotations: list[Annotation]) -> Fact:
    for member in dict.fromkeys(annotation.member for annotation in annotations):
        said = {annotation.value for annotation in annotations if annotation.member == member}
        own = getattr(fact, member)
        if own is None and len(said) == 1:
            fact = replace(fact, **{member: said.pop()})  # type: ignore[arg-type]
        elif said - {own}:
            # Resources that contradict each other leave the member open: none of them is believed.
            warning = phrase(
                "resources disagree on {what}: {values}",
                what=phrase(member),
                values=tuple(sorted(said | ({own} if own else set()))),
            )
            fact = replace(fact, **{member: None}, warnings=(*fact.warnings, warning))  # type: ignore[arg-type]
    return fact
