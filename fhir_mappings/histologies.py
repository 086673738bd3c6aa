"""Histologies that stand beside the diagnosis as results of their own, and the diagnosis that they belong to."""

from __future__ import annotations

from dataclasses import replace

from fhir_mappings.context import Context, Reading
from fhir_mappings.diagnosis_codings import raw_diagnosis
from fhir_mappings.elements import codings, member
from fhir_mappings.tables import MappingTables
from fhir_mappings.tumour_codes import TumourCodes
from knowledge.decisions import PAST
from knowledge.facts import Fact, Kind, Source, State
from knowledge.language import phrase


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
                source=Source(context.resource.reference, "valueCodeableConcept", raw_diagnosis(concept)),
                marker="histology",
                tumour=found.node,
                histology=morphology,
                date=context.date,
            )
            return Reading([fact])
    return context.unread("histology not recognised")


def with_histologies(facts: list[Fact], tables: MappingTables) -> list[Fact]:
    """Diagnoses made sharper by a histology beside them, and histologies that are no tumour of their own.

    Nothing says to which of several diagnoses a histology belongs, so these stay as they are. The histology then
    names no further tumour either, unless it is one that none of them can be.
    """
    diagnoses = [fact for fact in facts if fact.kind is Kind.DISEASE and fact.marker is None and fact.tumour]
    histologies = [fact for fact in facts if fact.kind is Kind.DISEASE and fact.marker == "histology"]
    if not diagnoses or not histologies:
        return facts
    replaced = _sharpened(diagnoses, histologies, tables.tumours)
    now = [replaced.get(id(fact), fact) for fact in diagnoses]
    current = [fact for fact in now if fact.state is State.PRESENT and fact.status not in PAST]
    for histology in histologies:
        if placed := _placed(histology, current, tables.tumours):
            replaced[id(histology)] = placed
    return [replaced.get(id(fact), fact) for fact in facts]


def _sharpened(diagnoses: list[Fact], histologies: list[Fact], tumours: TumourCodes) -> dict[int, Fact]:
    """By identity, the diagnoses of a record that holds one type of tumour and one histology, as both together say."""
    morphologies = {fact.histology for fact in histologies}
    if len({fact.tumour for fact in diagnoses}) != 1 or len(morphologies) != 1:
        return {}
    histology = morphologies.pop() or ""
    return {
        id(fact): sharper
        for fact in diagnoses
        if not fact.histology and (sharper := _with_histology(fact, histology, tumours))
    }


def _with_histology(diagnosis: Fact, histology: str, tumours: TumourCodes) -> Fact | None:
    """The diagnosis as its histology makes it, and a warning; ``None`` if the histology adds nothing."""
    known = diagnosis.tumour or ""
    found = tumours.refine(known, histology, diagnosis.topography)
    if found is None or found == known or tumours.is_coded_apart(found, known):
        return None
    sharper = phrase("the type was made sharper by the histology {histology} of another result", histology=histology)
    other = phrase("the histology {histology} of another result is of another type", histology=histology)
    warning = sharper if tumours.tree.is_a(found, known) else other
    return replace(diagnosis, tumour=found, histology=histology, warnings=(*diagnosis.warnings, warning))


def _placed(histology: Fact, diagnoses: list[Fact], tumours: TumourCodes) -> Fact | None:
    """The histology as the one of a recorded diagnosis; ``None`` where it may be another tumour's."""
    owners = {diagnosis.tumour: None for diagnosis in diagnoses if _fits(histology, diagnosis, tumours)}
    if not owners:
        return None
    if len(owners) == 1:
        return replace(histology, tumour=next(iter(owners)))
    warning = phrase("nothing says to which of the recorded tumours the histology belongs")
    return replace(histology, state=State.INDETERMINATE, warnings=(*histology.warnings, warning))


def _fits(histology: Fact, diagnosis: Fact, tumours: TumourCodes) -> bool:
    """Whether a tumour may have a histology, whatever type the histology names without its site."""
    return tumours.may_have(diagnosis.tumour or "", histology.histology or "", diagnosis.topography)
