"""What a single-gene result says in its value: the answer, and the changes that its texts name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from fhir_mappings.answers import Answer
from fhir_mappings.context import Context
from fhir_mappings.elements import member, objects, string, texts
from fhir_mappings.notation import Names, read_dna, read_gene_and_protein, read_protein
from fhir_mappings.specimens import specimen_of
from fhir_mappings.tables import CodeRule
from knowledge.facts import Fact, Kind, Source, State
from knowledge.language import phrase

_BETWEEN_CHANGES = re.compile(r"\s*[;,+]\s*|\s+(?:and|und|&)\s+")


@dataclass(frozen=True, slots=True)
class ValueText:
    """A text of the value with the element that holds it."""

    text: str
    path: str


@dataclass(slots=True)
class NamedChange:
    """A change that a text names: of which gene, if the text or the code tells, and how it was read."""

    gene: str | None
    names: Names
    path: str
    raw: str
    variant_class: str | None = None
    warnings: list[str] = field(default_factory=list)


def value_texts_of(context: Context) -> list[ValueText]:
    """Codes, displays and texts of the value, as they stand in the resource."""
    coded = [ValueText(text, "valueCodeableConcept") for text in texts(member(context.data, "valueCodeableConcept"))]
    plain = string(context.data.get("valueString"))
    return coded + ([ValueText(plain, "valueString")] if plain else [])


def notes_of(context: Context) -> list[ValueText]:
    """The notes, which hold what found no other place."""
    notes = enumerate(objects(context.data.get("note")))
    return [ValueText(text, f"note[{index}].text") for index, note in notes if (text := string(note.get("text")))]


def answer_of(context: Context, rule: CodeRule, kind: str = "variant") -> Answer | None:
    """Whether it was found: a coded or worded answer, also where it repeats the gene (``EGFR: negative``)."""
    tables = context.tables
    if answer := tables.answers.answer(context.data):
        return answer
    for value in value_texts_of(context):
        for text in (value.text, _without_genes(value.text, rule.genes)):
            state = tables.answers.of_words(text) or tables.test_words.get(kind, {}).get(_plain(text))
            if state:
                return Answer(state, value.path, value.text)
    return None


def named_changes(context: Context, rule: CodeRule, values: list[ValueText]) -> list[NamedChange]:
    """The changes of the code's genes that the first telling text names; none from a text that denies or doubts."""
    for value in values:
        if found := _in_whole_text(context, rule, value) or _in_sentences(context, rule, value):
            return found
    return []


def _in_whole_text(context: Context, rule: CodeRule, value: ValueText) -> list[NamedChange]:
    """A text that is one name, or a list of names and nothing else."""
    words = context.tables.free_text
    if words.blocks(value.text):
        return []
    for text in dict.fromkeys((value.text, words.bare_name(value.text))):
        if change := _one_change(context, rule, text, value):
            return [change]
    if stated := _stated_class(context, rule, value):
        return [stated]
    pieces = [words.bare_name(piece) for piece in _BETWEEN_CHANGES.split(value.text) if piece.strip()]
    if len(pieces) < 2:
        return []
    changes = [_one_change(context, rule, piece, value) for piece in pieces]
    return [change for change in changes if change] if all(changes) else []


def _in_sentences(context: Context, rule: CodeRule, value: ValueText) -> list[NamedChange]:
    """Changes that a sentence names as found, by the strict patterns of free text."""
    found: dict[tuple[str | None, str], NamedChange] = {}
    for named in context.tables.free_text.changes(value.text):
        text = f"{named.gene} {named.change}" if named.gene else named.change
        if change := _one_change(context, rule, text, value):
            change.warnings.append(phrase("read from free text"))
            found.setdefault((change.gene, str(change.names.protein or change.names.coding)), change)
    return _merged(list(found.values()))


def _merged(changes: list[NamedChange]) -> list[NamedChange]:
    """A coding and a protein change of one sentence are one variant."""
    if len(changes) == 2 and changes[0].gene == changes[1].gene:
        one, other = changes
        if one.names.protein and not one.names.coding and other.names.coding and not other.names.protein:
            one.names.coding, one.names.transcript = other.names.coding, other.names.transcript
            return [one]
        if one.names.coding and not one.names.protein and other.names.protein and not other.names.coding:
            one.names.protein = other.names.protein
            return [one]
    return changes


def _one_change(context: Context, rule: CodeRule, text: str, value: ValueText) -> NamedChange | None:
    """One change of one of the code's genes; ``None`` if the text is something else or names another gene."""
    names = Names()
    pair = read_gene_and_protein(text, names)
    if pair:
        names.gene, names.protein = pair
    elif "c." in text:
        read_dna([text], value.path, names)
    elif "p." in text or not any(mark in text for mark in " :"):
        read_protein([text], value.path, names)
    if not (names.protein or names.coding):
        return None
    gene = context.tables.genes.resolve(names.gene) if names.gene else None
    if names.gene and (gene is None or gene.symbol not in rule.genes):
        return None
    symbol = gene.symbol if gene else rule.genes[0] if len(rule.genes) == 1 else None
    return NamedChange(symbol, names, value.path, value.text, warnings=list(names.warnings))


def _stated_class(context: Context, rule: CodeRule, value: ValueText) -> NamedChange | None:
    """A class in words, such as ``exon 19 deletion``."""
    for gene in rule.genes:
        if stated := context.tables.alterations.class_in_text(gene, value.text):
            return NamedChange(gene, Names(), value.path, value.text, variant_class=stated)
    return None


def fact_of(context: Context, rule: CodeRule, kind: Kind, answer: Answer, **members: Any) -> Fact:
    """A fact of a laboratory code: its genes unless told otherwise, specimen, and the warning of the method."""
    warnings = (*members.pop("warnings", ()), *_warnings_of(rule))
    return Fact(
        kind=kind,
        state=answer.state,
        source=Source(context.resource.reference, answer.path, answer.raw),
        genes=members.pop("genes", None) or rule.genes,
        specimen=specimen_of(context, rule),
        date=context.date,
        warnings=warnings,
        **members,
    )


def named_fact(context: Context, rule: CodeRule, change: NamedChange, state: State = State.PRESENT) -> Fact:
    """The fact of a named change of a known gene."""
    catalogue = context.tables.alterations
    gene = change.gene or rule.genes[0]
    coding = str(change.names.coding) if change.names.coding else None
    protein = str(change.names.protein) if change.names.protein else None
    warnings = list(change.warnings)
    if coding and protein is None and (derived := catalogue.protein_of_coding(gene, coding, change.names.transcript)):
        protein = derived
        warnings.append(phrase("{derived} was derived from {coding}", derived=derived, coding=coding))
    fact = fact_of(
        context,
        rule,
        Kind.VARIANT,
        Answer(state, change.path, change.raw),
        genes=(gene,),
        protein=protein,
        coding=coding,
        transcript=change.names.transcript,
        variant_class=change.variant_class,
        warnings=warnings,
    )
    if change.variant_class is None and (structural := catalogue.structural_class(gene, fact)):
        return replace(fact, variant_class=structural)
    return fact


def _warnings_of(rule: CodeRule) -> Iterator[str]:
    if method := rule.options.get("method"):
        yield phrase("found or excluded by {method}", method=phrase(str(method)))
    if legacy := rule.options.get("legacy"):
        yield phrase("the test names it {legacy}", legacy=legacy)


def _without_genes(text: str, genes: tuple[str, ...]) -> str:
    for gene in genes:
        text = re.sub(rf"(?<!\w){re.escape(gene)}(?!\w)(?:\s+gene\b)?", " ", text)
    return re.sub(r"\s+", " ", text).strip(" :,-")


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().rstrip(".").lower()
