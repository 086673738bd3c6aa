"""Laboratory codes of single pharmacogenes: alleles found, one allele present or not, enzyme activities.

"No mutation found" is a negative for what was tested. It is never a diplotype and never a normal phenotype.
"""

from __future__ import annotations

from dataclasses import replace

from fhir_mappings.answers import Answer
from fhir_mappings.context import Context, Reading
from fhir_mappings.elements import member, number, objects, string, texts
from fhir_mappings.genotypes import called_fact, genotype_fact
from fhir_mappings.named_genes import NamedGenes
from fhir_mappings.single_tests import read_gene_test
from fhir_mappings.star_alleles import read_call
from fhir_mappings.tables import CodeRule
from fhir_mappings.value_texts import value_texts
from knowledge.facts import Fact, Kind, Source, State
from knowledge.language import phrase

_ONE_ALLELE_WARNING = phrase("only this allele was tested for: the other copy is not known")


def read_gene_alleles(context: Context, rule: CodeRule) -> Reading:
    """Mutations found in one pharmacogene (LOINC 45284-7, 80738-8): a diplotype, an allele, a change or a negative."""
    named = NamedGenes(rule.genes)
    for value in value_texts(context.data):
        call = read_call(value.text, rule.genes[0], context.tables.pharmacogenes)
        if call is None or (call.gene is not None and call.gene not in rule.genes):
            continue
        return Reading([called_fact(context, named, call, value)])
    return read_gene_test(context, rule)


def read_allele_test(context: Context, rule: CodeRule) -> Reading:
    """A code for one allele (LOINC 72508-5, 100663-4): present or not, its zygosity, or the TA repeats of UGT1A1."""
    if repeats := _ta_repeats(context, rule):
        return repeats
    zygosity = _zygosity(context)
    allele = str(rule.options["allele"])
    named = NamedGenes(rule.genes)
    if zygosity is not None:
        text, path, name = zygosity
        both = f"{allele}/{allele}" if name == "homozygous" else None
        fact = genotype_fact(
            context, named, State.PRESENT, path, text, diplotype=both, allele=None if both else allele, zygosity=name
        )
        return Reading([_explained(fact, rule)])
    answer = context.tables.answers.answer(context.data)
    if answer is None:
        return context.unread("no answer that can be read")
    return Reading([_explained(_answered(context, named, answer, allele), rule)])


def read_enzyme_activity(context: Context, rule: CodeRule) -> Reading:
    """An enzyme activity as measured; a phenotype only where the laboratory itself names one."""
    quantity = member(context.data, "valueQuantity")
    value = number(quantity.get("value"))
    if value is None:
        return context.unread("no number that can be read")
    said = next((text for concept in objects(context.data.get("interpretation")) for text in texts(concept)), None)
    phenotype = None
    for concept in objects(context.data.get("interpretation")):
        for text in texts(concept):
            phenotype = phenotype or context.tables.pharmacogenes.phenotype_of_words(text, rule.genes)
    return Reading(
        [
            Fact(
                kind=Kind.PHENOTYPE,
                state=State.PRESENT,
                source=Source(context.resource.reference, "valueQuantity", said),
                genes=rule.genes,
                marker=rule.marker,
                value=value,
                unit=string(quantity.get("unit")) or string(quantity.get("code")),
                comparator=string(quantity.get("comparator")),
                phenotype=phenotype,
                status=said,
                date=context.date,
            )
        ]
    )


def _answered(context: Context, named: NamedGenes, answer: Answer, allele: str) -> Fact:
    warnings = (_ONE_ALLELE_WARNING,) if answer.is_decided else ()
    return genotype_fact(context, named, answer.state, answer.path, answer.raw, allele=allele, warnings=warnings)


def _explained(fact: Fact, rule: CodeRule) -> Fact:
    """The fact with what the code's own definition leaves open, as the table says it."""
    note = rule.options.get("warning")
    return replace(fact, warnings=(*fact.warnings, str(note))) if note else fact


def _zygosity(context: Context) -> tuple[str, str, str] | None:
    for value in value_texts(context.data):
        name = context.tables.zygosities.get(value.text) or value.text.strip().lower()
        if name in ("heterozygous", "homozygous"):
            return value.text, value.path, name
    return None


def _ta_repeats(context: Context, rule: CodeRule) -> Reading | None:
    """``6/7``: the TA repeats of both UGT1A1 promoters."""
    if rule.options.get("ta_repeats") is not True:
        return None
    for value in value_texts(context.data):
        copies = [part.strip(" ()TAta") for part in value.text.split("/")]
        alleles = [context.tables.pharmacogenes.ta_repeats.get(copy) for copy in copies]
        if len(alleles) == 2 and None not in alleles:
            fact = genotype_fact(
                context,
                NamedGenes(rule.genes),
                State.PRESENT,
                value.path,
                value.text,
                diplotype="/".join(str(allele) for allele in alleles),
                warnings=(phrase("only the TA repeats were tested"),),
            )
            return Reading([fact])
    return None
