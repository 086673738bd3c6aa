"""Finding every resource in what was sent, wherever it stands, and resolving references among them.

Resources are identified by type and id or by their Bundle ``fullUrl``, never by content: the same
resource in two Bundles is read once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from fhir_mappings.elements import Json, concept_text, member, objects, reference_text, string

#: Deeper nesting than this is not FHIR that anybody sends; it is not followed.
_MAX_DEPTH = 40


@dataclass(slots=True)
class Resource:
    """One resource with the reference that names it in provenance and, if contained, its container."""

    type: str
    reference: str
    data: Json
    full_url: str | None = None
    container: Resource | None = None


@dataclass(slots=True)
class Collection:
    """All resources of one input, in document order, with warnings about the input itself."""

    resources: list[Resource] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    context_patient: str | None = None
    incomplete: bool = False  # a further page or an error stands where more data would be
    _index: dict[str, Resource] = field(default_factory=dict)

    def of_type(self, *types: str) -> Iterator[Resource]:
        """Resources of the given types, in document order."""
        return (resource for resource in self.resources if resource.type in types)

    def resolve(self, reference: str | None, near: Resource | None = None) -> Resource | None:
        """The resource that a literal reference names, as seen from the resource that holds it."""
        if not reference:
            return None
        if reference.startswith("#"):
            holder = near.container or near if near else None
            return self._index.get(f"{id(holder.data)}{reference}") if holder else None
        found = self._index.get(reference)
        return found or self._index.get(local_reference(reference))

    def resolved(self, references: object, near: Resource) -> list[Resource]:
        """The resources that a list of References names; missing targets are left out."""
        found = (self.resolve(reference_text(reference), near) for reference in objects(references))
        return [resource for resource in found if resource is not None]


def local_reference(reference: str) -> str:
    """``https://server/fhir/Patient/1/_history/2`` to ``Patient/1``; other forms unchanged."""
    path = reference.partition("/_history/")[0]
    parts = path.rstrip("/").split("/")
    if len(parts) >= 2 and parts[-2][:1].isupper() and "?" not in parts[-2]:
        return "/".join(parts[-2:])
    return reference


def collect(document: object) -> Collection:
    """Collect the resources of a resource, Bundle, ``Parameters``, CDS Hooks request or list of these."""
    collection = Collection()
    if isinstance(document, dict) and "resourceType" not in document and ("prefetch" in document or "hook" in document):
        _collect_request(document, collection)
    else:
        _collect(document, collection, None, None, 0)
    return collection


def _collect_request(request: Json, collection: Collection) -> None:
    context = member(request, "context")
    if patient := string(context.get("patientId")):
        collection.context_patient = patient if "/" in patient else f"Patient/{patient}"
    for key, value in member(request, "prefetch").items():
        before = len(collection.warnings)
        _collect(value, collection, None, None, 0)
        collection.warnings[before:] = [f"prefetch {key}: {text}" for text in collection.warnings[before:]]


def _collect(value: object, into: Collection, full_url: str | None, container: Resource | None, depth: int) -> None:
    if depth > _MAX_DEPTH:
        into.warnings.append("nested too deeply; the inner part was not read")
    elif isinstance(value, list):
        for item in value:
            _collect(item, into, None, None, depth + 1)
    elif isinstance(value, dict):
        match value.get("resourceType"):
            case "Bundle":
                _collect_bundle(value, into, depth)
            case "Parameters":
                _collect_parameters(value.get("parameter"), into, depth)
            case "OperationOutcome":
                _note_outcome(value, into)
            case str() as type_name:
                _add(type_name, value, into, full_url, container, depth)


def _collect_bundle(bundle: Json, into: Collection, depth: int) -> None:
    for entry in objects(bundle.get("entry")):
        if "search" in entry and member(entry, "search").get("mode") == "outcome":
            _note_outcome(member(entry, "resource"), into)
        else:
            _collect(entry.get("resource"), into, string(entry.get("fullUrl")), None, depth + 1)
    if any(link.get("relation") == "next" for link in objects(bundle.get("link"))):
        into.incomplete = True
        into.warnings.append("the Bundle has further pages that were not sent; the list is incomplete")


def _collect_parameters(parameters: object, into: Collection, depth: int) -> None:
    for parameter in objects(parameters):
        _collect(parameter.get("resource"), into, None, None, depth + 1)
        if depth < _MAX_DEPTH:
            _collect_parameters(parameter.get("part"), into, depth + 1)


def _note_outcome(outcome: Json, into: Collection) -> None:
    for issue in objects(outcome.get("issue")):
        if issue.get("severity") in ("error", "fatal"):
            into.incomplete = True
            code = string(issue.get("code")) or concept_text(issue.get("details")) or "no code"
            into.warnings.append(f"the server answered with an error ({code[:60]}) instead of data")


def _add(
    type_name: str, data: Json, into: Collection, full_url: str | None, container: Resource | None, depth: int
) -> None:
    identifier = string(data.get("id"))
    if container is not None:
        reference = f"{container.reference}#{identifier or ''}"
    else:
        reference = f"{type_name}/{identifier}" if identifier else full_url or f"{type_name} without id"
    resource = Resource(type_name, reference, data, full_url, container)
    if not _replaces_or_adds(resource, identifier, into):
        return
    if container is not None and identifier:
        into._index[f"{id(container.data)}#{identifier.removeprefix('#')}"] = resource
    for inner in objects(data.get("contained")) if "contained" in data else ():
        inner_type = inner.get("resourceType")
        if isinstance(inner_type, str) and depth < _MAX_DEPTH:
            _add(inner_type, inner, into, None, resource, depth + 1)


def _replaces_or_adds(resource: Resource, identifier: str | None, into: Collection) -> bool:
    """Register a resource; of two versions with one identity the later one stays."""
    keys = [resource.full_url] if resource.full_url else []
    if identifier and resource.container is None:
        keys.append(resource.reference)
    if earlier := [into._index[key] for key in keys if key in into._index]:
        if not _supersedes(resource.data, earlier[0].data, resource.reference, into):
            return False
        into.resources.remove(earlier[0])
    into.resources.append(resource)
    for key in keys:
        into._index[key] = resource
    return True


def _supersedes(new: Json, old: Json, reference: str, into: Collection) -> bool:
    """Whether a resource replaces another of the same identity: by its version, else if it takes it back."""
    if _version(new) != _version(old):
        return _version(new) > _version(old)
    if new == old:
        return False
    into.warnings.append(f"{reference}: sent twice with different content and no version")
    return new.get("status") == "entered-in-error"


def _version(data: Json) -> str:
    return string(member(data, "meta").get("lastUpdated")) or ""
