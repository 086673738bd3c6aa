"""Requests with a canary wherever a patient, a user or a token may stand: through every route, and into every error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from tests.fhir import condition, patient, protein, request, variant
from tests.running import FEEDBACK, PATIENT_VIEW

CANARY = "KANARIENVOGEL"
SERVICES = (PATIENT_VIEW, "/cds-services/oncology-order-select", "/cds-services/oncology-order-sign")
#: Pages that show to a person what that person sent.
PAGES = ("/", "/statements/tagrisso-1")
_NUMBERS = count()
_JSON = {"Content-Type": "application/json"}

#: Members whose text decides what is read; with a canary in them nothing would be understood.
_MEANT = {"resourceType", "code", "system", "status", "hook", "gender", "birthDate", "effectiveDateTime"}
_MEANT |= {"recordedDate", "type", "outcome", "outcomeTimestamp", "reference", "id", "patientId"}


@dataclass(frozen=True)
class Attempt:
    """A request: ``arguments`` are those of ``requests.request``. ``shows``: whether its answer is for who sent it."""

    method: str
    path: str
    arguments: dict[str, Any] = field(default_factory=dict)
    shows: bool = False


def canary() -> str:
    """A canary that no other place has."""
    return f"{CANARY}{next(_NUMBERS)}"


def with_canaries(value: Any, kept: frozenset[str] = frozenset(_MEANT)) -> Any:
    """The document with a canary in every text, and in more members than it had."""
    if isinstance(value, dict):
        changed = {name: part if name in kept else with_canaries(part, kept) for name, part in value.items()}
        return changed | {"display": canary(), canary(): [canary()]} if "resourceType" in value else changed
    if isinstance(value, list):
        return [with_canaries(part, kept) for part in value]
    return canary() if isinstance(value, str) else value


def the_patient() -> dict[str, Any]:
    """A patient about whom there is something to say, named by a canary wherever a name may stand."""
    name = canary()
    notes: dict[str, Any] = {
        "note": [{"text": canary()}],
        "text": {"status": "generated", "div": f"<div>{canary()}</div>"},
    }
    people = patient() | {"name": [{"family": canary(), "given": [canary()]}], "identifier": [{"value": canary()}]}
    body = request(
        people,
        condition() | notes,
        variant("v1", "EGFR", protein("p.Leu858Arg"), **notes),
        variant("v2", "BRAF", protein(canary()), **notes),
    )
    body = json.loads(json.dumps(body).replace("Patient/p1", f"Patient/{name}").replace('"p1"', f'"{name}"'))
    body |= {"fhirServer": f"https://{canary()}.example", "hookInstance": canary()}
    body["fhirAuthorization"] = {"access_token": canary(), "token_type": "Bearer", "expires_in": 300}
    body["fhirAuthorization"] |= {"scope": canary(), "subject": canary(), "patient": name}
    return with_canaries(body, frozenset(_MEANT | {"fhirServer"}))


def headers() -> dict[str, str]:
    """Headers that a client, a proxy or a browser may add."""
    names = ("X-Request-ID", "Referer", "User-Agent", "Cookie", "tracestate", "baggage", "traceparent", "X-A")
    return {name: canary() for name in names} | {"Authorization": f"Bearer {canary()}"}


def comment_on(card: str) -> dict[str, Any]:
    """Feedback with a canary wherever the specification or a client has free text."""
    reason = {"reason": {"system": "urn:x", "code": "no", "display": canary()}, "userComment": canary()}
    item = {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-24T10:00:00Z", "overrideReason": reason}
    return {"feedback": [item | {"extension": {canary(): canary()}, "user": canary()}], canary(): canary()}


def attempts() -> Iterator[Attempt]:
    """Requests that succeed, and that fail in every way the application knows."""
    for path in (*SERVICES, FEEDBACK):
        yield from _to_a_service(path)
    feedback = {"card": canary() * 30, "outcome": canary(), "outcomeTimestamp": canary()}
    yield Attempt("POST", FEEDBACK, {"json": {"feedback": [feedback]}})
    yield Attempt("POST", FEEDBACK, {"json": comment_on("card"), "headers": headers()})
    yield Attempt("POST", f"/cds-services/{canary()}", {"json": the_patient()})
    yield Attempt("POST", f"/cds-services/{canary()}/feedback", {"json": the_patient()})
    for path in ("/metrics", "/health", "/ready", "/cds-services", "/feedback", "/assets/pages.css", f"/{canary()}"):
        yield Attempt("GET", f"{path}?{canary()}={canary()}", {"headers": headers()})
        yield Attempt(canary(), path)
        yield Attempt("POST", path, {"json": the_patient()})
    yield Attempt("GET", f"/assets/{canary()}")
    yield Attempt("GET", "/metrics", {"headers": {"X-Forwarded-For": canary()}})
    yield Attempt("GET", f"/feedback?days={canary()}")
    for path in (
        *PAGES,
        "/metrics",
        "/health",
        "/ready",
        "/cds-services",
        "/feedback",
        "/assets/pages.css",
        *SERVICES,
        FEEDBACK,
    ):
        for method in ("HEAD", "OPTIONS"):
            asked = {"Access-Control-Request-Method": canary(), "Access-Control-Request-Headers": canary()}
            yield Attempt(method, f"{path}?{canary()}", {"headers": headers() | asked | {"Origin": canary()}})
    yield from _to_a_page()


def _to_a_service(path: str) -> Iterator[Attempt]:
    whole = with_canaries(the_patient(), frozenset())
    for body in (the_patient(), whole, the_patient() | {"hook": canary()}, [canary()]):
        yield Attempt("POST", path, {"json": body})
    yield Attempt("POST", f"{path}?{canary()}={canary()}", {"json": the_patient(), "headers": headers()})
    yield Attempt("POST", path, {"data": f'{{"hook": {canary()}', "headers": _JSON})
    yield Attempt("POST", path, {"data": canary(), "headers": {"Content-Type": f"text/{canary()}"}})
    yield Attempt("POST", path, {"data": canary(), "headers": _JSON | {"Content-Encoding": canary()}})
    yield Attempt("POST", path, {"data": (canary() * 30_000).encode(), "headers": _JSON})
    yield Attempt("POST", path, {"json": the_patient() | {"prefetch": {canary(): canary()}}})
    # Nobody listens on this port; the library that tries says so, at its own levels.
    nobody = {"fhirServer": f"http://127.0.0.1:9/{canary()}", "prefetch": {}}
    yield Attempt("POST", path, {"json": the_patient() | nobody})
    yield Attempt("GET", f"{path}/{canary()}")
    yield Attempt("DELETE", path, {"headers": headers() | {"Origin": f"https://{canary()}"}})
    for member in ("hook", "hookInstance", "context", "prefetch"):
        yield Attempt("POST", path, {"json": the_patient() | {member: {canary(): canary()}}})


def _to_a_page() -> Iterator[Attempt]:
    for path in PAGES:
        for text in (json.dumps(the_patient()), json.dumps(with_canaries(the_patient())), canary(), ""):
            form = {"document": text, "draft": canary(), "without": canary(), "hook": canary(), "keep": "1"}
            yield Attempt("POST", f"{path}?{canary()}", {"data": form, "headers": headers()}, shows=True)
        yield Attempt("POST", path, {"data": {"document": canary() * 30_000}}, shows=True)
        yield Attempt("POST", path, {"json": the_patient()}, shows=True)
        yield Attempt("GET", f"{path}?example={canary()}&draft={canary()}&hook={canary()}", shows=True)
        yield Attempt("PATCH", f"{path}?{canary()}", {"data": canary(), "headers": headers()})
    yield Attempt("GET", f"/statements/{canary()},{canary()}", shows=True)
