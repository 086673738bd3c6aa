"""One request answered: from the checked body to the cards, with what a decision record needs to know of the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from cards import Card, CardStyle, Planned, shown
from cds_service.advisor import Advisor, Question
from cds_service.fetching import Fetched
from cds_service.hooks import Service
from cds_service.outcomes import ServiceError
from cds_service.prefetch import Need, in_part, not_told, unmet
from cds_service.stages import stage
from fhir_mappings import OrderReading, PatientRecord
from knowledge import Finding


@dataclass(frozen=True, slots=True)
class Answer:
    """The cards that are shown, with the record and the findings behind them."""

    planned: tuple[Planned, ...]
    record: PatientRecord
    orders: OrderReading
    findings: tuple[Finding, ...]

    @property
    def cards(self) -> list[Card]:
        """The cards as they are sent."""
        return [item.card for item in self.planned]


def answer(
    advisor: Advisor,
    service: Service,
    body: dict[str, Any],
    today: date,
    style: CardStyle,
    new_id: Callable[[], str],
    in_time: Callable[[], None] = lambda: None,
    silenced: Callable[[PatientRecord], frozenset[str]] = lambda record: frozenset(),
    fetched: Fetched | None = None,
) -> Answer:
    """Answer one checked request. Raises :class:`ServiceError` with 412 if required data is missing.

    ``in_time`` is called between the steps and raises when nobody waits for the answer any more. ``silenced`` gives
    the topics that were set aside before for this record. ``fetched`` tells how the body was completed from a FHIR
    server, if it was.
    """
    prefetch = body.get("prefetch")
    missing = unmet(prefetch, service.needs)
    if required := [need.key for need in missing if need.required]:
        why = fetched.why_missing() if fetched else ""
        raise ServiceError(412, f"Required data was not provided in prefetch: {', '.join(required)}.{why}")
    lacking = _lacking(missing, prefetch, service.needs, frozenset(fetched.failed if fetched else ()))
    partial = in_part(prefetch, service.needs)
    with stage("map"):
        record, orders = advisor.read(body)
    in_time()
    drugs = {drug for draft in orders.orders.drugs for drug in draft.drugs}
    with stage("evaluate"):
        findings = advisor.findings(record, today, drugs if service.about_orders else ())
    in_time()
    question = Question(
        about_orders=service.about_orders,
        today=today,
        patient=_patient_reference(body),
        style=style,
        incomplete=any(need.completes for need in (*lacking, *partial)),
        missing=tuple(need.resource_type for need in service.needs if need in lacking or need in partial),
        new_id=new_id,
    )
    with stage("cards"):
        planned = advisor.cards(question, record, orders, findings)
    with stage("silence"):
        topics = silenced(record) if planned else frozenset()
    return Answer(tuple(shown(planned, style, topics)), record, orders, findings)


def _lacking(
    unmet_needs: tuple[Need, ...], prefetch: object, needs: tuple[Need, ...], failed: frozenset[str]
) -> tuple[Need, ...]:
    """What did not come although the record is incomplete without it, or although it was fetched."""
    missing = {need.key for need in unmet_needs if need.completes}
    missing |= {need.key for need in not_told(prefetch, needs)} | failed
    return tuple(need for need in needs if need.key in missing)


def _patient_reference(body: dict[str, Any]) -> str:
    patient = str(body["context"]["patientId"])
    return patient if "/" in patient else f"Patient/{patient}"
