"""The example patients as one FHIR server holds them, and as an EHR fills the prefetch templates from it."""

from __future__ import annotations

import json
from typing import Any

from cds_service.hooks import SERVICES, Service
from cds_service.pages.examples import Example, examples
from cds_service.pages.sending import Wish, request_for
from fhir_mappings.elements import objects
from tests.fhir_server import searchset

Json = dict[str, Any]
#: The categories that the template of the Observations asks for.
_ASKED_FOR = {"laboratory", "GE"}


def example_requests() -> list[tuple[Service, Json]]:
    """Every example patient with an opened chart, and some with the first draft at the hooks of orders.

    Resources of different patients have different ids, as on one server.
    """
    return [
        (service, request_for(_with_own_ids(example), Wish(service.hook, example.drafts[:1])))
        for number, example in enumerate(examples().values())
        for service in SERVICES.values()
        if number % 4 == 0 or not service.about_orders
    ]


def all_resources() -> list[Json]:
    """Every resource of every example patient."""
    return [
        resource
        for example in examples().values()
        for value in _with_own_ids(example)["prefetch"].values()
        for resource in _resources(value)
    ]


def as_asked_for(request: Json) -> Json:
    """The request as the templates ask for it: no Observation of another category, and the newest first."""
    observations = _resources(request["prefetch"]["observations"])
    asked = [resource for resource in observations if _categories(resource) & _ASKED_FOR]
    asked.sort(key=lambda resource: str(resource.get("effectiveDateTime", "")), reverse=True)
    return request | {"prefetch": request["prefetch"] | {"observations": searchset(*asked)}}


def _with_own_ids(example: Example) -> Json:
    patient = example.id
    text = json.dumps(example.document)
    for value in example.document["prefetch"].values():
        for resource in _resources(value):
            kind, identifier = resource["resourceType"], resource["id"]
            if kind != "Patient":
                text = text.replace(f'"{kind}/{identifier}"', f'"{kind}/{patient}-{identifier}"')
                text = text.replace(f'"id": "{identifier}"', f'"id": "{patient}-{identifier}"')
    renamed: Json = json.loads(text)
    return renamed


def _resources(value: Json) -> list[Json]:
    if value["resourceType"] != "Bundle":
        return [value]
    return [entry["resource"] for entry in objects(value.get("entry"))]


def _categories(resource: Json) -> set[str]:
    return {coding["code"] for category in objects(resource.get("category")) for coding in category["coding"]}
