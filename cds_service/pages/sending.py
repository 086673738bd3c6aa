"""What somebody wants to try, as the CDS Hooks request that an EHR would send."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cds_service.codec import dumps
from cds_service.hooks import BY_HOOK
from cds_service.wrapping import by_key
from fhir_mappings.elements import Json, member, objects, string

#: Members that would have the service ask a FHIR server; a page that is given everything asks nobody.
_FETCHING = ("fhirServer", "fhirAuthorization")


@dataclass(frozen=True, slots=True)
class Wish:
    """How a document is to be sent.

    ``hook``: another than the document's own. ``drafts``: medicines to draft, in words. ``without``: prefetch keys to
    leave out.
    """

    hook: str | None = None
    drafts: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def request_for(document: Any, wish: Wish) -> Any:
    """The request: the document itself if it is one, else a request with the document as prefetch.

    What is not even an object is returned as it is; the check of the envelope then says so.
    """
    request = by_key(document)
    for name in _FETCHING:
        request.pop(name, None)
    if wish.hook is not None:
        request["hook"] = wish.hook
    _set_drafts(request, wish)
    if wish.without and isinstance(request.get("prefetch"), dict):
        request["prefetch"] = {key: value for key, value in request["prefetch"].items() if key not in wish.without}
    return request


def prefetch_keys(document: Any) -> tuple[str, ...]:
    """The prefetch keys of a request in which something came, in their order."""
    prefetch = request_for(document, Wish()).get("prefetch")
    if not isinstance(prefetch, dict):
        return ()
    return tuple(key for key, value in prefetch.items() if isinstance(value, dict))


def _set_drafts(request: Json, wish: Wish) -> None:
    """Give an order hook its drafts, all of them selected; take them from the hook of an opened chart."""
    service = BY_HOOK.get(str(request.get("hook")))
    context = request.get("context")
    if service is None or not isinstance(context, dict):
        return
    context = {name: value for name, value in context.items() if name not in ("draftOrders", "selections")}
    if service.about_orders:
        orders = member(request["context"], "draftOrders")
        entries = [*objects(orders.get("entry")), *_drafted(wish.drafts, context)]
        context["draftOrders"] = {"resourceType": "Bundle", "type": "collection"} | orders | {"entry": entries}
        if service.hook == "order-select":
            own = request["context"].get("selections")
            context["selections"] = [*(own if isinstance(own, list) else _names(entries)), *_added(wish.drafts)]
            context["selections"] = list(dict.fromkeys(filter(_is_text, context["selections"])))
    request["context"] = context


def _drafted(names: Iterable[str], context: Json) -> list[Json]:
    patient = string(context.get("patientId")) or "unknown"
    return [
        {
            "resource": {
                "resourceType": "MedicationRequest",
                "id": f"playground-{number}",
                "status": "draft",
                "intent": "order",
                "medicationCodeableConcept": {"text": name},
                "subject": {"reference": patient if "/" in patient else f"Patient/{patient}"},
            }
        }
        for number, name in enumerate(names, 1)
    ]


def _added(names: Iterable[str]) -> list[str]:
    return [f"MedicationRequest/playground-{number}" for number, _ in enumerate(names, 1)]


def _names(entries: Iterable[Json]) -> list[str]:
    resources = [member(entry, "resource") for entry in entries]
    return [f"{resource.get('resourceType')}/{resource.get('id')}" for resource in resources]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def curl_command(address: str, service: str, request: Any) -> str:
    """The command that sends the request from a shell. It is plain ASCII, so that what is copied is what is seen."""
    body = ascii_only(dumps(request).decode())
    url = shlex.quote(f"{address}/cds-services/{service}")
    return f"curl -s {url} -H 'Content-Type: application/json' --data-binary @- <<'REQUEST'\n{body}\nREQUEST\n"


def ascii_only(text: str) -> str:
    """JSON text with every other character escaped as JSON escapes it."""
    return "".join(char if char.isascii() else _escaped(char) for char in text)


def _escaped(char: str) -> str:
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))
