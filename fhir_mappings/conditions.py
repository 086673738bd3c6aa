"""Diagnoses: from a Condition, a histology Observation or a pathology report to tumour types in OncoTree.

Family history is never read here, a personal history is no current tumour, a metastasis is no second
tumour. A diagnosis that is surely a tumour but whose code is not known stays a fact without a type: it
makes the tumour unknown, loudly, and never means any.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from fhir_mappings.context import Context, Reading
from fhir_mappings.disease_status import metastasis_facts
from fhir_mappings.elements import Json, codings, concept_text, member, objects, string
from fhir_mappings.menopause import menopause_facts
from fhir_mappings.staging import read_condition_stages
from fhir_mappings.tables import MappingTables
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
    reading, path = _best_reading(context)
    if reading is None or reading.kind in ("none", "history", "morphology"):
        return _menopause(context)
    verification = _status(data.get("verificationStatus"))
    if verification in _NOT_THE_PATIENTS:
        return Reading(warnings=[f"{context.resource.reference}: a diagnosis is {verification} and was not used"])
    state, warnings = _state(verification)
    source = Source(context.resource.reference, path, _raw(data.get("code")))
    status, when = _status(data.get("clinicalStatus")), _date(data)
    if reading.kind == "secondary":
        site = context.tables.disease_status.site_of(data.get("code"))
        found = metastasis_facts(context, source, state, site, when)
        return Reading([replace(fact, status=status, warnings=(*fact.warnings, *warnings)) for fact in found])
    tumour, histology = _refined(context, reading)
    fact = Fact(
        kind=Kind.DISEASE,
        state=state,
        source=source,
        tumour=tumour,
        histology=histology,
        status=status,
        date=when,
        warnings=warnings,
    )
    stages = read_condition_stages(context, tumour, state)
    found = [fact, *_states(context, fact), *stages.facts]
    if tumour is not None:
        return Reading(found, stages.unread)
    text = f"{context.resource.reference}: the tumour type of a diagnosis is not recognised: {_code(data)}"
    unread = context.unread("tumour type not recognised").unread + stages.unread
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


def read_histology(context: Context) -> Reading:
    """Read a histology Observation (LOINC 59847-4, 31206-6): a morphology, with a type where it is sure alone."""
    tables = context.tables.tumours
    concept = member(context.data, "valueCodeableConcept")
    for system, code, display in codings(concept):
        found = tables.for_coding(system, code, display)
        if found.kind in ("morphology", "primary"):
            morphology = found.morphology or code
            fact = Fact(
                kind=Kind.DISEASE,
                state=State.PRESENT,
                source=Source(context.resource.reference, "valueCodeableConcept", _raw(concept)),
                marker="histology",
                tumour=found.node,
                histology=morphology,
                date=context.date,
            )
            return Reading([fact])
    return context.unread("histology not recognised")


def read_conclusion_codes(context: Context) -> list[Fact]:
    """Diagnoses among the conclusion codes of a pathology report."""
    facts = []
    for index, concept in enumerate(objects(context.data.get("conclusionCode"))):
        for system, code, display in codings(concept):
            found = context.tables.tumours.for_coding(system, code, display)
            if found.kind == "primary" and found.node:
                source = Source(context.resource.reference, f"conclusionCode[{index}]", _raw(concept))
                facts.append(
                    Fact(kind=Kind.DISEASE, state=State.PRESENT, source=source, tumour=found.node, date=context.date)
                )
    return facts


def _best_reading(context: Context) -> tuple[TumourReading | None, str]:
    """The most telling coding: a typed tumour before an untyped one, codes before text."""
    tables = context.tables.tumours
    code = member(context.data, "code")
    found = [
        (tables.for_coding(system, value, display), f"code.coding[{index}]")
        for index, (system, value, display) in enumerate(codings(code))
    ]
    if text := string(code.get("text")):
        by_text = tables.for_text(text)
        if by_text is None and tables.looks_like_cancer(text) and all(entry.kind == "none" for entry, _ in found):
            by_text = TumourReading("neoplasm", None, None, "the text names a tumour")
        if by_text is not None:
            found.append((by_text, "code.text"))
    ranked = sorted(found, key=lambda pair: _RANK[pair[0].kind] - (pair[0].node is not None))
    return ranked[0] if ranked else (None, "code")


_RANK = {"primary": 1, "secondary": 2, "history": 3, "neoplasm": 4, "morphology": 5, "none": 6}


def _refined(context: Context, reading: TumourReading) -> tuple[str | None, str | None]:
    """Site and histology together name a more specific type; the histology is kept as it was sent."""
    tables = context.tables.tumours
    site = _site(context) or reading.topography
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


def _raw(code: object) -> str | None:
    """The diagnosis as it was sent: its codes and its text."""
    sent = [part for _, value, _ in codings(code) if (part := value)]
    return " ".join([*sent, *filter(None, [concept_text(code)])])[:200] or None


def _date(data: Json) -> str | None:
    candidates = (data.get("onsetDateTime"), member(data, "onsetPeriod").get("start"), data.get("recordedDate"))
    return next((text for value in candidates if (text := string(value)) and is_fhir_date(text)), None)


def _code(data: Json) -> str:
    for system, code, _ in codings(data.get("code")):
        if code:
            return f"{system or 'no system'} {code}"[:120]
    return "text only"


def sharpened_by_histology(facts: list[Fact], tables: MappingTables) -> list[Fact]:
    """The only diagnosis of a record made sharper by the histology of an Observation beside it.

    With several diagnoses nothing says to which of them the histology belongs, so they stay as they are.
    """
    diagnoses = [fact for fact in facts if fact.kind is Kind.DISEASE and fact.marker is None]
    histologies = {fact.histology for fact in facts if fact.kind is Kind.DISEASE and fact.marker == "histology"}
    if len(diagnoses) != 1 or len(histologies) != 1 or diagnoses[0].histology or not diagnoses[0].tumour:
        return facts
    histology = histologies.pop()
    sharper = tables.tumours.refine(diagnoses[0].tumour, histology or "")
    if sharper is None or sharper == diagnoses[0].tumour:
        return facts
    warning = phrase("the type was made sharper by the histology {histology} of another result", histology=histology)
    known = diagnoses[0]
    replaced = replace(known, tumour=sharper, histology=histology, warnings=(*known.warnings, warning))
    return [replaced if fact is known else fact for fact in facts]
