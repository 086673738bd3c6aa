"""What the FHIR R4B models object to, for testers who ask: never a reason to lose a result."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from fhir_mappings.collection import Resource, collect

_MAX_OBJECTIONS = 20


def objections(document: object) -> Iterator[str]:
    """One line for each objection to each resource of an input, naming the element and the rule.

    ``fhir.resources`` has no model of R4 4.0.1; R4B is the nearest. Values are not repeated.
    """
    for resource in collect(document).resources:
        if resource.container is None:
            yield from _objections(resource)


def _objections(resource: Resource) -> Iterator[str]:
    from fhir.resources.R4B import get_fhir_model_class  # slow to import, and needed only here

    try:
        model = get_fhir_model_class(resource.type)
    except KeyError:
        yield f"{resource.reference}: {resource.type[:40]} is no FHIR R4B resource type"
        return
    try:
        model.model_validate(resource.data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        for item in found[:_MAX_OBJECTIONS]:
            place = ".".join(str(part) for part in item["loc"]) or "the resource"
            yield f"{resource.reference}: R4B: {place}: {item['type']}"
        if len(found) > _MAX_OBJECTIONS:
            yield f"{resource.reference}: R4B: {len(found) - _MAX_OBJECTIONS} further objections"
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        yield f"{resource.reference}: R4B: cannot be checked ({type(error).__name__})"
