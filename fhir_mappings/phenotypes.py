"""Pharmacogenomic phenotypes: what a laboratory says about the activity of an enzyme or a transporter.

They arrive as results of their own, as components of claims about drugs, as conclusion codes and as diagnoses.
What such a claim says about the drug itself is neither a finding nor a therapy and is never read.
"""

from __future__ import annotations

import re
from dataclasses import replace

from fhir_mappings.context import Component, Components, Context, Reading, code_text
from fhir_mappings.elements import Json, codings, concept_text, last_segment, member, objects, string, texts
from fhir_mappings.genotypes import read_genotype
from fhir_mappings.hla import read_hla_allele_test, read_typing
from fhir_mappings.named_genes import NamedGenes, genes_behind, stated_genes, written_gene
from fhir_mappings.record import Unread
from fhir_mappings.tables import CodeRule
from fhir_mappings.value_texts import value_texts
from knowledge.dates import is_fhir_date
from knowledge.facts import Fact, Kind, Source, State
from knowledge.language import phrase

_IMPLICATION_COMPONENTS = ("therapeutic-implication", "predicted-therapeutic-implication", "53040-2")
_ACTIVITY_NAME = re.compile(r"(?P<gene>[A-Z][A-Z0-9]{1,9}) gene product metabolic activity interpretation\b.*")
_ABOUT_ALLELES = frozenset({"genotype", "diplotype", "genotyping", "Genotyp", "Diplotyp", "Genotypisierung"})
_LOCAL_NAME = re.compile(
    r"(?P<gene>[A-Z][A-Z0-9]{2,9})(?: gene)?[ -]"
    r"(?P<about>genotype|diplotype|genotyping|phenotype|metaboli[sz]er status"
    r"|Genotyp|Diplotyp|Genotypisierung|Phänotyp|Metabolisierer-?[Ss]tatus)"
)


def read_phenotype(context: Context, rule: CodeRule) -> Reading:
    """An Observation whose value is the phenotype (LOINC 53040-2, 79716-7 and the like)."""
    named = _genes(context, rule)
    found = _phenotype(context, context.data, named.symbols)
    if found is not None:
        phenotype, path, raw = found
        return Reading([_fact(context, named, State.PRESENT, path, raw, phenotype)])
    answer = context.tables.answers.answer(context.data)
    if answer is not None and not answer.is_decided:
        return Reading([_fact(context, named, answer.state, answer.path, answer.raw, None)])
    return context.unread("no phenotype that can be read")


def read_implication(context: Context, rule: CodeRule) -> Reading:
    """A claim about a drug: only a phenotype in it is a finding of the patient."""
    components = Components(context.data).all(*_IMPLICATION_COMPONENTS)
    named = _genes(context, rule) if components else NamedGenes()
    facts = []
    for component in components:
        if found := _phenotype(context, component.data, named.symbols):
            phenotype, path, raw = found
            facts.append(_fact(context, named, State.PRESENT, f"{component.path}.{path}", raw, phenotype))
    if facts or not any(_names_a_metaboliser(component) for component in components):
        return Reading(facts)
    return context.unread("a phenotype in a claim about a drug is not understood")


def read_findings(context: Context) -> Reading:
    """Phenotypes that a report's conclusion code or a diagnosis codes for, as coded findings.

    A report or diagnosis that speaks of a watched gene without a code, and whose results do not, is
    reported as not understood.
    """
    is_report = context.resource.type == "DiagnosticReport"
    state = State.PRESENT if is_report else _state_of_diagnosis(context.data)
    if state is None:
        return Reading()
    element = "conclusionCode" if is_report else "code"
    facts = []
    for index, concept in enumerate(objects(context.data.get(element))):
        if finding := context.tables.pharmacogenes.finding(concept):
            path = f"{element}[{index}]" if is_report else element
            named = NamedGenes((finding.gene,))
            facts.append(_fact(context, named, state, path, finding.raw, finding.phenotype))
    if facts or not _speaks_of_a_watched_gene(context) or _has_results_of_a_watched_gene(context):
        return Reading(facts)
    what = "report" if is_report else "diagnosis"
    watched = ", ".join(sorted(context.tables.pharmacogenes.watched_genes))
    reason = f"the {what} speaks of {watched}; no result of it could be read"
    return Reading(unread=[Unread(context.resource.reference, code_text(context.data.get("code")), reason)])


def _state_of_diagnosis(data: Json) -> State | None:
    """Whether a diagnosis holds: ``None`` for one that was refuted."""
    verification = {code for _, code, _ in codings(data.get("verificationStatus"))}
    if verification & {"refuted", "entered-in-error"}:
        return None
    return State.INDETERMINATE if verification & {"unconfirmed", "provisional", "differential"} else State.PRESENT


def read_by_name(context: Context) -> Reading | None:
    """A result of unknown code that its name or its value identifies; ``None`` if neither does.

    Names are matched as a whole: ``TPMT gene product metabolic activity interpretation``, ``DPYD genotype``,
    ``HLA-B*57:01``.
    """
    tables = context.tables
    if tables.pharmacogenes.finding(context.data.get("valueCodeableConcept")):
        return read_phenotype(context, CodeRule("phenotype", "", "coded finding"))
    for text in texts(context.data.get("code")):
        if (match := _ACTIVITY_NAME.fullmatch(text)) and (found := tables.genes.resolve(match["gene"])):
            return read_phenotype(context, CodeRule("phenotype", "", text, (found.symbol,)))
        if match := _LOCAL_NAME.fullmatch(text):
            return _read_local_name(context, match["gene"], match["about"])
        if text.startswith("HLA-") and (typed := read_typing(text, None).typed) and len(typed[0].alleles) == 1:
            rule = CodeRule("hla_allele_test", "", text, (typed[0].gene,), options={"allele": typed[0].alleles[0]})
            return read_hla_allele_test(context, rule)
    return None


def is_name_of_result(text: str) -> bool:
    """Whether a code's text may identify a result by name alone."""
    return bool(_ACTIVITY_NAME.fullmatch(text) or _LOCAL_NAME.fullmatch(text) or text.startswith("HLA-"))


def _read_local_name(context: Context, gene: str, about: str) -> Reading | None:
    found = context.tables.genes.resolve(gene)
    if found is None or found.symbol not in context.tables.pharmacogenes.star_allele_genes:
        return None
    rule = CodeRule("local name", "", about, (found.symbol,))
    return read_genotype(context, rule) if about in _ABOUT_ALLELES else read_phenotype(context, rule)


def _genes(context: Context, rule: CodeRule) -> NamedGenes:
    """The gene of the code, else those stated, else those of the results behind."""
    if rule.genes:
        return NamedGenes(rule.genes)
    if finding := context.tables.pharmacogenes.finding(context.data.get("valueCodeableConcept")):
        return NamedGenes((finding.gene,))
    named = stated_genes(context)
    return named if named.symbols else genes_behind(context)


def _phenotype(context: Context, element: Json, genes: tuple[str, ...]) -> tuple[str, str, str] | None:
    """Phenotype, path of the value and its raw text."""
    tables = context.tables.pharmacogenes
    concept = member(element, "valueCodeableConcept")
    raw = concept_text(concept) or ""
    if finding := tables.finding(concept):
        return finding.phenotype, "valueCodeableConcept", finding.raw
    for system, code, display in codings(concept):
        if code and last_segment(system) == "loinc.org" and (phenotype := tables.phenotype_codes.get(code)):
            return phenotype, "valueCodeableConcept", display or code
    for value in value_texts(element):
        if phenotype := tables.phenotype_of_words(value.text, genes):
            return phenotype, value.path, raw if value.path == "valueCodeableConcept" and not raw else value.text
    return None


def _names_a_metaboliser(component: Component) -> bool:
    """Whether a component's own words speak of a metaboliser status that no table knows."""
    return any(re.search(r"metaboli[sz]er", text, re.IGNORECASE) for text in component.value_texts())


def _fact(context: Context, named: NamedGenes, state: State, path: str, raw: str, phenotype: str | None) -> Fact:
    warnings = named.warnings
    if not named.symbols:
        warnings = (*warnings, phrase("the gene is not stated"))
    if len(named.symbols) > 1:
        warnings = (
            *warnings,
            phrase("a phenotype of {genes} together: it decides about no single gene", genes="+".join(named.symbols)),
        )
    return Fact(
        kind=Kind.PHENOTYPE,
        state=state,
        source=Source(context.resource.reference, path, raw[:200]),
        genes=named.symbols,
        phenotype=phenotype,
        conflict=True if named.disputed or len(named.symbols) > 1 else None,
        date=context.date or _recorded(context),
        warnings=warnings,
    )


def _speaks_of_a_watched_gene(context: Context) -> bool:
    data = context.data
    spoken = [*texts(data.get("code")), *filter(None, [string(data.get("conclusion"))])]
    for concept in objects(data.get("conclusionCode")):
        spoken += texts(concept)
    return context.tables.pharmacogenes.speaks_of_a_watched_gene(spoken)


def _has_results_of_a_watched_gene(context: Context, depth: int = 0) -> bool:
    """Whether one of the report's results is about a watched gene: it is then read, or reported, by itself."""
    watched = context.tables.pharmacogenes
    for element in ("result", "hasMember"):
        for target in context.collection.resolved(context.data.get(element), context.resource):
            inner = replace(context, resource=target)
            rule = context.tables.rule_for(target.data.get("code"))
            genes = {*stated_genes(inner).symbols, *(rule.genes if rule else ())}
            genes |= {gene for value in value_texts(target.data) if (gene := written_gene(inner, value.text))}
            if genes & watched.watched_genes or watched.speaks_of_a_watched_gene(texts(target.data.get("code"))):
                return True
            if depth < 2 and _has_results_of_a_watched_gene(inner, depth + 1):
                return True
    return False


def _recorded(context: Context) -> str | None:
    """When a diagnosis was recorded; results have their own dates."""
    recorded = string(context.data.get("recordedDate"))
    return recorded if recorded and is_fhir_date(recorded) else None
