"""Reading a patient's record: every resource by its own reader, nothing lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fhir_mappings.collection import Collection, Resource, collect
from fhir_mappings.completion import completed
from fhir_mappings.conditions import read_condition
from fhir_mappings.context import Context, Reading, code_text
from fhir_mappings.dating import date_of_result
from fhir_mappings.elements import codings, objects, string, texts
from fhir_mappings.operation_answers import parameters_in, read_operation_answers
from fhir_mappings.people import read_patient
from fhir_mappings.phenotypes import read_by_name, read_findings
from fhir_mappings.procedures import read_procedure
from fhir_mappings.r4_core import as_variant
from fhir_mappings.readers import READERS, SILENT_READERS
from fhir_mappings.record import PatientRecord
from fhir_mappings.reports import read_report
from fhir_mappings.statuses import Use, use_of
from fhir_mappings.subjects import SubjectGuard
from fhir_mappings.tables import CodeRule, MappingTables
from fhir_mappings.therapies import read_medication
from fhir_mappings.variants import read_variant

#: Resource types that speak of therapies, and their readers. Claims, tasks and care plans are never therapies.
_THERAPY_READERS: Mapping[str, Callable[[Context], Reading]] = {
    "MedicationStatement": read_medication,
    "MedicationRequest": read_medication,
    "MedicationAdministration": read_medication,
    "MedicationDispense": read_medication,
    "Immunization": read_medication,
    "Procedure": read_procedure,
}
_READ_TYPES = ("Patient", "Condition", "Observation", "DiagnosticReport", *_THERAPY_READERS)

#: What malformed JSON can raise in a reader; the resource is then reported as unread.
_MALFORMED = (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError)


def read_record(document: object, tables: MappingTables) -> PatientRecord:
    """Read a resource, Bundle, ``Parameters``, CDS Hooks request or list of these into a record.

    Never raises on any JSON value: what cannot be read is in ``unread`` or ``warnings``.
    """
    collection = collect(document)
    guard = SubjectGuard(collection)
    withdrawn = _withdrawn_identifiers(collection)
    result = Reading(warnings=list(collection.warnings))
    for resource in collection.of_type(*_READ_TYPES):
        if not guard.accepts(resource):
            result.warnings.append(f"{resource.reference}: belongs to another patient and was not used")
            continue
        reading = _read_safely(resource, collection, tables, withdrawn)
        result.facts += reading.facts
        result.annotations += reading.annotations
        result.unread += reading.unread
        result.warnings += reading.warnings
    for parameters in parameters_in(document):
        reading = _read_safely(parameters, collection, tables, withdrawn)
        result.facts += reading.facts
        result.unread += reading.unread
    facts = completed(result.facts, result.annotations, tables)
    return PatientRecord(
        guard.patient, tuple(facts), tuple(result.unread), tuple(result.warnings), collection.incomplete
    )


def _read_safely(
    resource: Resource, collection: Collection, tables: MappingTables, withdrawn: frozenset[str]
) -> Reading:
    try:
        context = Context(resource, collection, tables, date_of_result(resource, collection))
        if resource.type in ("Observation", "DiagnosticReport"):
            return _read_result(context, withdrawn)
        if reader := _THERAPY_READERS.get(resource.type):
            return reader(context)
        if resource.type == "Parameters":
            return read_operation_answers(context)
        if resource.type == "Patient":
            return read_patient(context)
        return _joined(read_condition(context), read_findings(context))
    except _MALFORMED as error:
        context = Context(resource, collection, tables, None)
        return context.unread(f"the resource is malformed ({type(error).__name__})")


def _read_result(context: Context, withdrawn: frozenset[str]) -> Reading:
    """Read an Observation or report if its status allows it."""
    is_report = context.resource.type == "DiagnosticReport"
    rule = None if is_report else context.tables.rule_for(context.data.get("code"))
    use = use_of(context.data)
    if use is Use.WITHDRAWN or withdrawn & _identifiers(context.resource):
        return Reading(warnings=[f"{context.resource.reference}: withdrawn or cancelled and not used"])
    if use is not Use.USE:
        status = string(context.data.get("status")) or "missing"
        relevant = is_report or (rule is not None and rule.reader not in SILENT_READERS) or _looks_relevant(context)
        return context.unread(f"status is {status[:30]}: not a final result") if relevant else Reading()
    if is_report:
        return _joined(read_report(context), read_findings(context))
    return _read_observation(context, rule)


def _read_observation(context: Context, rule: CodeRule | None) -> Reading:
    if core := as_variant(context):
        return read_variant(core)
    if rule is None:
        if name := context.tables.unread_name(context.data.get("code")):
            return context.unread(f"no reader for {name}")
        if named := read_by_name(context):
            return named
        return context.unread("the code is not known") if _looks_relevant(context) else Reading()
    return READERS[rule.reader](context, rule)


def _joined(first: Reading, second: Reading) -> Reading:
    """What two readers read of one resource."""
    return Reading(
        first.facts + second.facts,
        first.unread + second.unread,
        first.warnings + second.warnings,
        first.annotations + second.annotations,
    )


def _looks_relevant(context: Context) -> bool:
    """Whether a result of unknown code speaks of a biomarker: by category, system or a whole word."""
    concept = context.data.get("code")
    for category in objects(context.data.get("category")):
        if any(code == "GE" for _, code, _ in codings(category)):
            return True
    words = list(texts(concept)) or [code_text(concept)]
    return any(context.tables.relevant_words.search(text) for text in words)


def _withdrawn_identifiers(collection: Collection) -> frozenset[str]:
    """Business identifiers of results entered in error: they take back every copy of the result."""
    withdrawn = [
        r for r in collection.of_type("Observation", "DiagnosticReport") if r.data.get("status") == "entered-in-error"
    ]
    return frozenset(identifier for resource in withdrawn for identifier in _identifiers(resource))


def _identifiers(resource: Resource) -> frozenset[str]:
    return frozenset(
        f"{string(identifier.get('system')) or ''}|{value}"
        for identifier in objects(resource.data.get("identifier"))
        if (value := string(identifier.get("value")))
    )
