"""The Genomics Reporting variant (LOINC 69548-6), STU1 to STU3: from its parts to facts.

One Observation gives a small variant, a fusion, a copy number change or a karyotype; with several
genes and "absent", one negative for each gene. Present does not mean mutated: an alternative allele
equal to the reference, ``=`` in HGVS or "wild type" is a negative for that position.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from fhir_mappings.answers import has_value
from fhir_mappings.context import Context, Reading
from fhir_mappings.copy_numbers import COPY_NUMBER_COMPONENTS, copy_number_of
from fhir_mappings.elements import objects
from fhir_mappings.fusions import FUSION_COMPONENTS, fusion_genes, fusion_in_text
from fhir_mappings.karyotype_results import karyotype_facts
from fhir_mappings.notation import Names
from fhir_mappings.specimens import specimen_of
from fhir_mappings.variant_parts import (
    ALLELIC_STATE,
    ISCN,
    REGION_NAME,
    VARIATION,
    VariantParts,
    collect_parts,
)
from knowledge.alterations import Notation
from knowledge.facts import Fact, Kind, Source, State
from knowledge.genetic_code import contradiction
from knowledge.language import phrase
from knowledge.protein_change import ProteinChangeKind

# "Exon #19", "Ex 19"; a stretch such as "Ex 1-10" is no exon.
_EXON = re.compile(r"\b[Ee]x(?:on)?\s*#?\s*(\d{1,2})\b(?!\s*[-–_]\s*#?\d)")
_REGION_KINDS = {kind.value: kind for kind in ProteinChangeKind}


def read_variant(context: Context) -> Reading:
    """Read one variant Observation."""
    parts = collect_parts(context)
    state, reason = _state(parts)
    if state is None:
        is_group = bool(objects(context.data.get("hasMember")))
        return Reading() if is_group else context.unread(reason)
    if is_group_without_names(parts):
        return Reading()
    if iscn := parts.iscn:
        return Reading(_karyotype(parts, state, iscn))
    if genes := fusion_genes(parts):
        return Reading(_fusion(parts, state, genes))
    if change := copy_number_of(parts):
        return Reading(
            [
                _fact(
                    parts,
                    Kind.COPY_NUMBER,
                    state,
                    parts.symbols,
                    variant_class=change.name,
                    copies=change.copies,
                    value=change.relative,
                    score=None if change.relative is None else "relative copy number",
                    genomic=parts.names.genomic,
                )
            ]
        )
    return _small_variants(parts, state)


def is_group_without_names(parts: VariantParts) -> bool:
    """A complex variant that only groups its members: they are read, it is no further variant."""
    return bool(objects(parts.context.data.get("hasMember"))) and not parts.names.any and not parts.symbols


def _state(parts: VariantParts) -> tuple[State | None, str]:
    """The state of what the Observation names, or ``None`` with the reason why it has none."""
    if parts.nothing_changed:
        return State.ABSENT, ""
    if parts.answer is not None:
        if parts.answer.is_contradictory:
            parts.warnings.append(parts.answer.raw)
        return parts.answer.state, ""
    if parts.change == "amplification":
        return State.PRESENT, ""
    if has_value(parts.context.data):
        return None, "the value is not an answer that is known"
    describes = parts.components.first(*ISCN, *COPY_NUMBER_COMPONENTS, *FUSION_COMPONENTS) is not None
    if parts.names.any or describes or parts.change in ("gain", "loss", "fusion"):
        parts.warnings.append(phrase("no value was sent; the presence is implied by the named change"))
        return State.PRESENT, ""
    return None, "no value and no change were sent"


def _fact(parts: VariantParts, kind: Kind, state: State, genes: tuple[str, ...], **members: Any) -> Fact:
    """A fact with what all kinds share: source, origin, date, warnings."""
    answer = parts.answer
    source = Source(
        parts.context.resource.reference,
        parts.names.path or (answer.path if answer else None),
        parts.names.raw or (answer.raw if answer else None),
    )
    # A segment of several genes is a candidate for each of them and a finding of none.
    is_segment = kind is Kind.COPY_NUMBER and state is State.PRESENT and len(genes) > 1
    return Fact(
        kind=kind,
        state=state,
        source=source,
        genes=genes,
        origin=parts.origin(),
        conflict=True if is_segment else parts.conflict,
        specimen=specimen_of(parts.context),
        date=parts.context.date,
        warnings=tuple(parts.warnings),
        **members,
    )


def _karyotype(parts: VariantParts, state: State, iscn: str) -> list[Fact]:
    def make(kind: Kind, found: State) -> Fact:
        return _fact(parts, kind, found, parts.symbols if kind is Kind.KARYOTYPE else ())

    return karyotype_facts(iscn, parts.context.tables.karyotype_fusions, make, state)


def _fusion(parts: VariantParts, state: State, genes: tuple[str, ...]) -> list[Fact]:
    facts = [_fact(parts, Kind.FUSION, state, genes)]
    if state is State.PRESENT and parts.names.coding:
        # A point mutation in the same Observation belongs to the gene of its transcript, if to any.
        gene = parts.transcript_gene
        facts.append(_small_variant(parts, state, (gene,) if gene else ()))
    return facts


def _small_variants(parts: VariantParts, state: State) -> Reading:
    symbols = parts.symbols
    if parts.names.any:
        return Reading([_named_variant(parts, state, names) for names in (parts.names, *parts.names.further)])
    if len(symbols) > 1:
        if state is State.PRESENT:
            return parts.context.unread("several genes and no change: a list of tested genes is no finding")
        # Each gene gets its own negative, so that no criterion sees another gene's.
        return Reading([_small_variant(parts, state, (gene,)) for gene in symbols])
    if symbols:
        return Reading([_small_variant(parts, state, symbols)])
    for component in parts.components.named(VARIATION):
        for text in component.value_texts():
            if genes := fusion_in_text(text, parts.context.tables):
                parts.names.decided_by(component.value_path, text)
                return Reading([_fact(parts, Kind.FUSION, state, genes)])
    return parts.context.unread("no gene and no change that can be read")


def _named_variant(parts: VariantParts, state: State, names: Names) -> Fact:
    """One named change. Of several genes, a list of what was tested, it belongs to that of its transcript."""
    symbols, several = parts.symbols, bool(parts.names.further)
    if names is not parts.names:
        warnings = [*names.warnings, phrase("one of several changes in one Observation")]
        parts = replace(parts, names=names, warnings=warnings)
    if len(symbols) > 1:
        parts.warnings.append(phrase("one change with several genes: {genes}", genes=", ".join(symbols)[:90]))
        symbols = (parts.transcript_gene,) if parts.transcript_gene in symbols else ()
    fact = _small_variant(parts, state, tuple(filter(None, symbols)))
    # A frequency or allelic state beside several changes does not say which of them it belongs to.
    return replace(fact, vaf=None, zygosity=None) if several else fact


def _small_variant(parts: VariantParts, state: State, genes: tuple[str, ...]) -> Fact:
    names, tables = parts.names, parts.context.tables
    coding = str(names.coding) if names.coding else None
    protein = str(names.protein) if names.protein else None
    if protein is None and coding and len(genes) == 1:
        protein = tables.alterations.protein_of_coding(genes[0], coding, names.transcript)
        if protein:
            parts.warnings.append(phrase("{derived} was derived from {coding}", derived=protein, coding=coding))
    if names.coding and names.protein and (doubt := contradiction(names.coding, names.protein)):
        parts.warnings.append(phrase("the coding and the protein change disagree: {doubt}", doubt=doubt))
    genomic = names.genomic
    if not (protein or coding or genomic) and parts.nothing_changed and parts.change != "no_change":
        genomic = "reference allele at an unstated position"
    # It may add a warning, so it is read before the fact takes the warnings.
    frequency = parts.allele_frequency()
    return _fact(
        parts,
        Kind.VARIANT,
        state,
        genes,
        protein=protein,
        coding=coding,
        genomic=genomic,
        transcript=names.transcript,
        variant_class=_class_of(parts, genes, protein, coding),
        significance=parts.significance,
        zygosity=parts.coded(ALLELIC_STATE, tables.zygosities),
        vaf=frequency,
    )


def _class_of(parts: VariantParts, genes: tuple[str, ...], protein: str | None, coding: str | None) -> str | None:
    """The structural class of a change: by its notation, else as stated in words or by exon and kind."""
    catalogue = parts.context.tables.alterations
    if len(genes) != 1 or genes[0] not in catalogue:
        return None if protein or coding else _change_in_words(parts)
    gene = genes[0]
    if by_notation := catalogue.structural_class(gene, Notation(protein, coding, parts.names.transcript)):
        return by_notation
    if protein or coding:
        return None
    for text in parts.stated_texts():
        stated = catalogue.class_in_text(gene, text)
        if stated and not parts.context.tables.free_text.blocks(text):
            return stated
    return _class_of_exon(parts, gene) or _change_in_words(parts)


def _class_of_exon(parts: VariantParts, gene: str) -> str | None:
    """``Exon 19`` with a deletion as change type."""
    region, kind = parts.components.first(REGION_NAME), _REGION_KINDS.get(parts.change or "")
    exons = [match for text in (region.value_texts() if region else ()) if (match := _EXON.search(text))]
    catalogue = parts.context.tables.alterations
    return catalogue.class_of_exon(gene, int(exons[0][1]), kind) if exons and kind else None


def _change_in_words(parts: VariantParts) -> str | None:
    """The kind of change where nothing names the change itself."""
    return parts.change if parts.change not in ("no_change", "fusion") else None
