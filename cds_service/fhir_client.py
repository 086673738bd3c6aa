"""Reading from one FHIR server: resources and search results, and every way in which a server can fail to give them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from cds_service.codec import NotJson, loads
from cds_service.fhir_budget import Budget, FetchFailure, Reply, Transport
from cds_service.fhir_servers import FhirAccess
from fhir_mappings.collection import local_reference
from fhir_mappings.elements import objects

_ATTEMPTS = 3
_PAUSE_SECONDS = 0.02
_MAY_PASS = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE})
#: FHIR nests about a dozen levels; more than this is not FHIR, and would be a burden to whoever walks it.
_MAX_DEPTH = 64
#: FHIR ids, and the longer ones with underscores that some servers have.
_ID = re.compile(r"(?!\.+$)[A-Za-z0-9\-._]{1,256}")
_ISSUE_CODE = re.compile(r"[a-z-]{1,30}")


def id_in(reference: object, resource_type: str) -> str | None:
    """The id in a local or absolute reference to a resource of this type, or in an id alone."""
    if not isinstance(reference, str):
        return None
    identifier = local_reference(reference).removeprefix(f"{resource_type}/")
    return identifier if _ID.fullmatch(identifier) else None


def query_of(template: str, patient: str) -> str:
    """A prefetch template filled in, with what is no plain character of a query percent-encoded."""
    path, mark, query = template.replace("{{context.patientId}}", patient).partition("?")
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return path + mark + "&".join(f"{name}={quote(value, safe='/:,')}" for name, _, value in pairs)


@dataclass(frozen=True, slots=True)
class FhirClient:
    """Reads from the server of ``access``, within the budget."""

    access: FhirAccess
    transport: Transport
    budget: Budget

    def get(self, url: str) -> dict[str, Any]:
        """One resource. Raises :class:`FetchFailure`, also if an ``OperationOutcome`` came instead.

        A GET changes nothing, so it is repeated where that may help.
        """
        for attempt in range(_ATTEMPTS):
            try:
                return self._once(url)
            except FetchFailure as failure:
                if not failure.may_pass or attempt + 1 == _ATTEMPTS:
                    raise
            self.budget.pause(_PAUSE_SECONDS * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def _once(self, url: str) -> dict[str, Any]:
        headers = {"Accept": "application/fhir+json", "User-Agent": "oncohooks"}
        if self.access.token is not None:
            headers["Authorization"] = f"Bearer {self.access.token}"
        reply = self.transport(url, headers, self.budget)
        if reply.status != HTTPStatus.OK:
            raise _refusal(reply)
        return _resource(reply)


def _refusal(reply: Reply) -> FetchFailure:
    if HTTPStatus.MULTIPLE_CHOICES <= reply.status < HTTPStatus.BAD_REQUEST:
        return FetchFailure("redirect")
    try:
        code = _issue_code(_resource(reply, error=True))
    except FetchFailure:
        code = ""
    return FetchFailure(f"status {reply.status}{code}", may_pass=reply.status in _MAY_PASS)


def _issue_code(outcome: dict[str, Any]) -> str:
    """The code of the first issue, which is of a fixed list; its texts may say anything and are not repeated."""
    issues = objects(outcome.get("issue")) if outcome.get("resourceType") == "OperationOutcome" else []
    code = next((issue.get("code") for issue in issues), None)
    return f" ({code})" if isinstance(code, str) and _ISSUE_CODE.fullmatch(code) else ""


def _resource(reply: Reply, error: bool = False) -> dict[str, Any]:
    content_type = reply.content_type.partition(";")[0].strip().lower()
    if content_type != "application/json" and not content_type.endswith("+json"):
        raise FetchFailure("no JSON")
    try:
        content = loads(reply.body)
    except NotJson:
        raise FetchFailure("no JSON") from None
    if _is_too_deep(content):
        raise FetchFailure("no FHIR")
    if not isinstance(content, dict) or not isinstance(content.get("resourceType"), str):
        raise FetchFailure("no FHIR")
    if content["resourceType"] == "OperationOutcome" and not error:
        raise FetchFailure(f"OperationOutcome{_issue_code(content)}")
    return content


def _is_too_deep(content: object) -> bool:
    level = [content]
    for _ in range(_MAX_DEPTH):
        containers = [value for value in level if isinstance(value, dict | list)]
        if not containers:
            return False
        level = [inner for value in containers for inner in (value.values() if isinstance(value, dict) else value)]
    return True
