"""Requests that are nearly right: sound ones, changed in one to five places that a random generator chooses.

The same seed and number give the same request, so that a failure can be sent again.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.workload import PATIENT_VIEW, request_body

Json = Any

_ORDER_SELECT = "/cds-services/oncology-order-select"
_ORDER_SIGN = "/cds-services/oncology-order-sign"
_FEEDBACK = f"{PATIENT_VIEW}/feedback"
_PATIENTS = 40
_IN_PREFETCH = 0.9

#: What stands where something else is expected.
HOSTILE: tuple[Json, ...] = (
    None, True, False, 0, -1, 0.1, 1e308, -1e-308, 2**63, 10**30, "", " ", "0", "null", "\u0000", "\ud7ff", "\u202e",
    "😀" * 50, "x" * 10_000, "p." + "Leu858Arg" * 40, "c.2573T>G;" * 60, "1" * 400, "<script>alert(1)</script>",
    "[a](javascript:b)", "{{context.patientId}}", "../../etc/passwd", "Patient/", "Patient/p2", "#", "#p1", "urn:x",
    "2026-13-45", "0000", "9999-12-31T23:59:60Z", "%s%n%x", "' OR 1=1 --", [], {}, [[]], [None], {"": None},
    {"coding": None}, {"coding": [{}]}, {"coding": [{"system": 1, "code": []}]}, {"reference": 7}, [{}] * 50,
)  # fmt: skip
_NAMES = (
    *("resourceType", "entry", "resource", "code", "coding", "component", "valueQuantity", "valueString", "subject"),
    *("contained", "hasMember", "derivedFrom", "extension", "status", "interpretation", "method", "", "__class__"),
)
_TYPES = (
    *("Patient", "Condition", "Observation", "DiagnosticReport", "MedicationStatement", "Procedure", "Bundle"),
    *("Parameters", "OperationOutcome", "Specimen", "MedicationRequest", "ServiceRequest", "Nothing"),
)
_CONTENT_TYPES = ("application/json; charset=latin-1", "application/fhir+json", "application/xml", "text/plain", "")


@dataclass
class Sent:
    """One request."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


class Mutator:
    """Makes requests; ``seed`` decides all of them."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._sound = [json.loads(request_body(20, number)) for number in range(_PATIENTS)]

    def make(self, number: int) -> Sent:
        """The request with this number."""
        chance = random.Random(f"{self._seed} {number}")
        path, document = self._document(chance)
        document = copy.deepcopy(document)
        for _ in range(chance.choice((0, 1, 1, 2, 3, 5))):
            chance.choice(_CHANGES)(document, chance)
        sent = Sent("POST", path, _written(document, chance))
        if chance.random() < 0.1:
            chance.choice(_TRANSPORT)(sent, chance)
        return sent

    def _document(self, chance: random.Random) -> tuple[str, Json]:
        whole = chance.choice(self._sound)
        path = chance.choice((PATIENT_VIEW, PATIENT_VIEW, PATIENT_VIEW, _ORDER_SELECT, _ORDER_SIGN, _FEEDBACK))
        if path == PATIENT_VIEW:
            return path, whole
        if path == _FEEDBACK:
            return path, {"feedback": [_answer(chance) for _ in range(chance.randint(1, 3))]}
        drafts = {"resourceType": "Bundle", "entry": [{"resource": _draft(code)} for code in ("L01EB04", "L01EB01")]}
        context = {**whole["context"], "draftOrders": drafts, "selections": ["MedicationRequest/L01EB04"]}
        return path, {**whole, "hook": path.removeprefix("/cds-services/oncology-"), "context": context}


def _answer(chance: random.Random) -> Json:
    outcome = chance.choice(("accepted", "overridden"))
    return {
        "card": f"card-{chance.randint(0, 10**6)}",
        "outcome": outcome,
        "outcomeTimestamp": "2026-11-24T10:00:00Z",
        "acceptedSuggestions": [{"id": "s"}],
        "overrideReason": {"reason": {"system": "urn:x", "code": "no"}, "userComment": "text"},
    }


def _draft(code: str) -> Json:
    medicine = {"coding": [{"system": "http://www.whocc.no/atc", "code": code}]}
    return {
        "resourceType": "MedicationRequest",
        "id": code,
        "status": "draft",
        "intent": "order",
        "subject": {"reference": "Patient/p1"},
        "medicationCodeableConcept": medicine,
    }


def _places(value: Json) -> Iterator[tuple[Any, Any]]:
    """Every container with every key or index in it."""
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        children = list(inner.items()) if isinstance(inner, dict) else list(enumerate(inner))
        for key, child in children:
            yield inner, key
            if isinstance(child, (dict, list)):
                waiting.append(child)


def _place(document: Json, chance: random.Random) -> tuple[Any, Any]:
    """One place; in the envelope seldom, as it is soon refused, and at all levels of the prefetch."""
    inner = document
    while isinstance(inner, (dict, list)) and inner:
        key = chance.choice(list(inner) if isinstance(inner, dict) else range(len(inner)))
        if isinstance(inner, dict) and isinstance(inner.get("prefetch"), dict) and chance.random() < _IN_PREFETCH:
            key = "prefetch"
        elif not isinstance(inner[key], (dict, list)) or not inner[key] or chance.random() < 0.2:
            return inner, key
        inner = inner[key]
    return {"x": None}, "x"


def _replace(document: Json, chance: random.Random) -> None:
    inner, key = _place(document, chance)
    inner[key] = copy.deepcopy(chance.choice(HOSTILE))


def _delete(document: Json, chance: random.Random) -> None:
    inner, key = _place(document, chance)
    del inner[key]


def _rename(document: Json, chance: random.Random) -> None:
    inner, key = _place(document, chance)
    if isinstance(inner, dict):
        inner[chance.choice(_NAMES)] = inner.pop(key)


def _retype(document: Json, chance: random.Random) -> None:
    holders = [inner for inner, key in _places(document) if key == "resourceType"]
    if holders:
        chance.choice(holders)["resourceType"] = chance.choice(_TYPES)


def _repeat(document: Json, chance: random.Random) -> None:
    inner, key = _place(document, chance)
    inner[key] = [inner[key]] * chance.choice((1, 2, 30))


def _move(document: Json, chance: random.Random) -> None:
    """What stands in one place stands in another too."""
    inner, key = _place(document, chance)
    moved = copy.deepcopy(inner[key])
    other, at = _place(document, chance)
    other[at] = moved


def _nest(document: Json, chance: random.Random) -> None:
    inner, key = _place(document, chance)
    value = inner[key]
    for _ in range(chance.choice((3, 50, 200))):
        value = [value] if chance.random() < 0.5 else {chance.choice(_NAMES): value}
    inner[key] = value


def _write_in(document: Json, chance: random.Random) -> None:
    """A text with something foreign in its middle."""
    inner, key = _place(document, chance)
    if isinstance(inner[key], str):
        at = chance.randint(0, len(inner[key]))
        foreign = str(chance.choice(HOSTILE))[:200]
        inner[key] = inner[key][:at] + foreign + inner[key][at:]


Change = Callable[[Json, random.Random], None]
_CHANGES: tuple[Change, ...] = (_replace, _replace, _delete, _rename, _retype, _repeat, _move, _nest, _write_in)


def _written(document: Json, chance: random.Random) -> bytes:
    body = json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if chance.random() > 0.1:
        return body
    at = chance.randint(0, len(body))
    cuts = (body[:at], body[at:], body[:at] + bytes([chance.randint(0, 255)]) + body[at + 1 :], body + body[:at])
    return chance.choice((*cuts, b"", b"[" * 20_000, b" " * 5_000 + body, body.replace(b"1", b"1e999")))


def _other_type(sent: Sent, chance: random.Random) -> None:
    sent.headers["Content-Type"] = chance.choice(_CONTENT_TYPES)


def _encoded(sent: Sent, chance: random.Random) -> None:
    sent.headers["Content-Encoding"] = chance.choice(("gzip", "identity", "br, gzip", "\u00e9"))


def _other_method(sent: Sent, chance: random.Random) -> None:
    sent.method = chance.choice(("GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"))


def _other_path(sent: Sent, chance: random.Random) -> None:
    ends = ("/", "//", "/feedback", "/..", "?a=%00", "/%2e%2e", "/%ff", "x" * 3000, ";a=b", "/feedback/feedback")
    sent.path += chance.choice(ends)


def _forged(sent: Sent, chance: random.Random) -> None:
    names = ("Authorization", "Origin", "X-Forwarded-For", "Host", "Cookie", "Expect", "If-None-Match", "Accept")
    sent.headers[chance.choice(names)] = chance.choice(("", "Bearer x.y.z", "null", "a" * 4000, "text/html", "*", '"'))


_TRANSPORT: tuple[Callable[[Sent, random.Random], None], ...] = (
    _other_type,
    _encoded,
    _other_method,
    _other_path,
    _forged,
)
