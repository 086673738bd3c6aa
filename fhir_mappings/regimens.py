"""What the treatment that a resource is part of says about it: its line and why it ended.

A line is only what a sender counted and stated; it is never guessed from dates.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from fhir_mappings.collection import Resource
from fhir_mappings.context import Context
from fhir_mappings.elements import objects, reference_text
from fhir_mappings.therapy_rules import StopReason

#: A medication is part of a procedure, an administration follows a request; longer chains say nothing more.
_MOST_RESOURCES = 6
_WHOLE = ("partOf",)
_CAUSES = ("request", "basedOn", "authorizingPrescription")


def line_of(context: Context) -> int | None:
    """The line of therapy stated by the resource, by what it is part of, or by its order."""
    stated = (context.tables.therapies.line(resource.data) for resource in _with_related(context, (*_WHOLE, *_CAUSES)))
    return next((line for line in stated if line is not None), None)


def stop_reason_of(context: Context) -> StopReason | None:
    """Why the therapy ended, as the resource or what it is part of states in a code."""
    reasons = (context.tables.therapies.stop_reason(resource.data) for resource in _with_related(context, _WHOLE))
    return next((reason for reason in reasons if reason is not None), None)


def _with_related(context: Context, elements: tuple[str, ...]) -> Iterator[Resource]:
    """The resource, then those that the elements name, from near to far, each once."""
    return islice(_breadth_first(context, elements), _MOST_RESOURCES)


def _breadth_first(context: Context, elements: tuple[str, ...]) -> Iterator[Resource]:
    waiting, seen = [context.resource], {id(context.resource)}
    while waiting:
        resource = waiting.pop(0)
        yield resource
        for element in elements:
            for reference in objects(resource.data.get(element)):
                found = context.collection.resolve(reference_text(reference), resource)
                if found is not None and id(found) not in seen:
                    seen.add(id(found))
                    waiting.append(found)
