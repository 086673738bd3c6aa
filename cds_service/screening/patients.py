"""What screening makes of one patient: resources, release and day to findings. The same in every engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from cds_service.advisor import Advisor
from cds_service.codec import dumps, loads
from fhir_mappings import PatientRecord
from knowledge import Finding, Kind
from knowledge.dates import is_fhir_date
from knowledge.evaluation import evaluate_patient, recorded_tumours
from knowledge.facts import BIOMARKERS
from knowledge.patient import Patient

_EMPTY = PatientRecord(None, (), (), ())


@dataclass(frozen=True, slots=True, repr=False)
class Screened:
    """One patient's findings, with what was read and what was not.

    ``key`` is the reference under which the resources name the patient. ``tumours``, ``names`` and ``drugs`` are what
    the index of statements asks about a patient. ``turnaround``: kind of result and days from its date to its issue,
    for each result that has both. ``identical`` and ``conflicting``: resources that came again, with the same and with
    other content. ``failure``: the type of an error that left the patient without findings.
    """

    key: str
    record: PatientRecord = _EMPTY
    findings: tuple[Finding, ...] = ()
    resources: int = 0
    identical: int = 0
    conflicting: int = 0
    has_patient: bool = False
    tumours: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    drugs: tuple[str, ...] = ()
    turnaround: tuple[tuple[str, int], ...] = ()
    failure: str | None = None


@dataclass(slots=True)
class _Resources:
    """The resources of a patient, parsed, each content once."""

    documents: list[dict[str, Any]] = field(default_factory=list)
    by_reference: dict[str, dict[str, Any]] = field(default_factory=dict)
    identical: int = 0
    conflicting: int = 0


def screen_patient(key: str, lines: Sequence[bytes], advisor: Advisor, today: date) -> Screened:
    """Read and evaluate the resources of one patient (a line of JSON each, in the order of the input).

    Whatever goes wrong with one patient is the ``failure`` of this patient; it stops nobody else's screening.
    """
    try:
        return _screened(key, lines, advisor, today)
    except Exception as error:  # a defect shown by one record must not cost the findings of all others
        return Screened(key, resources=len(lines), failure=type(error).__name__)


def _screened(key: str, lines: Sequence[bytes], advisor: Advisor, today: date) -> Screened:
    resources = _parsed(lines)
    record = advisor.record(resources.documents)
    patient = Patient(record.facts, today, advisor.knowledge.reference)
    tumours, names, drugs = index_keys(patient)
    return Screened(
        key=key,
        record=record,
        findings=evaluate_patient(patient, advisor.knowledge),
        resources=len(lines),
        identical=resources.identical,
        conflicting=resources.conflicting,
        has_patient=key in resources.by_reference,
        tumours=tumours,
        names=names,
        drugs=drugs,
        turnaround=tuple(_turnaround(record, resources)),
    )


def index_keys(patient: Patient) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """What the index of statements asks about a patient: tumours, genes and markers, drugs; sorted."""
    tumours, _ = recorded_tumours(patient)
    drugs = {fact.inn for fact in patient.of_kind(Kind.THERAPY) if fact.inn}
    return tuple(sorted(tumours)), tuple(sorted(patient.names())), tuple(sorted(drugs))


def _parsed(lines: Sequence[bytes]) -> _Resources:
    found = _Resources()
    sent: dict[str, set[bytes]] = {}
    for line in lines:
        document = loads(line)
        reference = f"{document['resourceType']}/{document.get('id')}"
        known = sent.setdefault(reference, set())
        if line in known:
            found.identical += 1
            continue
        found.conflicting += bool(known) and isinstance(document.get("id"), str)
        known.add(line)
        found.documents.append(document)
        found.by_reference[reference] = document
    return found


def _turnaround(record: PatientRecord, resources: _Resources) -> Iterator[tuple[str, int]]:
    """Of each Observation with a biomarker fact: days from the date of the result to its issue, if not negative."""
    seen: set[str] = set()
    for fact in record.facts:
        reference = fact.source.reference
        if fact.kind not in BIOMARKERS or reference in seen:
            continue
        seen.add(reference)
        issued = resources.by_reference.get(reference, {}).get("issued")
        days = _days_between(fact.date, issued)
        if days is not None and days >= 0:
            yield fact.kind.value, days


def _days_between(first: str | None, second: object) -> int | None:
    """Days between two FHIR dates that name a day."""
    if first is None or not isinstance(second, str) or min(len(first), len(second)) < 10:
        return None
    if not (is_fhir_date(first) and is_fhir_date(second)):
        return None
    return (date.fromisoformat(second[:10]) - date.fromisoformat(first[:10])).days


def facts_json(record: PatientRecord) -> bytes:
    """The facts as one JSON array, from which they can be made again."""
    return dumps([fact.to_json() for fact in record.facts])
