"""Which genes a pharmacogenomic result is about: named by itself, else by the results it was derived from.

A claim about a drug can rest on several genes (CYP2C9 and VKORC1 for warfarin). Such a result is never given
to one of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from fhir_mappings.context import Components, Context
from fhir_mappings.elements import last_segment, objects, reference_text, string
from fhir_mappings.genes import read_gene
from fhir_mappings.value_texts import value_texts
from knowledge.language import phrase

_GENE_BEFORE_ALLELES = re.compile(
    r'"?\s*(?P<gene>[A-Z][A-Z0-9]{1,9}(?:-[A-Z]+\d?)?)(?:[\s_:]*[*]|\s+rs\d|\s+[ACGT]/[ACGT])'
)
_GENE_OF_TRANSCRIPT = re.compile(r"N[MR]_\d+(?:\.\d+)?\((?P<gene>[A-Z][A-Z0-9-]{1,14})\)")
_GENE_EXTENSION = "observation-geneticsGene"
_MAX_DEPTH = 3


@dataclass(frozen=True, slots=True)
class NamedGenes:
    """Approved symbols in the order of the source. ``disputed``: nothing may be decided about a single gene."""

    symbols: tuple[str, ...] = ()
    disputed: bool = False
    warnings: tuple[str, ...] = ()


def stated_genes(context: Context) -> NamedGenes:
    """The genes that the resource itself names (48018-6, or the gene extension of FHIR R4 core)."""
    concepts = [component.concept for component in Components(context.data).all("48018-6")]
    for extension in objects(context.data.get("extension")):
        if last_segment(string(extension.get("url"))) == _GENE_EXTENSION:
            concepts += [extension.get("valueCodeableConcept") or {}]
    readings = [reading for concept in concepts if (reading := read_gene(concept, context.tables.genes))]
    return NamedGenes(
        tuple(dict.fromkeys(reading.symbol for reading in readings if reading.symbol)),
        any(reading.conflict for reading in readings),
        tuple(reading.warning for reading in readings if reading.warning),
    )


def written_gene(context: Context, text: str) -> str | None:
    """The gene that a genotype text begins with or whose transcript it names, as an approved symbol."""
    match = _GENE_BEFORE_ALLELES.match(text) or _GENE_OF_TRANSCRIPT.search(text)
    found = context.tables.genes.resolve(match["gene"]) if match else None
    return found.symbol if found else None


def genes_of_genotype(context: Context) -> NamedGenes:
    """The genes of a genotype: those stated, narrowed to the one that its value names."""
    stated = stated_genes(context)
    written = next((gene for value in value_texts(context.data) if (gene := written_gene(context, value.text))), None)
    if written is None or stated.symbols == (written,):
        return stated
    if not stated.symbols:
        return replace(stated, symbols=(written,))
    if written in stated.symbols:
        return replace(
            stated, symbols=(written,), warnings=(*stated.warnings, phrase("the value names {gene} only", gene=written))
        )
    warning = phrase("the result names {genes}, its value {gene}", genes="+".join(stated.symbols), gene=written)
    return NamedGenes((*stated.symbols, written), True, (*stated.warnings, warning))


def genes_behind(context: Context, depth: int = 0) -> NamedGenes:
    """The genes of the results that this one was derived from.

    Where one of several is not in the record, nothing may be decided: the missing one may be of another gene.
    """
    symbols: list[str] = []
    warnings: list[str] = []
    missing = disputed = False
    for reference in objects(context.data.get("derivedFrom")):
        named = _genes_of_target(context, reference, depth)
        if named is None:
            missing = missing or _may_be_a_result(reference_text(reference))
            continue
        symbols += [symbol for symbol in named.symbols if symbol not in symbols]
        disputed = disputed or named.disputed
        warnings += named.warnings
    if symbols and missing:
        warnings.append(phrase("a result that this one was derived from is not in the record"))
    return NamedGenes(tuple(symbols), disputed or (missing and bool(symbols)), tuple(dict.fromkeys(warnings)))


def _genes_of_target(context: Context, reference: dict[str, object], depth: int) -> NamedGenes | None:
    target = context.collection.resolve(reference_text(reference), context.resource)
    if target is None:
        display = string(reference.get("display"))
        gene = written_gene(context, display) if display else None
        return NamedGenes((gene,)) if gene else None
    if target.type != "Observation":
        return NamedGenes()
    inner = replace(context, resource=target)
    stated = stated_genes(inner)
    # A genotype filed under two genes may have been interpreted for both, even if its alleles are of one.
    named = stated if len(stated.symbols) > 1 else genes_of_genotype(inner)
    if named.symbols or depth >= _MAX_DEPTH:
        return named
    return genes_behind(inner, depth + 1)


def _may_be_a_result(reference: str | None) -> bool:
    """Whether a reference without a target may have been an Observation: its type or nothing is said."""
    return reference is not None and ("Observation" in reference or "/" not in reference)
