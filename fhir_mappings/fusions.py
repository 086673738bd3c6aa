"""Recognising fusions: by change type, by partner components, by name, by a pair that is known."""

from __future__ import annotations

import re

from fhir_mappings.context import Component
from fhir_mappings.genes import GeneReading, read_gene
from fhir_mappings.tables import MappingTables
from fhir_mappings.variant_parts import VARIATION, VariantParts
from knowledge.coding_change import base_accession
from knowledge.language import phrase

_FUSION_TRANSCRIPT = "95123-6"
_PARTNERS = ("five-prime-gene", "three-prime-gene")
#: Components whose presence describes a fusion even where no value says that it was found.
FUSION_COMPONENTS = (_FUSION_TRANSCRIPT, *_PARTNERS)

_SYMBOL = r"[A-Z][A-Za-z0-9.]{1,9}(?:-[A-Z0-9]{1,4})?"
_EXON = r"(?:\s*\(?\s*(?:[Ee]x(?:on)?\.?\s*)?\d{1,2}\s*\)?)?"
_PAIR = re.compile(rf"^(?P<first>{_SYMBOL}){_EXON}\s*::\s*(?P<second>{_SYMBOL})\b")
_IDS = re.compile(r"^(?P<first>HGNC:\d+)\s*::\s*(?P<second>HGNC:\d+)$", re.IGNORECASE)
_TRANSCRIPTS = re.compile(
    r"^(?P<first>[NX][MR]_\d+|ENST\d+)(?:\.\d+)?(?:\((?P<first_gene>[A-Z0-9-]+)\))?(?::[rc]\.\S*?)?::"
    r"(?P<second>[NX][MR]_\d+|ENST\d+)(?:\.\d+)?(?:\((?P<second_gene>[A-Z0-9-]+)\))?(?::[rc]\.\S*)?$"
)
_KIND = r"(?:fusion|rearrangement|translocation|fusion transcript|Fusion|Rearrangement|Translokation)"
_NAMES_A_FUSION = re.compile(r"fusion|rearrang|translo", re.IGNORECASE)
_PAIR_FUSION = re.compile(
    rf"^(?P<first>[A-Z][A-Z0-9]{{1,9}}){_EXON}\s?[-/–]\s?(?P<second>[A-Z][A-Z0-9]{{1,9}}){_EXON}\s+(?:gene\s+)?{_KIND}\b",
    re.IGNORECASE,
)
_BARE_PAIR = re.compile(
    rf"^(?P<first>[A-Z][A-Z0-9]{{1,9}}){_EXON}\s?[-/–]\s?(?P<second>[A-Z][A-Z0-9]{{1,9}}){_EXON}(?:[\s,;].*)?$"
)
_ONE_GENE = re.compile(
    rf"^(?P<first>[A-Z][A-Z0-9]{{1,9}})[\s-]+(?:gene\s+)?(?:{_KIND}|rearranged|rearrangiert)\b", re.IGNORECASE
)


def fusion_genes(parts: VariantParts) -> tuple[str, ...]:
    """The genes of a fusion, five-prime first where that is told; empty if the Observation is none."""
    tables = parts.context.tables
    if parts.components.has(*FUSION_COMPONENTS) and (stated := _stated_partners(parts) or _transcript_pair(parts)):
        return stated
    for component in parts.components.named(VARIATION):
        for text in component.value_texts():
            if pair := fusion_in_text(text, tables):
                return pair
    symbols = parts.symbols
    if parts.change == "fusion" and symbols:
        return symbols
    present = parts.answer is not None and parts.answer.state == "present"
    if present and len(symbols) == 2 and frozenset(symbols) in tables.fusion_pairs:
        parts.warnings.append(phrase("no fusion was stated; the two genes are a known fusion pair"))
        return symbols
    return ()


def fusion_in_text(text: str, tables: MappingTables, named_as_fusion: bool = False) -> tuple[str, ...]:
    """Genes of a fusion named as a whole text (``EML4::ALK``, ``EML4-ALK fusion``, ``ROS1 Fusion``).

    Where the slot itself says that its value is a fusion, the two names suffice (``EML4-ALK``). A text that
    denies or doubts it names none.
    """
    if not (named_as_fusion or "::" in text or _NAMES_A_FUSION.search(text)):
        return ()
    genes = _named_genes(text.strip(), tables, named_as_fusion)
    return genes if genes and not tables.free_text.blocks(text) else ()


def _named_genes(text: str, tables: MappingTables, named_as_fusion: bool) -> tuple[str, ...]:
    if match := _IDS.match(text):
        found = [tables.genes.by_id(identifier) for identifier in match.groupdict().values()]
        return tuple(dict.fromkeys(gene.symbol for gene in found if gene)) if all(found) else ()
    if match := _TRANSCRIPTS.match(text):
        return _by_transcripts(match, tables)
    for pattern in (_PAIR, _PAIR_FUSION, _ONE_GENE, *((_BARE_PAIR,) if named_as_fusion else ())):
        if match := pattern.match(text):
            genes = [tables.genes.resolve(symbol) for symbol in match.groupdict().values()]
            if all(genes):
                return tuple(dict.fromkeys(gene.symbol for gene in genes if gene))
    return ()


def _by_transcripts(match: re.Match[str], tables: MappingTables) -> tuple[str, ...]:
    genes = []
    for side in ("first", "second"):
        named = tables.genes.resolve(match[f"{side}_gene"]) if match[f"{side}_gene"] else None
        gene = named.symbol if named else tables.transcripts.get(base_accession(match[side]))
        if gene is None:
            return ()
        genes.append(gene)
    return tuple(dict.fromkeys(genes))


def _transcript_pair(parts: VariantParts) -> tuple[str, ...]:
    """The pair of a fusion transcript component; its code and its display must name the same genes."""
    tables = parts.context.tables
    for component in parts.components.all(_FUSION_TRANSCRIPT):
        texts = list(component.value_texts())
        pairs = [pair for text in texts if (pair := fusion_in_text(text, tables, named_as_fusion=True))]
        if len({frozenset(pair) for pair in pairs}) > 1:
            parts.warnings.append(
                phrase("code and display name different fusions: {fusions}", fusions=", ".join(texts)[:80])
            )
            parts.genes.append(GeneReading(None, texts[0], conflict=True))
        if pairs:
            parts.names.decided_by(component.value_path, texts[0])
            return pairs[0]
    return ()


def _stated_partners(parts: VariantParts) -> tuple[str, ...]:
    """The genes of the five- and three-prime components, in this order."""
    components: list[Component] = parts.components.all(*_PARTNERS)
    if not components:
        return ()
    genes = []
    for component in components:
        concept = component.concept or {"text": component.data.get("valueString")}
        reading = read_gene(concept, parts.context.tables.genes)
        if reading is None:
            continue
        parts.genes.append(reading)
        if reading.warning:
            parts.warnings.append(reading.warning)
        if reading.symbol:
            genes.append(reading.symbol)
            parts.names.decided_by(component.value_path, reading.raw)
    if len(genes) == 2 and genes[0] == genes[1]:
        parts.warnings.append(phrase("both partners are named {gene}", gene=genes[0]))
    return tuple(dict.fromkeys(genes))
