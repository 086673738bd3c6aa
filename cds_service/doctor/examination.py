"""The examination of one service: which checks, with what, in which order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import requests

from cds_service.calling import NoCards, RemoteService
from cds_service.doctor.admission import check_admission
from cds_service.doctor.browsers import check_cors
from cds_service.doctor.connection import check_connection
from cds_service.doctor.fetching import FhirAccess, check_fetching
from cds_service.doctor.findings import Check, Finding, Problem, State, failed, skipped
from cds_service.doctor.front import check_discovery, check_knowledge, check_metrics, check_ready
from cds_service.doctor.sample_calls import check_hooks
from cds_service.token_making import Signer


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Options:
    """What is examined, and what is given for it.

    ``url``: base address. ``signer``: makes the tokens of a registered client. ``ca_bundle``: authorities to trust.
    ``origin``: of a client in a browser. ``fhir``: what the service is to fetch from. ``release``: the knowledge
    release that is expected. ``calls``: sample calls of each hook.
    """

    url: str
    signer: Signer | None = None
    ca_bundle: Path | None = None
    origin: str | None = None
    fhir: FhirAccess | None = None
    release: str | None = None
    calls: int = 5


@dataclass(slots=True)
class Examination:
    """What is known of the service so far: each check adds to it. ``now`` is the clock."""

    options: Options
    remote: RemoteService
    now: Callable[[], datetime] = _now
    may_call: bool = False
    knowledge: dict[str, object] = field(default_factory=dict)


#: Each with the check under whose name a failure of the connection is reported.
_CHECKS: tuple[tuple[Check, Callable[[Examination], Iterator[Finding]]], ...] = (
    (Check.READY, check_ready),
    (Check.DISCOVERY, check_discovery),
    (Check.UNSIGNED, check_admission),
    (Check.HOOKS, check_hooks),
    (Check.CORS, check_cors),
    (Check.FHIR, check_fetching),
    (Check.KNOWLEDGE, check_knowledge),
    (Check.METRICS, check_metrics),
)


def examine(options: Options, now: Callable[[], datetime] = _now) -> Iterator[Finding]:
    """Every finding as soon as it is made. Nothing is asked of a service that cannot be reached."""
    may_go_on = True
    for finding in check_connection(options.url, options.ca_bundle, now()):
        yield finding
        may_go_on = may_go_on and (finding.state is not State.FAILED or finding.problem is Problem.NO_TLS)
    if not may_go_on:
        yield skipped(Check.READY, Problem.NOT_ASKED, "this and all that follows")
        return
    remote = RemoteService(options.url, options.signer, options.ca_bundle, lambda: now().timestamp())
    examination = Examination(options, remote, now)
    try:
        for check, run in _CHECKS:
            yield from _reported(check, run, examination)
    finally:
        remote.close()


def _reported(
    check: Check, run: Callable[[Examination], Iterator[Finding]], examination: Examination
) -> Iterator[Finding]:
    """The findings of a check; that the connection broke is one of them."""
    try:
        yield from run(examination)
    except NoCards as error:
        yield failed(check, Problem.ANSWER_FORM, str(error))
    except requests.RequestException as error:
        yield failed(check, Problem.NO_ANSWER, f"the service did not answer ({type(error).__name__})")
