"""From a coded gene (LOINC 48018-6 and alike) to its current HGNC symbol.

A gene's id and its shown symbol do contradict each other in real data. Neither is then believed: the
reading carries the conflict, and only a transcript of a known gene can settle it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from fhir_mappings.elements import Coding, codings, string
from knowledge.coding_change import base_accession
from knowledge.language import phrase
from knowledge.terminology import GeneTable

#: Systems whose bare numbers are HGNC ids: their URIs contain one of these. The last is HGNC's OID.
_HGNC_SYSTEMS = ("genenames", "hgnc", "2.16.840.1.113883.6.281")
_GENE_WORD = re.compile(r"\s+(?:gene|wt allele)(?:\s+\(.*\))?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class GeneReading:
    """A gene as read. ``symbol`` is ``None`` where nothing could be resolved; ``raw`` is what was sent."""

    symbol: str | None
    raw: str
    by_id: str | None = None
    by_name: str | None = None
    conflict: bool = False
    warning: str | None = None


def read_gene(concept: Any, genes: GeneTable) -> GeneReading | None:
    """Read a gene from a CodeableConcept; ``None`` if it holds no code, display or text."""
    text = string(concept.get("text")) if isinstance(concept, dict) else None
    return gene_of(tuple(codings(concept)), text, genes)


@lru_cache(maxsize=4096)
def gene_of(sent: tuple[Coding, ...], text: str | None, genes: GeneTable) -> GeneReading | None:
    """Read a gene from the codings and the text of a concept."""
    by_id, by_name, raw = None, None, None
    for system, code, display in sent:
        raw = raw or " ".join(part for part in (code, display) if part)
        by_id = by_id or _by_code(system, code, genes)
        by_name = by_name or _by_symbol(display, genes)
    by_name = by_name or _by_symbol(text, genes)
    raw = raw or text
    if raw is None:
        return None
    if by_id and by_name and by_id != by_name:
        warning = phrase(
            "gene id and symbol disagree: the id is {by_id}, the symbol {by_name}", by_id=by_id, by_name=by_name
        )
        return GeneReading(by_name, raw, by_id, by_name, conflict=True, warning=warning)
    symbol = by_id or by_name
    return GeneReading(
        symbol, raw, by_id, by_name, warning=None if symbol else phrase("gene not recognised: {name}", name=raw[:60])
    )


def settled_by_transcript(reading: GeneReading, accession: str | None, transcripts: Mapping[str, str]) -> GeneReading:
    """Settle a conflict by the gene of the transcript, if that is one of the two."""
    if not reading.conflict or not accession:
        return reading
    gene = transcripts.get(base_accession(accession))
    if gene not in (reading.by_id, reading.by_name):
        return reading
    return replace(
        reading,
        symbol=gene,
        conflict=False,
        warning=phrase("{warning}; the transcript says {gene}", warning=reading.warning, gene=gene),
    )


def _by_code(system: str | None, code: str | None, genes: GeneTable) -> str | None:
    """The gene of a code. A bare number is an HGNC or an NCBI id only where its system does not say otherwise."""
    if not code:
        return None
    if code[:5].upper() == "HGNC:":
        return genes.symbol_of_id(code)
    home = (system or "").lower()
    if "ncbi.nlm.nih.gov/gene" in home and "genbank" not in home and code.isdigit():
        found = genes.by_ncbi(code)
        return found.symbol if found else None
    if code.isdigit():
        return genes.symbol_of_id(code) if not home or any(name in home for name in _HGNC_SYSTEMS) else None
    return _by_symbol(code, genes)


def _by_symbol(text: str | None, genes: GeneTable) -> str | None:
    """The gene of a name; "BRAF Gene", as the NCI Thesaurus and SNOMED CT write it, is BRAF."""
    if not text:
        return None
    match = genes.resolve(text) or genes.resolve(_GENE_WORD.sub("", text))
    return match.symbol if match else None
