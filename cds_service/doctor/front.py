"""What the service says of itself without being called: readiness, clock, discovery, knowledge, metrics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from cds_service.calling import reason_of
from cds_service.doctor.answer_form import objections
from cds_service.doctor.findings import Check, Finding, Problem, failed, ok, skipped, warning
from cds_service.hooks import SERVICES
from cds_service.setting_types import LOOPBACK

if TYPE_CHECKING:
    from cds_service.doctor.examination import Examination

#: Seconds: what the Date header cannot tell, and what a service tolerates unless its settings say otherwise.
_EXACT, _TOLERATED = 2, 60


def check_ready(examination: Examination) -> Iterator[Finding]:
    """``/ready``, and by its Date header the clock."""
    before = examination.now()
    response = examination.remote.request("GET", "/ready")
    between = before + (examination.now() - before) / 2
    content = _object(response)
    examination.knowledge = _member(content, "knowledge")
    if response.status_code >= 500:
        yield failed(Check.READY, Problem.NOT_READY, f"{response.status_code} {reason_of(response)}")
    elif response.status_code != 200 or content.get("status") != "ready":
        yield skipped(Check.READY, Problem.HIDDEN_READY, f"/ready answers {response.status_code}")
    elif content.get("store") == "unreachable":
        yield warning(Check.READY, Problem.NO_STORE, "ready, but the store cannot be reached")
    else:
        yield ok(Check.READY, f"ready, store {content.get('store')}")
    yield _clock(response.headers.get("Date"), between)


def _clock(date: str | None, here: datetime) -> Finding:
    try:
        there = parsedate_to_datetime(date or "").replace(tzinfo=UTC)
    except ValueError:
        return skipped(Check.CLOCK, Problem.NO_DATE, "no answer has a Date")
    seconds = round((there - here).total_seconds())
    if abs(seconds) <= _EXACT:
        return ok(Check.CLOCK, "the clocks agree")
    said = f"the service's clock is {abs(seconds)} seconds {'ahead of' if seconds > 0 else 'behind'} this one"
    return (failed if abs(seconds) > _TOLERATED else warning)(Check.CLOCK, Problem.CLOCK_SKEW, said)


def check_discovery(examination: Examination) -> Iterator[Finding]:
    """``/cds-services`` in the form of CDS Hooks, with every service."""
    remote = examination.remote
    response = remote.request("GET", "/cds-services")
    closed = response.status_code == 401
    if closed and remote.signs:
        token = remote.token_for("/cds-services")
        response = remote.request("GET", "/cds-services", {"Authorization": f"Bearer {token}"})
    if closed and response.status_code == 401:
        yield skipped(Check.DISCOVERY, Problem.NO_KEY, "discovery needs authentication, and no token was let in")
    elif response.status_code != 200:
        yield failed(Check.DISCOVERY, Problem.NO_DISCOVERY, f"/cds-services answers {response.status_code}")
    elif found := objections(response, "discovery"):
        yield failed(Check.DISCOVERY, Problem.DISCOVERY_FORM, found)
    else:
        yield _listed(response.json()["services"])


def _listed(services: list[dict[str, Any]]) -> Finding:
    missing = SERVICES.keys() - {service["id"] for service in services}
    if missing:
        return failed(Check.DISCOVERY, Problem.HOOK_MISSING, f"not listed: {', '.join(sorted(missing))}")
    return ok(Check.DISCOVERY, f"{len(services)} services: {', '.join(service['hook'] for service in services)}")


def check_knowledge(examination: Examination) -> Iterator[Finding]:
    """Which release is in use, and whether labels have changed since it was read."""
    knowledge, expected = examination.knowledge, examination.options.release
    release = str(knowledge.get("release", ""))
    if not release:
        yield skipped(Check.KNOWLEDGE, Problem.HIDDEN_READY, "the service does not say which release it has")
        return
    said = f"{release}, {knowledge.get('statements')} statements, last curated {knowledge.get('curated', 'unknown')}"
    stale = knowledge.get("stale")
    if expected is not None and release != expected:
        yield failed(Check.KNOWLEDGE, Problem.OTHER_RELEASE, f"{said}; expected is {expected}")
    elif isinstance(stale, int) and stale > 0:
        yield warning(Check.KNOWLEDGE, Problem.STALE, f"{said}; {stale} medicines have a newer label than was read")
    else:
        yield ok(Check.KNOWLEDGE, said)


def check_metrics(examination: Examination) -> Iterator[Finding]:
    """That not everybody can read the metrics."""
    response = examination.remote.request("GET", "/metrics")
    if response.status_code != 200:
        yield ok(Check.METRICS, f"closed to this caller ({response.status_code})")
    elif urlsplit(examination.options.url).hostname in LOOPBACK:
        yield ok(Check.METRICS, "open on this machine")
    else:
        yield warning(Check.METRICS, Problem.METRICS_OPEN, "anybody can read /metrics")


def _object(response: requests.Response) -> dict[str, Any]:
    try:
        content = response.json()
    except requests.JSONDecodeError:
        return {}
    return content if isinstance(content, dict) else {}


def _member(content: dict[str, Any], name: str) -> dict[str, Any]:
    value = content.get(name)
    return value if isinstance(value, dict) else {}
