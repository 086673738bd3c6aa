"""One request tried: what was read, what every statement comes to, and the cards or the error that an EHR would get."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from cards import CardStyle, Planned
from cds_service.advisor import Advisor
from cds_service.answers import Answer, answer
from cds_service.envelope import check_envelope
from cds_service.hooks import Service, service_of
from cds_service.outcomes import ServiceError
from fhir_mappings import OrderReading, PatientRecord
from knowledge import EvidenceFinding, Finding

#: Makes the answer of the service to a checked request.
Answering = Callable[[Service, dict[str, Any], CardStyle], Answer]


@dataclass(frozen=True, slots=True)
class Refusal:
    """The error that an EHR would get in place of cards."""

    status: int
    text: str


@dataclass(frozen=True, slots=True)
class Consultation:
    """A request with everything that it comes to. Without a ``service`` nothing answers its hook."""

    request: dict[str, Any]
    service: Service | None
    planned: tuple[Planned, ...]
    record: PatientRecord
    orders: OrderReading
    findings: tuple[Finding, ...]
    evidence: tuple[EvidenceFinding, ...]
    refusal: Refusal | None = None


def consult(
    advisor: Advisor,
    request: dict[str, Any],
    today: date,
    style_of: Callable[[str], CardStyle],
    answering: Answering | None = None,
    in_time: Callable[[], None] = lambda: None,
) -> Consultation:
    """Try a request. What is read is shown even where the service refuses to answer.

    ``style_of`` gives the style of the cards of a hook. ``answering`` stands in for the plain answer, which keeps
    nothing. ``in_time`` is called between the steps and raises when nobody waits any more; unlike a refusal, that
    ends everything.
    """
    service: Service | None = None
    answered: Answer | None = None
    refusal: Refusal | None = None
    make = answering or (lambda service, body, style: answer(advisor, service, body, today, style, fresh_id, in_time))
    try:
        service = service_of(request)
        check_envelope(request, service.hook)
        answered = make(service, request, style_of(service.hook))
    except ServiceError as error:
        refusal = Refusal(error.status, error.text)
    in_time()
    record = answered.record if answered else advisor.record(request)
    orders = answered.orders if answered else advisor.orders(request)
    findings = answered.findings if answered else advisor.findings(record, today)
    in_time()
    evidence = advisor.evidence(record, findings, today)
    in_time()
    planned = answered.planned if answered else ()
    return Consultation(request, service, planned, record, orders, findings, evidence, refusal)


def fresh_id() -> str:
    """A new identifier of a card or suggestion."""
    return str(uuid.uuid4())
