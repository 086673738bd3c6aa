"""Diagnoses: from a Condition or a pathology report to tumour types in OncoTree.

Family history is never read here, a personal history is no current tumour, a metastasis is no second
tumour. A diagnosis that is surely a tumour but whose code is not known stays a fact without a type: it
makes the tumour unknown, loudly, and never means any.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fhir_mappings.context import Context, Reading
from fhir_mappings.diagnosis_codings import named_tumour, raw_diagnosis
from fhir_mappings.disease_status import metastasis_facts
from fhir_mappings.elements import Json, codings, member, objects, string
from fhir_mappings.menopause import menopause_facts
from fhir_mappings.staging import read_condition_stages
from fhir_mappings.tumour_codes import TumourReading
from knowledge.criteria import PHASES
from knowledge.dates import is_fhir_date
from knowledge.decisions import PAST
from knowledge.facts import Fact, Kind, Source, State
from knowledge.language import phrase

_MORPHOLOGY_EXTENSION_ENDINGS = ("histology-morphology-behavior", "histology-morphology-behavior-icdo3", "morphology")
_NOT_THE_PATIENTS = frozenset({"refuted", "entered-in-error"})
_UNCONFIRMED = frozenset({"unconfirmed", "provisional", "differential"})


def read_condition(context: Context) -> Reading:
    """Read a Condition. One that names neither a tumour nor a menopausal state gives nothing."""
    data = context.data
    named = named_tumour(member(data, "code"), context.tables.tumours)
    if named is None or named.reading.kind in ("none", "history", "morphology"):
        return _menopause(context)
    reading = named.reading
    verification = _status(data.get("verificationStatus"))
    if verification in _NOT_THE_PATIENTS:
        return Reading(warnings=[f"{context.resource.reference}: a diagnosis is {verification} and was not used"])
    state, warnings = _state(verification)
    source = Source(context.resource.reference, named.path, raw_diagnosis(data.get("code")))
    status, when = _status(data.get("clinicalStatus")), _date(data)
    if reading.kind == "secondary":
        site = context.tables.disease_status.site_of(data.get("code"))
        found = metastasis_facts(context, source, state, site, when)
        return Reading([replace(fact, status=status, warnings=(*fact.warnings, *warnings)) for fact in found])
    site = _site(context) or reading.topography
    tumour, histology = _refined(context, reading, site)
    fact = Fact(
        kind=Kind.DISEASE,
        state=state,
        source=source,
        tumour=tumour,
        histology=histology,
        topography=site,
        status=status,
        date=when,
        warnings=(*warnings, *named.warnings),
    )
    stages = read_condition_stages(context, tumour, state)
    found = [fact, *_states(context, fact), *stages.facts]
    if tumour is not None:
        return Reading(found, stages.unread)
    reason = "its codings name different tumours" if named.warnings else "tumour type not recognised"
    text = f"{context.resource.reference}: the tumour type of a diagnosis is not recognised: {_code(data)}"
    unread = context.unread(reason).unread + stages.unread
    return Reading(found, unread, [text])


def _menopause(context: Context) -> Reading:
    """The menopausal state as a diagnosis, unless it was refuted or is over."""
    verification = _status(context.data.get("verificationStatus"))
    if verification in _NOT_THE_PATIENTS or _status(context.data.get("clinicalStatus")) in PAST:
        return Reading()
    return Reading(menopause_facts(context, _state(verification)[0], _date(context.data)))


def _states(context: Context, diagnosis: Fact) -> list[Fact]:
    """The states of the disease that the code itself names: in relapse, blast phase."""
    if diagnosis.status in PAST:
        return []
    return [
        Fact(
            kind=Kind.DISEASE_STATUS,
            state=diagnosis.state,
            source=diagnosis.source,
            marker="phase" if state in PHASES else "disease-state",
            value=state,
            date=diagnosis.date,
        )
        for state in context.tables.disease_states.states_of(context.data.get("code"))
    ]


def read_conclusion_codes(context: Context) -> list[Fact]:
    """Diagnoses among the conclusion codes of a pathology report."""
    facts = []
    for index, concept in enumerate(objects(context.data.get("conclusionCode"))):
        for system, code, display in codings(concept):
            found = context.tables.tumours.for_coding(system, code, display)
            if found.kind == "primary" and found.node:
                source = Source(context.resource.reference, f"conclusionCode[{index}]", raw_diagnosis(concept))
                facts.append(
                    Fact(kind=Kind.DISEASE, state=State.PRESENT, source=source, tumour=found.node, date=context.date)
                )
    return facts


def _refined(context: Context, reading: TumourReading, site: str | None) -> tuple[str | None, str | None]:
    """Site and histology together name a more specific type; the histology is kept as it was sent."""
    tables = context.tables.tumours
    located = tables.at_site(reading, site)
    for system, code, display in _histologies(context.data):
        if morphology := tables.for_coding(system, code, display).morphology:
            return tables.with_histology(located, morphology, site).node, morphology
    return located.node, None


def _site(context: Context) -> str | None:
    """The ICD-O-3 topography of the body site."""
    for body_site in objects(context.data.get("bodySite")):
        for system, code, display in codings(body_site):
            if topography := context.tables.tumours.for_coding(system, code, display).topography:
                return topography
    return None


def _histologies(data: Json) -> Iterator[tuple[str | None, str | None, str | None]]:
    for extension in objects(data.get("extension")):
        url = string(extension.get("url")) or ""
        if url.rstrip("/").endswith(_MORPHOLOGY_EXTENSION_ENDINGS):
            yield from codings(extension.get("valueCodeableConcept"))
            yield from codings({"coding": [extension.get("valueCoding")]})
    # Some senders put the morphology beside the site among the diagnosis codings.
    yield from codings(data.get("code"))


def _state(verification: str | None) -> tuple[State, tuple[str, ...]]:
    if verification in (None, "confirmed"):
        return State.PRESENT, ()
    if verification in _UNCONFIRMED:
        return State.INDETERMINATE, (phrase("the diagnosis is {status}", status=phrase(verification or "")),)
    return State.INDETERMINATE, (phrase("the verification status is not a FHIR status"),)


def _status(concept: object) -> str | None:
    return next((code for _, code, _ in codings(concept) if code), None)


def _date(data: Json) -> str | None:
    candidates = (data.get("onsetDateTime"), member(data, "onsetPeriod").get("start"), data.get("recordedDate"))
    return next((text for value in candidates if (text := string(value)) and is_fhir_date(text)), None)


def _code(data: Json) -> str:
    for system, code, _ in codings(data.get("code")):
        if code:
            return f"{system or 'no system'} {code}"[:120]
    return "text only"
