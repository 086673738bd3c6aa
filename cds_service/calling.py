"""Calling a running service as a CDS client does, each call with a token of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from cds_service.codec import dumps
from cds_service.token_making import Signer

_TIMEOUT_SECONDS = 30
_LONGEST_REASON = 400


class NoCards(Exception):
    """An answer with status 200 that holds no list of cards."""


class RemoteService:
    """A service at the base address ``url``. ``signer``: makes the tokens, if calls are signed.

    ``ca_bundle``: certification authorities to trust in place of the usual ones. ``now``: the clock, in seconds since
    1970. Calls raise ``requests.RequestException``; redirects are not followed, because they would lose the body.
    """

    def __init__(
        self,
        url: str,
        signer: Signer | None = None,
        ca_bundle: Path | None = None,
        now: Callable[[], float] = lambda: datetime.now(UTC).timestamp(),
    ) -> None:
        self.url = url.rstrip("/")
        self._signer = signer
        self._now = now
        self._session = requests.Session()
        # Given with each request: an environment variable goes before what the session says.
        self._verify = True if ca_bundle is None else str(ca_bundle)

    @property
    def signs(self) -> bool:
        """Whether calls are signed."""
        return self._signer is not None

    def token(self, service: str, **claims: Any) -> str:
        """A new token for a call of this service; ``claims`` stand in place of the usual ones."""
        return self.token_for(f"/cds-services/{service}", **claims)

    def token_for(self, path: str, **claims: Any) -> str:
        """A new token for a request of this path."""
        if self._signer is None:
            raise ValueError("there is no key to sign with")
        return self._signer.token(f"{self.url}{path}", self._now(), **claims)

    def call(self, service: str, body: Any) -> requests.Response:
        """A call, signed if there is a signer."""
        return self.post(service, body, self.token(service) if self._signer else None)

    def post(self, service: str, body: Any, token: str | None, **headers: str) -> requests.Response:
        """A call with this token, or without one."""
        headers = {"Content-Type": "application/json"} | headers
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        return self.request("POST", f"/cds-services/{service}", headers, dumps(body))

    def request(
        self, method: str, path: str, headers: dict[str, str] | None = None, data: bytes | None = None
    ) -> requests.Response:
        """Any other request below the base address."""
        return self._session.request(
            method,
            f"{self.url}{path}",
            data=data,
            headers=headers,
            timeout=_TIMEOUT_SECONDS,
            allow_redirects=False,
            verify=self._verify,
        )

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()


def reason_of(response: requests.Response) -> str:
    """What an error answer says of itself: the diagnostics of its ``OperationOutcome``; empty without one."""
    try:
        issue = response.json()["issue"][0]
        text = str(issue["diagnostics"])[:_LONGEST_REASON]
    except (requests.JSONDecodeError, KeyError, TypeError, IndexError):
        return ""
    # It goes to a terminal, and may come from anywhere.
    return "".join(char if char.isprintable() else " " for char in text)


def cards_in(response: requests.Response) -> list[dict[str, Any]]:
    """The cards of a good answer. Raises :class:`NoCards`."""
    try:
        cards = response.json()["cards"]
    except (requests.JSONDecodeError, KeyError, TypeError):
        raise NoCards("the service answered something else than cards") from None
    if not (isinstance(cards, list) and all(isinstance(card, dict) for card in cards)):
        raise NoCards("the service answered something else than cards")
    return cards
