"""A call of each hook for an invented patient: its status, its form, its cards, and how long it takes."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from cds_service.calling import reason_of
from cds_service.doctor.answer_form import objections
from cds_service.doctor.findings import Check, Finding, Problem, failed, ok, skipped, warning
from cds_service.hooks import SERVICES, Service
from cds_service.pages.examples import examples
from cds_service.pages.sending import Wish, request_for

if TYPE_CHECKING:
    from cds_service.doctor.examination import Examination

#: An invented patient for whom every hook has something to say: a biomarker that opens one option and closes others.
_PATIENT, _DRAFT = "lung-egfr", "gefitinib"
#: Milliseconds: the order of magnitude in which a service should answer (CDS Hooks 2.0, Calling a CDS Service).
_IN_TIME = 500


def sample_request(service: Service) -> dict[str, Any]:
    """A request of this service for the invented patient, with an identifier of its own."""
    wish = Wish(hook=service.hook, drafts=(_DRAFT,))
    body: dict[str, Any] = request_for(examples()[_PATIENT].document, wish)
    return body | {"hookInstance": str(uuid.uuid4())}


def check_hooks(examination: Examination) -> Iterator[Finding]:
    """Calls of each hook, and the time that they took as seen from here."""
    if not examination.may_call:
        for check in (Check.HOOKS, Check.LATENCY):
            yield skipped(check, Problem.NOT_ASKED, "no call is let in")
        return
    times: list[float] = []
    for service in SERVICES.values():
        yield _called(examination, service, times)
    if times:
        yield _latency(times)


def _called(examination: Examination, service: Service, times: list[float]) -> Finding:
    cards = 0
    for _ in range(examination.options.calls):
        body = sample_request(service)
        begun = perf_counter()
        response = examination.remote.call(service.id, body)
        taken = 1000 * (perf_counter() - begun)
        if response.status_code != 200:
            said = f"{service.hook}: {response.status_code} {reason_of(response)}"
            return failed(Check.HOOKS, Problem.CALL_FAILED, f"{said} (log: request {_in_log(body)})")
        if found := objections(response, "response"):
            return failed(Check.HOOKS, Problem.ANSWER_FORM, f"{service.hook}: {found}")
        cards = len(response.json()["cards"])
        times.append(taken)
    if not cards:
        return warning(Check.HOOKS, Problem.NO_CARDS, f"{service.hook}: no cards")
    return ok(Check.HOOKS, f"{service.hook}: {cards} card{'s' if cards > 1 else ''}")


def _latency(times: list[float]) -> Finding:
    said = f"median {median(times):.0f} ms, slowest {max(times):.0f} ms of {len(times)} calls, network included"
    if median(times) > _IN_TIME:
        return warning(Check.LATENCY, Problem.SLOW, said)
    return ok(Check.LATENCY, said)


def _in_log(body: dict[str, Any]) -> str:
    """How the log of the service names this request."""
    return hashlib.sha256(body["hookInstance"].encode()).hexdigest()[:16]
