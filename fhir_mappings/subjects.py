"""The subject guard: only the patient's own results become facts.

Official example sets mix patients, and a chart can hold another person's result by mistake. A resource
that names another patient is left out and reported; one that names none is used.
"""

from __future__ import annotations

from collections.abc import Iterable

from fhir_mappings.collection import Collection, Resource, collect, local_reference
from fhir_mappings.elements import Json, member, objects, reference_text, string

_SUBJECT_ELEMENTS = ("subject", "patient")


class SubjectGuard:
    """Decides whose resources these are, once, and then for each resource whether it is theirs."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._names = _names_of_the_patient(collection)
        self._known: dict[str, bool] = {}

    @property
    def patient(self) -> str | None:
        """The reference under which the patient appears first."""
        return self._names[0] if self._names else None

    def accepts(self, resource: Resource) -> bool:
        """Whether a resource belongs to the patient or names nobody."""
        subject = subject_of(resource)
        if subject is None:
            return True
        if subject.startswith("#"):  # contained: the same text means another patient in each resource
            return self._is_the_patient(subject, resource)
        if subject not in self._known:
            self._known[subject] = self._is_the_patient(subject, resource)
        return self._known[subject]

    def _is_the_patient(self, subject: str, resource: Resource) -> bool:
        return any(name in self._names for name in _names(subject, self._collection, resource))


def patient_of(document: object) -> str | None:
    """The reference of the patient whom a document is about; ``None`` if nothing names one."""
    return SubjectGuard(collect(document)).patient


def subject_of(resource: Resource) -> str | None:
    """The reference to the person a resource is about; a contained resource speaks of its container's."""
    if resource.type == "Patient":
        return resource.full_url or resource.reference
    for element in _SUBJECT_ELEMENTS:
        if element not in resource.data:
            continue
        value = member(resource.data, element)
        if reference := reference_text(value):
            return reference
        if identifier := _identifier_text(value.get("identifier")):
            return identifier
    return subject_of(resource.container) if resource.container else None


def _names_of_the_patient(collection: Collection) -> list[str]:
    if collection.context_patient:
        return _names(collection.context_patient, collection, None)
    patients = list(collection.of_type("Patient"))
    if patients:
        return _patient_names(patients[0])
    for resource in collection.resources:
        if subject := subject_of(resource):
            return _names(subject, collection, resource)
    return []


def _names(reference: str, collection: Collection, near: Resource | None) -> list[str]:
    """Every name under which the referenced patient may be addressed."""
    found = collection.resolve(reference, near) or _by_identifier(reference, collection)
    if found is not None and found.type == "Patient":
        return [*_patient_names(found), reference]
    return list(dict.fromkeys([local_reference(reference), reference]))


def _patient_names(patient: Resource) -> list[str]:
    names = [patient.reference, patient.full_url, *_identifiers(patient.data)]
    return [name for name in names if name]


def _by_identifier(reference: str, collection: Collection) -> Resource | None:
    """Resolve ``Patient?identifier=system|value`` as German exporters write it."""
    query = reference.rpartition("?identifier=")[2] if "?identifier=" in reference else reference
    return next((patient for patient in collection.of_type("Patient") if query in _identifiers(patient.data)), None)


def _identifiers(data: Json) -> Iterable[str]:
    return [text for text in map(_identifier_text, objects(data.get("identifier"))) if text]


def _identifier_text(identifier: object) -> str | None:
    if not isinstance(identifier, dict):
        return None
    value = string(identifier.get("value"))
    return f"{string(identifier.get('system')) or ''}|{value}" if value else None
