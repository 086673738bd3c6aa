"""Recognising fusions: by change type, by partner components, by name, by a pair that is known."""

from __future__ import annotations

import re

from fhir_mappings.context import Component
from fhir_mappings.genes import read_gene
from fhir_mappings.tables import MappingTables
from fhir_mappings.variant_parts import VARIATION, VariantParts

_FUSION_TRANSCRIPT = "95123-6"
_PARTNERS = ("five-prime-gene", "three-prime-gene")
_SYMBOL = r"[A-Z][A-Za-z0-9.]{1,9}(?:-[A-Z0-9]{1,4})?"
_PAIR = re.compile(rf"^(?P<first>{_SYMBOL})::(?P<second>{_SYMBOL})\b")
_PAIR_FUSION = re.compile(
    r"^(?P<first>[A-Z][A-Z0-9]{1,9})\s?[-/–]\s?(?P<second>[A-Z][A-Z0-9]{1,9})\s+(?:gene\s+)?(?:fusion|rearrangement|translocation)\b",
    re.IGNORECASE,
)
_ONE_GENE = re.compile(
    r"^(?P<first>[A-Z][A-Z0-9]{1,9})[\s-]+(?:gene\s+)?(?:fusion|rearrangement|rearranged|translocation)\b(?!\s+(?:not|neg))",
    re.IGNORECASE,
)


def fusion_genes(parts: VariantParts) -> tuple[str, ...]:
    """The genes of a fusion, five-prime first where that is told; empty if the Observation is none."""
    tables = parts.context.tables
    if partners := _stated_partners(parts.components.all(*_PARTNERS), tables):
        return partners
    for component in parts.components.all(_FUSION_TRANSCRIPT):
        for text in component.value_texts():
            if pair := fusion_in_text(text, tables):
                return pair
    for component in parts.components.all(VARIATION):
        for text in component.value_texts():
            if pair := fusion_in_text(text, tables):
                return pair
    symbols = parts.symbols
    if parts.change == "fusion" and symbols:
        return symbols
    present = parts.answer is not None and parts.answer.state == "present"
    if present and len(symbols) == 2 and frozenset(symbols) in tables.fusion_pairs:
        parts.warnings.append("no fusion was stated; the two genes are a known fusion pair")
        return symbols
    return ()


def fusion_in_text(text: str, tables: MappingTables) -> tuple[str, ...]:
    """Genes of a fusion named as a whole text (``EML4::ALK``, ``EML4-ALK fusion``, ``ROS1 Fusion``)."""
    for pattern in (_PAIR, _PAIR_FUSION, _ONE_GENE):
        if match := pattern.match(text.strip()):
            genes = [tables.genes.resolve(symbol) for symbol in match.groupdict().values()]
            if all(genes):
                return tuple(dict.fromkeys(gene.symbol for gene in genes if gene))
    return ()


def _stated_partners(components: list[Component], tables: MappingTables) -> tuple[str, ...]:
    readings = [read_gene(component.concept, tables.genes) for component in components]
    return tuple(dict.fromkeys(reading.symbol for reading in readings if reading and reading.symbol))
