"""Genotypes and haplotypes (LOINC 84413-4, 84414-2; R4 core: SNOMED CT 363779003), HLA alleles among them.

Two alleles are a diplotype, one is an allele and never a diplotype. A genotype that only groups variants keeps
its text and has neither.
"""

from __future__ import annotations

from fhir_mappings.context import Context, Reading
from fhir_mappings.elements import objects
from fhir_mappings.hla import is_hla_gene, names_hla, typing_facts
from fhir_mappings.named_genes import NamedGenes, genes_behind, genes_of_genotype
from fhir_mappings.star_alleles import Call, read_call
from fhir_mappings.tables import CodeRule
from fhir_mappings.value_texts import ValueText, value_texts
from knowledge.facts import Fact, Kind, Source, State
from knowledge.language import phrase

_SEVERAL_POSSIBILITIES = phrase("the genotype names several possibilities")


def read_genotype(context: Context, rule: CodeRule) -> Reading:
    """Read a genotype or haplotype; a value without alleles keeps its text."""
    values = value_texts(context.data)
    named = _named(context, rule)
    if any(map(is_hla_gene, named.symbols)) or names_hla(value.text for value in values):
        return typing_facts(context, values, next(filter(is_hla_gene, named.symbols), None))
    answer = context.tables.answers.answer(context.data)
    if answer is not None and not answer.is_decided:
        return Reading([genotype_fact(context, named, answer.state, answer.path, answer.raw)])
    if answer is not None:
        return context.unread("an answer that names no alleles")
    if not values:
        return context.unread("a genotype without a value")
    for value in values:
        if call := _call(context, value, named):
            return Reading([called_fact(context, _with_written_gene(context, call, named), call, value)])
    return _as_text(context, named, values[-1])


def genotype_fact(
    context: Context,
    named: NamedGenes,
    state: State,
    path: str,
    raw: str,
    *,
    diplotype: str | None = None,
    allele: str | None = None,
    value: str | None = None,
    marker: str | None = None,
    zygosity: str | None = None,
    warnings: tuple[str, ...] = (),
) -> Fact:
    """A genotype fact of this resource; a dispute about the gene is marked, so that nothing is decided by it."""
    return Fact(
        kind=Kind.GENOTYPE,
        state=state,
        source=Source(context.resource.reference, path, raw[:200]),
        genes=named.symbols,
        diplotype=diplotype,
        allele=allele,
        value=value,
        marker=marker,
        zygosity=zygosity,
        conflict=True if named.disputed else None,
        date=context.date,
        warnings=(*named.warnings, *warnings),
    )


def _named(context: Context, rule: CodeRule) -> NamedGenes:
    """The genes stated or written, else those of the code, else the star-allele gene of the variants behind."""
    named = genes_of_genotype(context)
    if named.symbols:
        return _several_are_disputed(named)
    if rule.genes:
        return NamedGenes(rule.genes, named.disputed, named.warnings)
    behind = genes_behind(context)
    symbols = tuple(symbol for symbol in behind.symbols if symbol in context.tables.pharmacogenes.star_allele_genes)
    if len(symbols) == 1:
        return NamedGenes(symbols, behind.disputed, (*named.warnings, *behind.warnings))
    return named


def _several_are_disputed(named: NamedGenes) -> NamedGenes:
    """Two genes for one pair of alleles that names neither: the alleles are given to none of them."""
    if len(named.symbols) < 2 or named.disputed:
        return named
    return NamedGenes(named.symbols, True, (*named.warnings, phrase("several genes for one genotype")))


def _call(context: Context, value: ValueText, named: NamedGenes) -> Call | None:
    gene = named.symbols[0] if len(named.symbols) == 1 else None
    return read_call(value.text, gene, context.tables.pharmacogenes, genotype_list=value.genotype_list)


def _with_written_gene(context: Context, call: Call, named: NamedGenes) -> NamedGenes:
    if named.symbols or call.gene is None:
        return named
    found = context.tables.genes.resolve(call.gene)
    return NamedGenes((found.symbol,), named.disputed, named.warnings) if found else named


def called_fact(context: Context, named: NamedGenes, call: Call, value: ValueText) -> Fact:
    """The fact of alleles that were read; indeterminate where the text leaves several possibilities."""
    warnings = () if named.symbols else (phrase("the gene is not stated"),)
    if call.ambiguous:
        reason = phrase("alleles of two genes in one genotype") if call.two_genes else _SEVERAL_POSSIBILITIES
        return genotype_fact(
            context,
            named,
            State.INDETERMINATE,
            value.path,
            value.text,
            value=value.text[:200],
            warnings=(*warnings, reason),
        )
    return genotype_fact(
        context,
        named,
        State.PRESENT,
        value.path,
        value.text,
        diplotype=call.diplotype,
        allele=call.allele,
        marker=call.position,
        warnings=warnings,
    )


def _as_text(context: Context, named: NamedGenes, value: ValueText) -> Reading:
    """A genotype in words or in HGVS: the text is kept; of a watched gene it is also reported as not understood."""
    groups = bool(objects(context.data.get("hasMember")))
    reason = phrase("the genotype groups variants") if groups else phrase("no alleles could be read from the genotype")
    fact = genotype_fact(
        context, named, State.PRESENT, value.path, value.text, value=value.text[:200], warnings=(reason,)
    )
    watched = context.tables.pharmacogenes.watched_genes & set(named.symbols)
    return Reading([fact], context.unread(reason).unread if watched else [])
