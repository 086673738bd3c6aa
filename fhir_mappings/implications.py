"""Clinical significance and molecular consequence: what is said about a variant that stands elsewhere.

The significance becomes a member of the variant's own fact. The phenotype that a variant is associated with is
never a diagnosis of the patient, and a consequence is never a second variant.
"""

from __future__ import annotations

from collections.abc import Iterator

from fhir_mappings.collection import Resource
from fhir_mappings.context import Annotation, Components, Context, Reading
from fhir_mappings.elements import Json, codings, member, texts
from fhir_mappings.statuses import Use, use_of
from fhir_mappings.subjects import SubjectGuard, subject_of
from fhir_mappings.tables import CodeRule, MappingTables

_SIGNIFICANCE = "53037-8"
_NOT_IN_THE_RECORD = "the variant that it speaks of is not in the record"


def read_diagnostic_implication(context: Context, rule: CodeRule) -> Reading:
    """Read a diagnostic implication, or the older Observation of clinical significance itself."""
    said = list(_significances(context))
    nothing = frozenset(rule.options.get("nothing", ()))
    if said and all(_words(concept) and _words(concept) <= nothing for concept in said):
        return Reading()
    variants = list(_variants(context))
    if not variants:
        return context.unread(_NOT_IN_THE_RECORD)
    found = {significance_of(concept, context.tables, rule) for concept in said}
    if None in found:
        return context.unread("clinical significance not recognised")
    if len(found) > 1:
        return context.unread("different clinical significances are given at once")
    return Reading(
        annotations=[
            Annotation(variant.reference, "significance", significance)
            for variant in variants
            for significance in found
            if significance
        ]
    )


def read_molecular_consequence(context: Context, rule: CodeRule) -> Reading:
    """A consequence adds nothing to a variant that is in the record; alone it is reported as unread."""
    return Reading() if any(_variants(context)) else context.unread(_NOT_IN_THE_RECORD)


def _variants(context: Context) -> Iterator[Resource]:
    """The results of the same patient that this one is derived from, if they may be used."""
    for target in context.collection.resolved(context.data.get("derivedFrom"), context.resource):
        if target.type == "Observation" and use_of(target.data) is Use.USE and _of_the_patient(target, context):
            yield target


def _of_the_patient(target: Resource, context: Context) -> bool:
    """Whether a result is the patient's; two references may differ and still name the same person."""
    own, other = subject_of(context.resource), subject_of(target)
    return None in (own, other) or own == other or SubjectGuard(context.collection).accepts(target)


def _significances(context: Context) -> list[Json]:
    """Each significance that is given, as it was sent."""
    concepts = [component.concept for component in Components(context.data).all(_SIGNIFICANCE)]
    if any(code == _SIGNIFICANCE for _, code, _ in codings(context.data.get("code"))):
        concepts += [member(context.data, "valueCodeableConcept"), {"text": context.data.get("valueString")}]
    return [concept for concept in concepts if next(texts(concept), None)]


def significance_of(concept: Json, tables: MappingTables, rule: CodeRule) -> str | None:
    """The clinical significance that a coded value names: by its LOINC answer, else by its words."""
    names = frozenset(tables.significances.values())
    for text in texts(concept):
        word = text.lower()
        if found := tables.significances.get(text) or rule.options.get("words", {}).get(word):
            return str(found)
        if word in names:
            return word
    return None


def _words(concept: Json) -> frozenset[str]:
    return frozenset(text.lower() for text in texts(concept))
