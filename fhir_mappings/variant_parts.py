"""What one variant Observation (LOINC 69548-6) says, collected from its components before it is judged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fhir_mappings.answers import Answer
from fhir_mappings.context import Components, Context
from fhir_mappings.elements import Json, codings, last_segment, member, number, objects, string
from fhir_mappings.genes import GeneReading, gene_of, settled_by_transcript
from fhir_mappings.notation import Names, read_dna, read_protein, read_variation
from knowledge.coding_change import base_accession
from knowledge.facts import Origin
from knowledge.language import phrase
from knowledge.protein_change import ProteinChangeKind

GENES = ("48018-6", "reported-affected-gene")
PROTEIN, CODING, GENOMIC, VARIATION = "48005-3", "48004-6", "81290-9", "81252-9"
TRANSCRIPT, GENOMIC_REFERENCE, REGION_NAME = "51958-7", "48013-7", "47999-8"
#: Where the kind of change stands: GR STU1 to STU3, fhirspark (62378-5), DNPM (cnv-type), German MTB (type).
CHANGE_TYPES = (
    "48019-4",
    "48006-1",
    "molecular-consequence",
    "functional-annotation",
    "feature-consequence",
    "62378-5",
    "cnv-type",
    "type",
)
_WORD_BORDER = re.compile(r"[\s,:;]+")
_MTB_COPY_NUMBER = "genetics-copy-number-variant"
SOURCE_CLASS, ALLELIC_STATE, ALLELE_FREQUENCY, SIGNIFICANCE = "48002-0", "53034-5", "81258-6", "53037-8"
REFERENCE_ALLELE, ALTERNATE_ALLELE, COORDINATE_SYSTEM = "69547-8", "69551-0", "92822-6"
RANGES = ("81254-5", "exact-start-end", "81302-2", "81301-4")
#: Where a change is named. Of the negatives of a panel, which name nothing but a gene, there are many.
_NAMING = (PROTEIN, CODING, GENOMIC, VARIATION, "conclusion-string", TRANSCRIPT, GENOMIC_REFERENCE)
ISCN = ("81291-7", "cytogenomic-nomenclature")
ZERO_BASED = frozenset({"LA30100-4", "LA30101-2"})


@dataclass(slots=True)
class VariantParts:
    """The parts of one variant Observation."""

    context: Context
    components: Components
    genes: list[GeneReading]
    names: Names
    change: str | None
    answer: Answer | None
    warnings: list[str] = field(default_factory=list)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The genes that were resolved, each once."""
        if len(self.genes) == 1:
            symbol = self.genes[0].symbol
            return (symbol,) if symbol else ()
        return tuple(dict.fromkeys(gene.symbol for gene in self.genes if gene.symbol))

    @property
    def conflict(self) -> bool | None:
        """True if a gene's id and symbol disagree and nothing settles it."""
        for gene in self.genes:
            if gene.conflict:
                return True
        return None

    @property
    def nothing_changed(self) -> bool:
        """Whether the Observation describes the reference allele, whatever its value says."""
        if self.change == "no_change":
            return True
        old = self.allele(REFERENCE_ALLELE)
        if old is not None and old == self.allele(ALTERNATE_ALLELE):
            return True
        if self.names.further:
            return False
        if self.names.coding is not None:
            return self.names.coding.kind == "="
        return self.names.protein is not None and self.names.protein.kind is ProteinChangeKind.NO_CHANGE

    @property
    def iscn(self) -> str | None:
        """The karyotype in ISCN notation."""
        component = self.components.first(*ISCN)
        return next(component.value_texts(), None) if component else None

    @property
    def transcript_gene(self) -> str | None:
        """The gene of the named transcript, where that is known."""
        transcript = self.names.transcript
        return self.context.tables.transcripts.get(base_accession(transcript)) if transcript else None

    def number(self, *codes: str) -> float | None:
        """The first number among components: a quantity, an integer, or the lower end of a range."""
        for component in self.components.all(*codes):
            candidates = (
                member(component.data, "valueQuantity").get("value"),
                component.data.get("valueInteger"),
                member(member(component.data, "valueRange"), "low").get("value"),
            )
            for candidate in candidates:
                if (value := number(candidate)) is not None:
                    return float(value)
        return None

    def allele(self, code: str) -> str | None:
        """The reference or alternate allele."""
        component = self.components.first(code)
        return string(component.data.get("valueString")) if component else None

    def stated_texts(self) -> list[str]:
        """Texts in which a named class such as "exon 19 deletion" may stand."""
        components = self.components.all(VARIATION, PROTEIN, CODING, "conclusion-string", *CHANGE_TYPES)
        return [text for component in components for text in component.value_texts()]

    def origin(self) -> Origin | None:
        """Genomic source class; ``None`` if it was not sent."""
        for component in self.components.named(SOURCE_CLASS):
            for _, code, _ in component.codings:
                if origin := self.context.tables.origins.get(code or ""):
                    return origin
            return Origin.UNKNOWN
        return None

    @property
    def significance(self) -> str | None:
        """Clinical significance, coded beside the change or implied by the interpretation (a polymorphism)."""
        tables = self.context.tables
        if stated := self.coded(SIGNIFICANCE, tables.significances):
            return stated
        for concept in objects(self.context.data.get("interpretation")):
            for system, code, _ in codings(concept):
                if implied := tables.interpretation_significances.get((last_segment(system), code or "")):
                    return implied
        return None

    def coded(self, code: str, table: Mapping[str, str]) -> str | None:
        """The table's word for a coded component."""
        for component in self.components.named(code):
            for _, value, _ in component.codings:
                if word := table.get(value or ""):
                    return word
        return None

    def allele_frequency(self) -> float | None:
        """Variant allele frequency as a fraction; a bare number above 1 is read as percent with a warning."""
        component = self.components.first(ALLELE_FREQUENCY)
        quantity = member(component.data, "valueQuantity") if component else {}
        value = number(quantity.get("value"))
        if value is None or value < 0 or value > 100:
            return None
        percent = "%" in (quantity.get("unit"), quantity.get("code"))
        if percent and value <= 1:
            self.warnings.append(phrase("allele frequency {value} % may be a fraction", value=f"{value:g}"))
            return float(value)
        if value > 1 and not percent:
            self.warnings.append(
                phrase("allele frequency {value} without a percent unit was read as percent", value=f"{value:g}")
            )
        return round(value / 100, 6) if value > 1 else float(value)


def collect_parts(context: Context) -> VariantParts:
    """Read the components of a variant Observation."""
    components = Components(context.data)
    names = _names(components)
    genes = _genes(components, names, context)
    return VariantParts(
        context=context,
        components=components,
        genes=genes,
        names=names,
        change=_change_type(components, context),
        answer=context.tables.answers.answer(context.data),
        warnings=[*names.warnings, *(gene.warning for gene in genes if gene.warning)],
    )


def _names(components: Components) -> Names:
    names = Names()
    if not components.has(*_NAMING):
        return names
    for component in components.named(PROTEIN):
        read_protein(component.value_texts(), component.value_path, names)
    for component in components.all(CODING, GENOMIC):
        read_dna(component.value_texts(), component.value_path, names)
    names.further = _further(components, names)
    for component in components.all(VARIATION, "conclusion-string"):
        read_variation(component.value_texts(), component.value_path, names)
    for component in components.named(TRANSCRIPT):
        _take_transcript(next(component.value_texts(), None), names)
    names.genomic = names.genomic or _coordinates(components)
    return names


def _further(components: Components, first: Names) -> list[Names]:
    """Further changes where one Observation lists several, as some national profiles do.

    Protein and coding changes belong together by their order, if there are as many of one as of the other.
    """
    proteins, bases = components.named(PROTEIN), components.named(CODING)
    if len(proteins) < 2 and len(bases) < 2:
        return []
    paired = len(proteins) == len(bases)
    further: list[Names] = []
    for index in range(1, max(len(proteins), len(bases))):
        names = Names()
        if index < len(proteins) and (paired or len(proteins) > len(bases)):
            read_protein(proteins[index].value_texts(), proteins[index].value_path, names)
        if index < len(bases) and (paired or len(bases) > len(proteins)):
            read_dna(bases[index].value_texts(), bases[index].value_path, names)
        known = [(one.protein, one.coding) for one in (first, *further)]
        if names.any and (names.protein, names.coding) not in known and not _part_of(names, first):
            further.append(names)
    if further and not paired and proteins and bases:
        first.warnings.append(
            phrase("several changes in one Observation: which coding and protein changes pair is not told")
        )
    return further


def _part_of(names: Names, first: Names) -> bool:
    """Whether this only repeats a part of the first change, for instance its coding change on the same transcript."""
    return (names.protein is None or names.protein == first.protein) and (
        names.coding is None or names.coding == first.coding
    )


def _take_transcript(sent: str | None, names: Names) -> None:
    """The transcript of the coding change counts; another one sent beside it is a contradiction to show."""
    if sent is None:
        return
    if names.transcript is None:
        names.transcript = sent
    elif base_accession(sent) != base_accession(names.transcript):
        names.warnings.append(
            phrase(
                "transcripts disagree: {transcript} in the change, {other} beside it",
                transcript=names.transcript,
                other=sent[:40],
            )
        )


def _coordinates(components: Components) -> str | None:
    """Reference sequence, position and alleles as one text; no HGVS, because the numbering may be any."""
    reference, where = components.first(GENOMIC_REFERENCE), components.first(*RANGES)
    sequence = next(reference.value_texts(), None) if reference else None
    if not sequence or where is None:
        return None
    limits = member(where.data, "valueRange")
    low, high = number(member(limits, "low").get("value")), number(member(limits, "high").get("value"))
    if low is None:
        return None
    position = f"{low:.0f}" if high is None or high == low else f"{low:.0f}_{high:.0f}"
    counting = components.first(COORDINATE_SYSTEM)
    numbering = " (0-based)" if counting and ZERO_BASED & set(counting.value_texts()) else ""
    alleles = [components.first(code) for code in (REFERENCE_ALLELE, ALTERNATE_ALLELE)]
    old, new = (string(allele.data.get("valueString")) if allele else None for allele in alleles)
    change = f" {old}>{new}" if old and new else ""
    return f"{sequence} {position}{change}{numbering}"


def _genes(components: Components, names: Names, context: Context) -> list[GeneReading]:
    tables = context.tables
    readings = []
    for component in components.all(*GENES):
        if reading := gene_of(tuple(component.codings), component.words, tables.genes):
            readings.append(settled_by_transcript(reading, names.transcript, tables.transcripts))
    if _swapped(readings):
        return [GeneReading(gene.symbol, gene.raw, warning=gene.warning) for gene in readings]
    if not readings and names.gene and (match := tables.genes.resolve(names.gene)):
        readings.append(GeneReading(match.symbol, names.gene))
    if not readings and not names.any and (named := _gene_in_note(context, names)):
        readings.append(named)
    return readings


def _gene_in_note(context: Context, names: Names) -> GeneReading | None:
    """The gene that a note begins with (``BRAF1 Class II Mutation``), as cancer registries send it.

    A change beside it (``BRAF V600E``) is read where the note does not deny or doubt it.
    """
    tables = context.tables
    for index, note in enumerate(objects(context.data.get("note"))):
        text = string(note.get("text")) or ""
        words = _WORD_BORDER.split(text)
        for name in (" ".join(words[:2]), *words[:1]):
            if match := tables.genes.resolve(name):
                _change_in_note(text, match.symbol, f"note[{index}].text", context, names)
                return GeneReading(match.symbol, name, warning=phrase("the gene was read from a note"))
    return None


def _change_in_note(text: str, symbol: str, path: str, context: Context, names: Names) -> None:
    changes = [
        found.change
        for found in context.tables.free_text.changes(text)
        if found.gene and (gene := context.tables.genes.resolve(found.gene)) and gene.symbol == symbol
    ]
    if len(set(changes)) == 1:
        read_protein(changes, path, names)
        names.warnings.append(phrase("the change was read from a note"))


def _swapped(readings: list[GeneReading]) -> bool:
    """Ids and symbols disagree one by one but name the same genes together, so the set is certain."""
    conflicting = [gene for gene in readings if gene.conflict]
    return bool(conflicting) and {gene.by_id for gene in conflicting} == {gene.by_name for gene in conflicting}


def _change_type(components: Components, context: Context) -> str | None:
    for component in components.all(*CHANGE_TYPES) if components.has(*CHANGE_TYPES) else ():
        if component.code == "type" and not _is_mtb_copy_number(component.data):
            continue
        if change := context.tables.change_type(component.codings, component.words):
            return change
    for concept in objects(context.data.get("interpretation")):
        for system, code, _ in codings(concept):
            if change := context.tables.copy_number_interpretations.get((last_segment(system), code or "")):
                return change
    return None


def _is_mtb_copy_number(component: Json) -> bool:
    """Whether a component named only "type" is the copy number type of the German tumour board profiles."""
    return any(last_segment(system) == _MTB_COPY_NUMBER for system, _, _ in codings(component.get("code")))
