"""Reading a patient's record: every resource by its own reader, nothing lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fhir_mappings.classification import classify, is_genetic_category
from fhir_mappings.collection import Collection, Resource, collect
from fhir_mappings.completion import completed
from fhir_mappings.conditions import read_condition
from fhir_mappings.context import Context, Reading
from fhir_mappings.dating import date_of_result
from fhir_mappings.elements import objects, string
from fhir_mappings.operation_answers import parameters_in, read_operation_answers
from fhir_mappings.orders import OrderReading, read_orders
from fhir_mappings.people import read_patient
from fhir_mappings.phenotypes import read_by_name, read_findings
from fhir_mappings.procedures import read_procedure
from fhir_mappings.r4_core import as_variant, has_genetics_extension
from fhir_mappings.readers import READERS, SILENT_READERS
from fhir_mappings.record import PatientRecord
from fhir_mappings.reports import read_report
from fhir_mappings.statuses import Use, use_of
from fhir_mappings.subjects import SubjectGuard
from fhir_mappings.tables import MappingTables
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
#: Every type that a record needs: those that are read, and those that are looked up from them.
RECORD_TYPES = frozenset({*_READ_TYPES, "Specimen", "Medication"})

#: Shared by all results that say nothing; nobody adds to it.
NOTHING = Reading()

#: What malformed JSON can raise in a reader; the resource is then reported as unread.
_MALFORMED = (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError)


def read_record(document: object, tables: MappingTables, collection: Collection | None = None) -> PatientRecord:
    """Read a resource, Bundle, ``Parameters``, CDS Hooks request or list of these into a record.

    ``collection``: the resources of the document, if they were collected before. Never raises on any JSON value: what
    cannot be read is in ``unread`` or ``warnings``.
    """
    collection = collection or collect(document)
    guard = SubjectGuard(collection)
    withdrawn = _withdrawn_identifiers(collection)
    result = Reading(warnings=list(collection.warnings))
    for resource in collection.of_type(*_READ_TYPES):
        if not guard.accepts(resource):
            result.warnings.append(f"{resource.reference}: belongs to another patient and was not used")
            continue
        reading = _read_safely(resource, collection, tables, withdrawn)
        if reading is NOTHING:
            continue
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


def read_request(request: Mapping[str, Any], tables: MappingTables) -> tuple[PatientRecord, OrderReading]:
    """Read a CDS Hooks request: its record, and its drafts with the tests that were ordered before."""
    collection = collect(request)
    return read_record(request, tables, collection), read_orders(request, tables, collection)


def _read_safely(
    resource: Resource, collection: Collection, tables: MappingTables, withdrawn: frozenset[str]
) -> Reading:
    try:
        if resource.type == "Observation":
            return _read_observation(resource, collection, tables, withdrawn)
        context = Context(resource, collection, tables, date_of_result(resource, collection))
        if resource.type == "DiagnosticReport":
            return _unusable(context, withdrawn, relevant=True) or _joined(read_report(context), read_findings(context))
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


def _read_observation(
    resource: Resource, collection: Collection, tables: MappingTables, withdrawn: frozenset[str]
) -> Reading:
    """Read an Observation by its code, else by its name or value; pass over what concerns no tumour."""
    data = resource.data
    classified = classify(data.get("code"), tables)
    rule = classified.rule
    genetic = rule is None and is_genetic_category(data)
    has_finding = rule is None and tables.pharmacogenes.finding(data.get("valueCodeableConcept"))
    if not (classified.is_known or genetic or has_finding or has_genetics_extension(data)):
        return NOTHING
    context = Context(resource, collection, tables, date_of_result(resource, collection))
    relevant = classified.relevant or genetic or (rule is not None and rule.reader not in SILENT_READERS)
    if unusable := _unusable(context, withdrawn, relevant):
        return unusable
    if core := as_variant(context):
        return read_variant(core)
    if rule is not None:
        return READERS[rule.reader](context, rule)
    if classified.unread_name:
        return context.unread(f"no reader for {classified.unread_name}")
    if named := read_by_name(context):
        return named
    return context.unread("the code is not known") if relevant else NOTHING


def _unusable(context: Context, withdrawn: frozenset[str], relevant: bool) -> Reading | None:
    """What is said of a result whose status does not allow its use; ``None`` if it does."""
    use = use_of(context.data)
    if use is Use.WITHDRAWN or (withdrawn and withdrawn & _identifiers(context.resource)):
        return Reading(warnings=[f"{context.resource.reference}: withdrawn or cancelled and not used"])
    if use is Use.USE:
        return None
    status = string(context.data.get("status")) or "missing"
    return context.unread(f"status is {status[:30]}: not a final result") if relevant else Reading()


def _joined(first: Reading, second: Reading) -> Reading:
    """What two readers read of one resource."""
    return Reading(
        first.facts + second.facts,
        first.unread + second.unread,
        first.warnings + second.warnings,
        first.annotations + second.annotations,
    )


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
