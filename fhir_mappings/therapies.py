"""Drugs that were given, ordered or documented as not taken, from the medication resources of FHIR.

A recommendation is no therapy, an order is no proof that a drug was taken, and a medicine that treats no cancer gives
nothing. What speaks of an anticancer drug and does not say which is reported as unread.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fhir_mappings.context import Context, Reading, code_text
from fhir_mappings.drugs import DrugReading, medication_concepts
from fhir_mappings.elements import Json, codings, concept_text, member, objects, reference_text, string, texts
from fhir_mappings.record import Unread
from fhir_mappings.regimens import line_of, stop_reason_of
from fhir_mappings.therapy_rules import Receipt, profiles_of
from knowledge.dates import is_fhir_date
from knowledge.facts import Fact, Kind, Source, State
from knowledge.language import phrase

_STATES = {
    Receipt.GIVEN: State.PRESENT,
    Receipt.ORDERED: State.UNKNOWN,
    Receipt.UNKNOWN: State.UNKNOWN,
    Receipt.DENIED: State.ABSENT,
}
#: Where medication and procedure resources carry the time that a fact speaks of; a period by its end, else its start.
_TIMES = (
    "effectivePeriod",
    "effectiveDateTime",
    "performedPeriod",
    "performedDateTime",
    "occurrenceDateTime",
    "whenHandedOver",
    "whenPrepared",
    "dateAsserted",
    "authoredOn",
)
_INGREDIENT = ".ingredient["


@dataclass(frozen=True, slots=True)
class Medication:
    """The medication that a resource names: what it was read as, in which element, and as it was sent."""

    reading: DrugReading
    element: str
    concept: Json

    @property
    def path(self) -> str:
        """The path of what decided inside the element."""
        return f"{self.element}.{self.reading.path}" if self.reading.path else self.element

    @property
    def name(self) -> str:
        """The medication in words, as it was sent."""
        return concept_text(self.concept) or ""


@dataclass(frozen=True, slots=True)
class Course:
    """What one resource says about a therapy apart from its name."""

    state: State
    status: str | None
    warnings: tuple[str, ...] = ()


def read_medication(context: Context) -> Reading:
    """Read a MedicationStatement, -Request, -Administration or -Dispense, or an Immunization."""
    course = course_of(context)
    if isinstance(course, Reading):
        return course
    medication = medication_of(context)
    if medication is None and context.resource.type == "Immunization":
        return Reading()
    if medication is None:
        return _unread(context, {}, "the medication is not named in the record")
    drugs, problem = medication.reading.drugs, medication.reading.problem
    if not drugs and problem is None and not medication.reading.is_other:
        problem = _problem_of_unknown(context, medication)
    if not drugs and problem is None:
        return Reading()
    reading = Reading([therapy_fact(context, course, medication, inn=inn) for inn in drugs])
    if problem is not None:
        reading.unread.extend(_unread(context, medication.concept, f"medication: {problem}").unread)
    return reading


def course_of(context: Context) -> Course | Reading:
    """Whether the therapy was received and how it went; a reading without facts if it is no therapy."""
    rules, data = context.tables.therapies, context.data
    status, receipt, was_typo = rules.status_of(data, context.resource.type)
    warnings: list[str] = []
    if receipt is None:
        receipt = Receipt.UNKNOWN
        warnings.append(phrase("the status is not a FHIR status") if status else phrase("the status is missing"))
    if was_typo:
        warnings.append(phrase("status {sent} was read as {status}", sent=string(data.get("status")), status=status))
    if context.resource.type == "MedicationRequest":
        receipt = _as_order(receipt, data, rules.orders, warnings)
    if receipt is Receipt.NOTHING:
        return Reading()
    status = status[:40] if status else None
    if receipt is Receipt.ORDERED:
        is_request = context.resource.type == "MedicationRequest"
        named = phrase(status or "")
        status = phrase("{status} request", status=named) if is_request else phrase("{status} dispense", status=named)
        warnings.append(phrase("ordered; nothing here says that it was received"))
    return Course(_STATES[receipt], status, tuple(warnings))


def therapy_fact(
    context: Context, course: Course, medication: Medication, inn: str | None = None, marker: str | None = None
) -> Fact:
    """One therapy fact: a drug by its INN, or a treatment that is not one drug by its name."""
    reason = stop_reason_of(context)
    status = course.status
    if reason is not None and course.state is not State.ABSENT:
        why = phrase(reason.label)
        status = phrase("{status} ({reason})", status=phrase(status), reason=why) if status else why
    also = medication.reading.also_named
    warnings = (*course.warnings, *(phrase("the text names {drug} as well", drug=phrase(drug)) for drug in also))
    return Fact(
        kind=Kind.THERAPY,
        state=course.state,
        source=Source(context.resource.reference, medication.path, _raw(medication.concept)),
        inn=inn,
        marker=marker,
        value=reason.course if reason is not None and course.state is State.PRESENT else None,
        line=line_of(context),
        status=status,
        date=date_of_therapy(context.data),
        warnings=warnings,
    )


def date_of_therapy(data: Json) -> str | None:
    """When the therapy ended, else began, else was written down."""
    for name in _TIMES:
        value = data.get(name)
        candidates = (value.get("end"), value.get("start")) if isinstance(value, dict) else (value,)
        for candidate in candidates:
            text = string(candidate)
            if text and is_fhir_date(text):
                return text
    return None


def _as_order(receipt: Receipt, data: Json, orders: frozenset[str], warnings: list[str]) -> Receipt:
    """A request counts as an order only: a proposal, a plan and an option are recommendations."""
    intent = string(data.get("intent"))
    if intent in orders:
        return Receipt.NOTHING if data.get("doNotPerform") is True else receipt
    if intent is not None or receipt is Receipt.NOTHING:
        return Receipt.NOTHING
    warnings.append(phrase("the intent of the request is missing"))
    return Receipt.UNKNOWN


def medication_of(context: Context) -> Medication | None:
    """The medication of a resource: what names it whole, else its ingredients together."""
    table = context.tables.drugs
    found = [Medication(table.of_concept(concept), path, concept) for path, concept in _concepts(context)]
    reference = member(context.data, "medicationReference")
    if display := string(reference.get("display")):
        reading = replace(table.of_text(display), path="display")
        found.append(Medication(reading, "medicationReference", {"text": display}))
    telling = [entry for entry in found if entry.reading.drugs or entry.reading.problem]
    ingredients = [entry for entry in telling if _INGREDIENT in entry.element]
    if len(ingredients) > 1 and len(ingredients) == len(telling):
        drugs = tuple(dict.fromkeys(drug for entry in ingredients for drug in entry.reading.drugs))
        problem = next((entry.reading.problem for entry in ingredients if entry.reading.problem), None)
        return replace(ingredients[0], reading=replace(ingredients[0].reading, drugs=drugs, problem=problem))
    whole = [entry for entry in telling if _INGREDIENT not in entry.element]
    others = [entry for entry in found if entry.reading.is_other]
    return next(iter([*whole, *ingredients, *others, *found]), None)


def _concepts(context: Context) -> Iterator[tuple[str, Json]]:
    """Every concept that says what was given, with its path, the nearest first."""
    data = context.data
    for name in ("medicationCodeableConcept", "vaccineCode"):
        if isinstance(data.get(name), dict):
            yield name, data[name]
    target = context.collection.resolve(reference_text(data.get("medicationReference")), context.resource)
    if target is not None and target.type == "Medication":
        for path, concept in medication_concepts(target.data):
            yield f"medicationReference.{path}", concept


def _problem_of_unknown(context: Context, medication: Medication) -> str | None:
    """Why a medication that is not recognised may be an anticancer drug; ``None`` for the many that are not."""
    if _is_meant_against_cancer(context):
        return "the drug is not recognised"
    concept = medication.concept
    has_words = string(concept.get("text")) or any(display for _, _, display in codings(concept))
    return None if has_words else "a code that is not known, without a name beside it"


def _is_meant_against_cancer(context: Context) -> bool:
    """Whether a medication of an unknown drug was surely given or ordered against cancer."""
    rules = context.tables.therapies
    if any(profile in rules.medication_profiles for profile in profiles_of(context.data)):
        return True
    concepts = [*objects(context.data.get("category")), context.data.get("medicationCodeableConcept")]
    words = {word for concept in concepts for text in texts(concept) for word in text.casefold().split()}
    return not words.isdisjoint(rules.medication_words)


def _unread(context: Context, concept: Json, reason: str) -> Reading:
    return Reading(unread=[Unread(context.resource.reference, code_text(concept), reason)])


def _raw(concept: Json) -> str | None:
    """The medication or procedure as it was sent: its codes and its text."""
    sent = [*(code for _, code, _ in codings(concept)), concept_text(concept)]
    return " ".join(dict.fromkeys(part for part in sent if part))[:200] or None
