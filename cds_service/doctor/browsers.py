"""CORS: whether a page of an origin may call, and no other may."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cds_service.doctor.findings import Check, Finding, Problem, failed, ok, skipped
from cds_service.doctor.sample_calls import sample_request
from cds_service.hooks import PATIENT_VIEW

if TYPE_CHECKING:
    import requests

    from cds_service.doctor.examination import Examination

_PATH = f"/cds-services/{PATIENT_VIEW.id}"
_STRANGER = "https://stranger.invalid"
_NEEDED = ("authorization", "content-type")


def check_cors(examination: Examination) -> Iterator[Finding]:
    """A stranger's preflight, then what a browser asks for a page of the origin."""
    stranger = _allowed(_preflight(examination, _STRANGER))
    if stranger:
        yield failed(Check.CORS, Problem.ANY_ORIGIN, f"{_STRANGER} is answered with {stranger}")
        return
    origin = examination.options.origin
    if origin is None:
        yield skipped(Check.CORS, Problem.NO_ORIGIN, "strange origins get nothing; no origin to check was given")
        return
    yield _for_origin(examination, origin)


def _for_origin(examination: Examination, origin: str) -> Finding:
    preflight = _preflight(examination, origin)
    if _allowed(preflight) != origin:
        return failed(Check.CORS, Problem.ORIGIN_REFUSED, f"the preflight of {origin} is not answered with it")
    headers = preflight.headers.get("Access-Control-Allow-Headers", "").lower()
    methods = preflight.headers.get("Access-Control-Allow-Methods", "")
    if not preflight.ok or "POST" not in methods or not all(name in headers for name in _NEEDED):
        said = f"the preflight allows {methods or 'no method'} with {headers or 'no header'} ({preflight.status_code})"
        return failed(Check.CORS, Problem.PREFLIGHT, said)
    # Without a token, so that the answer may be an error: pages must be able to read those too.
    answer = examination.remote.post(PATIENT_VIEW.id, sample_request(PATIENT_VIEW), None, Origin=origin)
    if _allowed(answer) != origin:
        return failed(Check.CORS, Problem.PREFLIGHT, f"the answer to a POST ({answer.status_code}) names no origin")
    return ok(Check.CORS, f"pages of {origin} may call, others may not")


def _preflight(examination: Examination, origin: str) -> requests.Response:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": ",".join(_NEEDED),
    }
    return examination.remote.request("OPTIONS", _PATH, asked)


def _allowed(response: requests.Response) -> str:
    return response.headers.get("Access-Control-Allow-Origin", "")
