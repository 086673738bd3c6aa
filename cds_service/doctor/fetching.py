"""Whether the service can fetch what prefetch lacks: a call without prefetch for a patient of a test system."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cards import available_languages, load_language, missing_data_in
from cds_service.calling import cards_in, reason_of
from cds_service.doctor.findings import Check, Finding, Problem, failed, ok, skipped, warning
from cds_service.hooks import PATIENT_VIEW

if TYPE_CHECKING:
    from cds_service.doctor.examination import Examination

_SECONDS = 300


@dataclass(frozen=True, slots=True)
class FhirAccess:
    """A FHIR server as the EHR would name it: base address, access token, and a patient's id there."""

    base: str
    token: str | None = field(repr=False)
    patient: str


def check_fetching(examination: Examination) -> Iterator[Finding]:
    """A call without prefetch."""
    access = examination.options.fhir
    if access is None:
        yield skipped(Check.FHIR, Problem.NO_FHIR_SERVER, "no FHIR server was given")
        return
    if not examination.may_call:
        yield skipped(Check.FHIR, Problem.NOT_ASKED, "no call is let in")
        return
    response = examination.remote.call(PATIENT_VIEW.id, _request(access))
    if response.status_code == 412:
        yield failed(Check.FHIR, Problem.NOT_FETCHED, reason_of(response))
    elif response.status_code != 200:
        yield failed(Check.FHIR, Problem.CALL_FAILED, f"{response.status_code} {reason_of(response)}")
    else:
        yield _fetched(cards_in(response))


def _fetched(cards: list[dict[str, Any]]) -> Finding:
    if not cards:
        return ok(Check.FHIR, "conditions and observations were fetched; without a card no more can be told")
    languages = [load_language(code) for code in available_languages()]
    details = [str(card.get("detail", "")) for card in cards]
    missing = (missing_data_in(detail, language) for detail in details for language in languages)
    if said := next(filter(None, missing), None):
        return warning(Check.FHIR, Problem.FETCHED_IN_PART, said)
    return ok(Check.FHIR, "everything was fetched")


def _request(access: FhirAccess) -> dict[str, Any]:
    body: dict[str, Any] = {
        "hook": PATIENT_VIEW.hook,
        "hookInstance": str(uuid.uuid4()),
        "fhirServer": access.base,
        "context": {"userId": "Practitioner/doctor", "patientId": access.patient},
    }
    if access.token is None:
        return body
    authorization = {
        "access_token": access.token,
        "token_type": "Bearer",
        "expires_in": _SECONDS,
        "scope": "patient/*.rs",
        "subject": "oncohooks-doctor",
    }
    return body | {"fhirAuthorization": authorization}
