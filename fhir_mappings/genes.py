"""From a coded gene (LOINC 48018-6 and alike) to its current HGNC symbol.

A gene's id and its shown symbol do contradict each other in real data. Neither is then believed: the
reading carries the conflict, and only a transcript of a known gene can settle it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fhir_mappings.elements import codings, string
from knowledge.coding_change import base_accession
from knowledge.terminology import GeneTable


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
    by_id, by_name, raw = None, None, None
    for system, code, display in codings(concept):
        raw = raw or " ".join(part for part in (code, display) if part)
        by_id = by_id or _by_code(system, code, genes)
        by_name = by_name or _by_symbol(display, genes)
    text = string(concept.get("text")) if isinstance(concept, dict) else None
    by_name = by_name or _by_symbol(text, genes)
    raw = raw or text
    if raw is None:
        return None
    if by_id and by_name and by_id != by_name:
        warning = f"gene id and symbol disagree: the id is {by_id}, the symbol {by_name}"
        return GeneReading(by_name, raw, by_id, by_name, conflict=True, warning=warning)
    symbol = by_id or by_name
    return GeneReading(symbol, raw, by_id, by_name, warning=None if symbol else f"gene not recognised: {raw[:60]}")


def settled_by_transcript(reading: GeneReading, accession: str | None, transcripts: Mapping[str, str]) -> GeneReading:
    """Settle a conflict by the gene of the transcript, if that is one of the two."""
    if not reading.conflict or not accession:
        return reading
    gene = transcripts.get(base_accession(accession))
    if gene not in (reading.by_id, reading.by_name):
        return reading
    return replace(reading, symbol=gene, conflict=False, warning=f"{reading.warning}; the transcript says {gene}")


def _by_code(system: str | None, code: str | None, genes: GeneTable) -> str | None:
    if not code:
        return None
    if system and "ncbi.nlm.nih.gov/gene" in system.lower():
        found = genes.by_ncbi(code)
    elif re.fullmatch(r"(?:HGNC:)?\d+", code):
        found = genes.by_id(code)
    else:
        return _by_symbol(code, genes)
    return found.symbol if found else None


def _by_symbol(text: str | None, genes: GeneTable) -> str | None:
    match = genes.resolve(text) if text else None
    return match.symbol if match else None
