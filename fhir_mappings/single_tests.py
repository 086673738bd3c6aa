"""Laboratory results whose code already names the gene: one variant, one rearrangement, or what was found.

A negative speaks for exactly what the code names: the one variant, the class, or the gene as tested. One value
for several genes can deny all of them; what it found belongs to one of them only if the text says to which.
"""

from __future__ import annotations

from fhir_mappings.answers import Answer
from fhir_mappings.context import Components, Context, Reading
from fhir_mappings.fusions import fusion_in_text
from fhir_mappings.gene_results import (
    NamedChange,
    answer_of,
    fact_of,
    named_changes,
    named_fact,
    notes_of,
    value_texts_of,
)
from fhir_mappings.notation import Names, read_dna, read_protein
from fhir_mappings.tables import CodeRule
from knowledge.facts import Fact, Kind, State
from knowledge.protein_change import parse_protein_change

_PROTEIN, _CODING, _GENOMIC = "48005-3", "48004-6", "81290-9"


def read_variant_test(context: Context, rule: CodeRule) -> Reading:
    """A code for one variant or one class of variants with the answer whether it is there."""
    answer = answer_of(context, rule)
    if answer is None:
        changes = [change for change in named_changes(context, rule, value_texts_of(context)) if change.gene]
        facts = [named_fact(context, rule, change) for change in changes]
        if facts and all(_belongs(context, fact, rule) for fact in facts):
            return Reading(facts)
        return context.unread("no answer that can be read")
    proteins = rule.options.get("proteins")
    if not proteins:
        return Reading([_variant(context, rule, answer)])
    if answer.state is State.PRESENT:
        # One of several codons is changed, and the answer does not say which.
        return Reading([fact_of(context, rule, Kind.VARIANT, answer, variant_class=rule.variant_class)])
    return Reading([fact_of(context, rule, Kind.VARIANT, answer, protein=protein) for protein in proteins])


def read_gene_test(context: Context, rule: CodeRule) -> Reading:
    """A code for mutations found in a gene: a negative, or the name of what was found."""
    answer = answer_of(context, rule)
    if answer is not None and answer.state is not State.PRESENT:
        return Reading([_scoped(context, rule, answer, gene) for gene in rule.genes])
    changes = _in_components(context, rule) or named_changes(context, rule, value_texts_of(context))
    if answer is not None and not changes:
        changes = named_changes(context, rule, notes_of(context))
    told = [named_fact(context, rule, change) for change in changes if change.gene]
    if told:
        return Reading(told)
    if answer is None and not changes:
        return context.unread("no answer and no change that can be read")
    if len(rule.genes) > 1:
        return context.unread(f"something was found, but not told in which of {', '.join(rule.genes)}")
    return Reading([_variant(context, rule, answer)]) if answer else context.unread("no change that can be read")


def read_fusion_test(context: Context, rule: CodeRule) -> Reading:
    """A code for one rearrangement with the answer whether it is there, or with its name.

    ``options.each``: the genes are tested side by side, not as the partners of one fusion.
    ``options.transcript``: only one form of the fusion is looked for.
    """
    named = _named_fusion(context, rule)
    answer = answer_of(context, rule, "fusion")
    if answer is None or (answer.state is State.PRESENT and named):
        return Reading([named]) if named else context.unread("no answer that can be read")
    if rule.options.get("each"):
        if answer.state is State.PRESENT:
            return context.unread(f"a rearrangement was found, but not told in which of {', '.join(rule.genes)}")
        return Reading([fact_of(context, rule, Kind.FUSION, answer, genes=(gene,)) for gene in rule.genes])
    if (transcript := rule.options.get("transcript")) and answer.state is not State.PRESENT:
        return context.unread(f"the transcript {transcript} alone was looked for; that says nothing of other forms")
    return Reading([fact_of(context, rule, Kind.FUSION, answer, variant_class=rule.variant_class)])


def _variant(context: Context, rule: CodeRule, answer: Answer) -> Fact:
    coding = rule.options.get("coding")
    return fact_of(
        context, rule, Kind.VARIANT, answer, protein=rule.protein, coding=coding, variant_class=rule.variant_class
    )


def _scoped(context: Context, rule: CodeRule, answer: Answer, gene: str) -> Fact:
    """What was not found, within the scope of the test.

    ``negative_scope`` is the row's word for what the test looks at, where that is less than the gene.
    """
    scope = rule.options.get("negative_scope") or rule.variant_class
    return fact_of(
        context,
        rule,
        Kind.VARIANT,
        answer,
        genes=(gene,),
        protein=rule.protein,
        variant_class=None if rule.protein else scope,
    )


def _belongs(context: Context, fact: Fact, rule: CodeRule) -> bool:
    """Whether a named change is what the code tests for."""
    if rule.variant_class:
        return rule.variant_class in context.tables.alterations.classes_of(rule.genes[0], fact)
    if not (rule.protein and fact.protein):
        return False
    wanted, found = parse_protein_change(rule.protein), parse_protein_change(fact.protein)
    return found == wanted or (wanted.new == () and found.start == wanted.start == found.end)


def _in_components(context: Context, rule: CodeRule) -> list[NamedChange]:
    """A change in the components of the Genomics Reporting guide, under a laboratory's own code."""
    components = Components(context.data)
    names = Names()
    for component in components.all(_PROTEIN):
        read_protein(component.value_texts(), component.value_path, names)
    for component in components.all(_CODING, _GENOMIC):
        read_dna(component.value_texts(), component.value_path, names)
    if not (names.protein or names.coding) or len(rule.genes) > 1:
        return []
    return [NamedChange(rule.genes[0], names, names.path or "component", names.raw or "", warnings=names.warnings)]


def _named_fusion(context: Context, rule: CodeRule) -> Fact | None:
    """The fusion that the value names, if one of the code's genes takes part in it."""
    for value in value_texts_of(context):
        genes = fusion_in_text(value.text, context.tables, named_as_fusion=True)
        if genes and set(genes) & set(rule.genes):
            answer = Answer(State.PRESENT, value.path, value.text)
            return fact_of(context, rule, Kind.FUSION, answer, genes=genes)
    return None
