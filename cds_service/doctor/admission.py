"""Who is let in: nobody without a token, the registered client with a good one, and with each of them once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from cds_service.calling import reason_of
from cds_service.doctor.findings import Check, Finding, Problem, failed, ok, skipped, warning
from cds_service.doctor.sample_calls import sample_request
from cds_service.hooks import PATIENT_VIEW
from cds_service.setting_types import LOOPBACK

if TYPE_CHECKING:
    from cds_service.doctor.examination import Examination

_SERVICE = PATIENT_VIEW.id


def check_admission(examination: Examination) -> Iterator[Finding]:
    """Calls without a token, with a good one, with forged ones, and with a used one."""
    response = _post(examination, None)
    if response.status_code == 200:
        examination.may_call = True
        yield _open_to_anybody(examination.options.url)
        for check in (Check.SIGNED, Check.FORGED, Check.REPLAYED):
            yield skipped(check, Problem.NOT_ASKED, "the service asks for no token")
        return
    if response.status_code != 401:
        yield failed(Check.UNSIGNED, Problem.CALL_FAILED, f"{_answer(response)}; 401 is expected")
    else:
        yield ok(Check.UNSIGNED, "a call without a token is refused")
    if not examination.remote.signs:
        for check in (Check.SIGNED, Check.FORGED, Check.REPLAYED):
            yield skipped(check, Problem.NO_KEY, "there is no key to sign with")
        return
    yield from _with_tokens(examination)


def _open_to_anybody(url: str) -> Finding:
    said = "a call without a token is answered"
    if urlsplit(url).hostname in LOOPBACK:
        return warning(Check.UNSIGNED, Problem.DEMO, said)
    return failed(Check.UNSIGNED, Problem.OPEN, said)


def _with_tokens(examination: Examination) -> Iterator[Finding]:
    token = examination.remote.token(_SERVICE)
    response = _post(examination, token)
    if response.status_code == 401:
        yield failed(Check.SIGNED, Problem.NOT_LET_IN, "the signed call is refused")
        for check in (Check.FORGED, Check.REPLAYED):
            yield skipped(check, Problem.NOT_ASKED, "no token is let in")
        return
    # Any other answer comes from behind authentication; what is wrong with it is a matter of the sample calls.
    if response.status_code in (429, 503):
        yield failed(Check.SIGNED, Problem.CALL_FAILED, _answer(response))
    else:
        yield ok(Check.SIGNED, "the signed call is let in")
        examination.may_call = True
    yield _forged(examination)
    again = _post(examination, token)
    if again.status_code == 401:
        yield ok(Check.REPLAYED, "a token is good once")
    else:
        yield failed(Check.REPLAYED, Problem.REPLAY_TAKEN, f"a used token: {_answer(again)}")


def _forged(examination: Examination) -> Finding:
    """Tokens that are good but for one thing each."""
    remote, past = examination.remote, int(examination.now().timestamp()) - 7200
    head, body, signature = remote.token(_SERVICE).split(".")
    forgeries = {
        "with another signature": f"{head}.{body}.{signature[::-1]}",
        "that has expired": remote.token(_SERVICE, iat=past, exp=past + 300),
        "for another address": remote.token(_SERVICE, aud="https://elsewhere.invalid/cds-services"),
        "of another issuer": remote.token(_SERVICE, iss="https://elsewhere.invalid"),
    }
    for what, token in forgeries.items():
        response = _post(examination, token)
        if response.status_code != 401:
            return failed(Check.FORGED, Problem.FORGERY_TAKEN, f"a token {what}: {_answer(response)}")
    return ok(Check.FORGED, f"refused are tokens {', '.join(forgeries)}")


def _post(examination: Examination, token: str | None) -> requests.Response:
    return examination.remote.post(_SERVICE, sample_request(PATIENT_VIEW), token)


def _answer(response: requests.Response) -> str:
    reason = reason_of(response)
    return f"the service answers {response.status_code}" + (f" ({reason})" if reason else "")
