"""Treatments that are procedures: radiotherapy, surgery, chemotherapy without or with the drugs that it names."""

from __future__ import annotations

from collections.abc import Iterator

from fhir_mappings.context import Context, Reading, code_text
from fhir_mappings.drugs import DrugReading, medication_concepts
from fhir_mappings.elements import Json, member, objects, reference_text, string, texts
from fhir_mappings.record import Unread
from fhir_mappings.therapies import Medication, course_of, therapy_fact
from fhir_mappings.therapy_rules import Treatment, profiles_of


def read_procedure(context: Context) -> Reading:
    """Read a Procedure. One that is no cancer treatment gives nothing."""
    course = course_of(context)
    if isinstance(course, Reading):
        return course
    treatment, element = _treatment(context)
    if treatment is None:
        return _unread(context, "a treatment whose code is not known") if _speaks_of_treatment(context) else Reading()
    drugs = list(_drugs(context)) if treatment.with_drugs else []
    whole = Medication(DrugReading(path=""), element, next(iter(objects(context.data.get(element))), {}))
    facts = [therapy_fact(context, course, whole, marker=name) for name in treatment.therapies]
    facts += [therapy_fact(context, course, entry, inn=inn) for entry in drugs for inn in entry.reading.drugs]
    reading = Reading(facts)
    for entry in drugs:
        if entry.reading.problem:
            reading.unread.extend(_unread(context, f"medication: {entry.reading.problem}").unread)
    if treatment.is_treatment and not facts and not reading.unread and _speaks_of_treatment(context):
        return _unread(context, "a treatment whose kind the code does not tell")
    return reading


def _treatment(context: Context) -> tuple[Treatment | None, str]:
    """What the code says, else the category, else the profile; and the element that says it."""
    rules, data = context.tables.therapies, context.data
    by_code = rules.treatment(data.get("code"))
    if by_code is not None and (by_code.therapies or not by_code.is_treatment):
        return by_code, "code"
    by_category = rules.treatment(*objects(data.get("category")))
    if by_category is not None and by_category.therapies:
        return by_category, "category"
    profiles = (rules.procedure_profiles.get(profile) for profile in profiles_of(data))
    by_profile = next((found for found in profiles if found is not None), None)
    return (by_profile, "meta.profile") if by_profile is not None else (by_code, "code")


def _drugs(context: Context) -> Iterator[Medication]:
    """The drugs that a procedure names: in the text of its code and among what was used."""
    data, table = context.data, context.tables.drugs
    if text := string(member(data, "code").get("text")):
        yield Medication(table.of_text(text), "code", {"text": text})
    for index, concept in enumerate(objects(data.get("usedCode"))):
        yield Medication(table.of_concept(concept), f"usedCode[{index}]", concept)
    for index, reference in enumerate(objects(data.get("usedReference"))):
        target = context.collection.resolve(reference_text(reference), context.resource)
        if target is not None and target.type == "Medication":
            for path, concept in medication_concepts(target.data):
                yield Medication(table.of_concept(concept), f"usedReference[{index}].{path}", concept)


def _speaks_of_treatment(context: Context) -> bool:
    rules = context.tables.therapies
    concepts: list[Json] = [*objects(context.data.get("code")), *objects(context.data.get("category"))]
    words = {word.strip("(),:") for concept in concepts for text in texts(concept) for word in text.casefold().split()}
    return not words.isdisjoint(rules.procedure_words)


def _unread(context: Context, reason: str) -> Reading:
    data = context.data
    text = code_text(data.get("code") or data.get("category"))
    return Reading(unread=[Unread(context.resource.reference, text, reason)])
