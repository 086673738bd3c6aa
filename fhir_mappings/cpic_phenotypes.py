"""CPIC's phenotype of a reported diplotype, beside what the laboratory says itself.

A derived phenotype never replaces the laboratory's own. Where both differ, both stay and both say so.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from fhir_mappings.tables import MappingTables
from knowledge.facts import Fact, Kind, Origin, Source, State
from knowledge.language import phrase

_DERIVED = "(derived by CPIC table)"
_NORMAL = "normal metaboliser"
_TABLE_SAYS = phrase("CPIC's table says {phenotypes}")
_LABORATORY_SAYS = phrase("the laboratory says {phenotypes}")
_AS_TESTED = phrase("normal as far as alleles were tested; which ones is not known here")


def with_cpic_phenotypes(facts: list[Fact], tables: MappingTables) -> list[Fact]:
    """All facts, then a phenotype for every certain diplotype that CPIC's table knows."""
    result = []
    derived: list[Fact] = []
    for fact in facts:
        if not _has_table(fact, tables):
            result.append(fact)
            derived += _of_homozygous_variant(fact, tables)
        elif phenotype := _derived(fact, fact.diplotype, tables):
            result.append(fact)
            derived.append(phenotype)
        else:
            result.append(
                replace(fact, warnings=(*fact.warnings, phrase("CPIC's table has no phenotype for this diplotype")))
            )
    return _compared(result, derived) if derived else result


def _has_table(fact: Fact, tables: MappingTables) -> bool:
    return (
        fact.kind is Kind.GENOTYPE
        and fact.state is State.PRESENT
        and fact.diplotype is not None
        and not fact.conflict
        and len(fact.genes) == 1
        and tables.pharmacogenes.has_cpic_table(fact.genes[0])
    )


def _of_homozygous_variant(fact: Fact, tables: MappingTables) -> list[Fact]:
    """The phenotype of a variant without any function on both copies: whatever else is there, none is left."""
    if fact.kind is not Kind.VARIANT or fact.state is not State.PRESENT or fact.zygosity != "homozygous":
        return []
    if fact.conflict or len(fact.genes) != 1 or fact.coding is None or fact.origin is Origin.SOMATIC:
        return []
    allele = tables.pharmacogenes.allele(fact.genes[0], fact.coding)
    derived = _derived(fact, f"{allele}/{allele}", tables) if allele else None
    return [derived] if derived and derived.value == 0 else []


def _derived(fact: Fact, diplotype: str | None, tables: MappingTables) -> Fact | None:
    found = tables.pharmacogenes.cpic_phenotype(fact.genes[0], diplotype or "")
    if found is None:
        return None
    return Fact(
        kind=Kind.PHENOTYPE,
        state=State.PRESENT if found.phenotype else State.INDETERMINATE,
        source=Source(fact.source.reference, f"{fact.source.path} {_DERIVED}", fact.source.raw),
        genes=fact.genes,
        diplotype=diplotype,
        phenotype=found.phenotype,
        score=None if found.activity_score is None else "activity score",
        value=found.activity_score,
        origin=fact.origin,
        date=fact.date,
        warnings=(*fact.warnings, _AS_TESTED) if found.phenotype == _NORMAL else fact.warnings,
    )


def _compared(facts: list[Fact], derived: list[Fact]) -> list[Fact]:
    """Facts and derived phenotypes; a laboratory's phenotype and CPIC's that differ each name the other."""
    stated: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for fact in facts:
        if _is_stated(fact):
            stated[fact.genes].add(fact.phenotype or "")
    by_table: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for fact in derived:
        by_table[fact.genes].add(_name(fact))
    own = [
        _differing(fact, by_table.get(fact.genes, set()), _TABLE_SAYS) if _is_stated(fact) else fact for fact in facts
    ]
    return [
        *own,
        *(_differing(fact, stated[fact.genes], _LABORATORY_SAYS) for fact in derived),
    ]


def _is_stated(fact: Fact) -> bool:
    return fact.kind is Kind.PHENOTYPE and fact.state is State.PRESENT and fact.phenotype is not None


def _differing(fact: Fact, others: set[str], who_says: str) -> Fact:
    different = sorted(other for other in others if other != _name(fact))
    if not different:
        return fact
    return replace(fact, warnings=(*fact.warnings, phrase(who_says, phenotypes=tuple(map(phrase, different)))))


def _name(fact: Fact) -> str:
    return fact.phenotype or "indeterminate"
