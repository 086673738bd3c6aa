"""One result that carries protein markers or signatures: its own value and its components, each by its own code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from fhir_mappings.answers import has_value
from fhir_mappings.context import Components, Context, Reading
from fhir_mappings.elements import Json, codings, objects
from fhir_mappings.genes import read_gene
from fhir_mappings.measurements import texts_of_value
from fhir_mappings.mismatch_repair import mmr_protein_facts
from fhir_mappings.scores import note_facts, protein_facts
from fhir_mappings.signatures import signature_facts
from fhir_mappings.tables import CodeRule
from knowledge.facts import Fact, State
from knowledge.language import phrase

ElementReader = Callable[[Context, Json, str, CodeRule], list[Fact]]

#: How one element, a resource or a component, is read: by the reader that its code names.
ELEMENTS: Mapping[str, ElementReader] = {
    "expression": protein_facts,
    "mmr_protein": mmr_protein_facts,
    "signature": signature_facts,
}
_GENE, _SCORING_METHOD = "48018-6", "105302-4"


def read_marker(context: Context, rule: CodeRule) -> Reading:
    """Read a result with its components, and a score that a note names."""
    if contradiction := _other_gene(context, rule):
        return context.unread(contradiction)
    own = _own_facts(context, rule)
    parts = component_facts(context, rule) + (note_facts(context, rule) if rule.reader == "expression" else [])
    facts = [fact for fact in own if not (parts and _is_only_missing(fact))] + parts
    if facts:
        return Reading(facts)
    if rule.reader not in ELEMENTS and not has_value(context.data):
        return Reading()
    return context.unread("no score and no answer that can be read")


def read_combined(context: Context, rule: CodeRule) -> Reading:
    """One answer for several markers: it belongs to none of them."""
    return context.unread("one answer for several markers cannot be split between them")


def component_facts(context: Context, parent: CodeRule) -> list[Fact]:
    """The facts of the components whose codes name a marker."""
    components = [
        (component, f"component[{index}].", rule)
        for index, component in enumerate(objects(context.data.get("component")))
        if (rule := context.tables.rule_for(component.get("code"))) and rule.reader in ELEMENTS
    ]
    scores = {rule.score for _, _, rule in components if not rule.options.get("beside")}
    facts = []
    for component, path, rule in components:
        rule = replace(rule, marker=rule.marker or parent.marker, genes=rule.genes or parent.genes)
        for other, name in rule.options.get("beside", {}).items():
            rule = replace(rule, score=name) if other in scores else rule
        facts += ELEMENTS[rule.reader](context, component, path, rule)
    return facts


def _other_gene(context: Context, rule: CodeRule) -> str | None:
    """Whether the gene that a component names is not the one of the code."""
    named = studied_genes(context)
    if rule.genes and named and not named & set(rule.genes):
        return "the gene studied is not the gene of the code"
    return None


def studied_genes(context: Context) -> set[str]:
    """The genes that the components name as studied."""
    readings = (
        read_gene(component.concept, context.tables.genes)
        for component in Components(context.data).all(_GENE, "protein-studied")
    )
    return {reading.symbol for reading in readings if reading and reading.symbol and not reading.conflict}


def _own_facts(context: Context, rule: CodeRule) -> list[Fact]:
    """The facts of the resource's own value; an unnamed score gets its name from the scoring method sent beside it."""
    if rule.reader not in ELEMENTS:
        return []
    method = _scoring_method(context)
    if method and (rule.score is None or method in rule.options.get("beside", {}).values()):
        rule = replace(rule, score=method)
    facts = ELEMENTS[rule.reader](context, context.data, "", rule)
    if method and rule.score != method:
        warning = phrase("the scoring method says {method}", method=method)
        return [replace(fact, state=State.INDETERMINATE, warnings=(*fact.warnings, warning)) for fact in facts]
    return facts


def _scoring_method(context: Context) -> str | None:
    names = context.tables.score_names
    for component in Components(context.data).all(_SCORING_METHOD):
        for text, _ in texts_of_value(component.data, ""):
            for name, forms in names.items():
                if text.lower() in _lower(name, forms):
                    return name
    return None


def _is_only_missing(fact: Fact) -> bool:
    """Whether the fact is no more than the reason why the resource has no value of its own."""
    return fact.source.path == "dataAbsentReason"


def _lower(name: str, forms: tuple[str, ...]) -> set[str]:
    return {form.lower() for form in (name, *forms)}


def specific_rule(context: Context, generic: CodeRule) -> CodeRule | None:
    """The rule of another coding of the code that says more than the generic one."""
    for system, code, _ in codings(context.data.get("code")):
        rule = context.tables.rule_for({"coding": [{"system": system, "code": code}]})
        if rule and rule.reader != generic.reader:
            return rule
    return None
