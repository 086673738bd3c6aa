"""Laboratory results whose code already names the gene: one variant, one rearrangement, or what was found.

A negative speaks for exactly what the code names: the one variant, the class, or the gene as tested.
"""

from __future__ import annotations

from fhir_mappings.answers import Answer
from fhir_mappings.context import Context, Reading
from fhir_mappings.elements import member, string, texts
from fhir_mappings.fusions import fusion_in_text
from fhir_mappings.notation import Names, read_dna, read_gene_and_protein, read_protein
from fhir_mappings.tables import CodeRule
from knowledge.facts import Fact, Kind, Source, State


def read_variant_test(context: Context, rule: CodeRule) -> Reading:
    """A code for one variant or one class of variants with the answer whether it is there."""
    answer = context.tables.answers.answer(context.data)
    if answer is None:
        return context.unread("no answer that can be read")
    return Reading([_fact(context, Kind.VARIANT, answer, rule, protein=rule.protein, variant_class=rule.variant_class)])


def read_fusion_test(context: Context, rule: CodeRule) -> Reading:
    """A code for one rearrangement with the answer whether it is there, or with its name."""
    answer = context.tables.answers.answer(context.data)
    if answer is not None:
        return Reading([_fact(context, Kind.FUSION, answer, rule)])
    for text, path in _value_texts(context):
        if genes := fusion_in_text(text, context.tables):
            named = Answer(State.PRESENT, path, text)
            return Reading([_fact(context, Kind.FUSION, named, rule, genes=genes)])
    return context.unread("no answer that can be read")


def read_gene_test(context: Context, rule: CodeRule) -> Reading:
    """A code for mutations found in a gene: a negative, or the name of what was found."""
    answer = context.tables.answers.answer(context.data)
    if answer is not None:
        return Reading([_fact(context, Kind.VARIANT, answer, rule)])
    for text, path in _value_texts(context):
        if fact := _named(context, rule, text, path):
            return Reading([fact])
    return context.unread("no answer and no change that can be read")


def _named(context: Context, rule: CodeRule, text: str, path: str) -> Fact | None:
    catalogue = context.tables.alterations
    names = Names()
    if pair := read_gene_and_protein(text):
        gene = context.tables.genes.resolve(pair[0])
        if gene is None or gene.symbol not in rule.genes:
            return None
        names.protein = pair[1]
    elif "c." in text:
        read_dna([text], path, names)
    else:
        read_protein([text], path, names)
    answer = Answer(State.PRESENT, path, text)
    coding = str(names.coding) if names.coding else None
    protein = str(names.protein) if names.protein else None
    if coding or protein:
        protein = protein or catalogue.protein_of_coding(rule.genes[0], coding or "", names.transcript)
        fact = _fact(context, Kind.VARIANT, answer, rule, protein=protein, coding=coding)
        return _fact(
            context,
            Kind.VARIANT,
            answer,
            rule,
            protein=protein,
            coding=coding,
            variant_class=catalogue.structural_class(rule.genes[0], fact),
        )
    stated = catalogue.class_in_text(rule.genes[0], text)
    return _fact(context, Kind.VARIANT, answer, rule, variant_class=stated) if stated else None


def _value_texts(context: Context) -> list[tuple[str, str]]:
    coded = [(text, "valueCodeableConcept") for text in texts(member(context.data, "valueCodeableConcept"))]
    text = string(context.data.get("valueString"))
    return coded + ([(text, "valueString")] if text else [])


def _fact(
    context: Context,
    kind: Kind,
    answer: Answer,
    rule: CodeRule,
    *,
    genes: tuple[str, ...] | None = None,
    protein: str | None = None,
    coding: str | None = None,
    variant_class: str | None = None,
) -> Fact:
    return Fact(
        kind=kind,
        state=answer.state,
        source=Source(context.resource.reference, answer.path, answer.raw),
        genes=genes or rule.genes,
        protein=protein,
        coding=coding,
        variant_class=variant_class,
        date=context.date,
    )
