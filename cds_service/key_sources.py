"""Where the keys of a client come from: the settings, or an address that the settings allow, fetched and kept."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from cds_service.codec import NotJson, loads
from cds_service.jwks import BadKeys, KeySet, read_keys, read_published_keys
from cds_service.logs import log_event, plain

if TYPE_CHECKING:
    from requests import Response
    from requests.models import PreparedRequest

    from cds_service.settings import Client


#: Seconds. Keys are asked for again after an hour, and trusted for a day if their host does not answer.
FRESH_SECONDS = 3600
TRUSTED_SECONDS = 24 * 3600
#: Between two attempts, whatever tokens ask for: who sends unknown key ids cannot make this service flood a host.
PAUSE_SECONDS = 60
_CONNECT_SECONDS = 2
_READ_SECONDS = 2
_WHOLE_SECONDS = 4
_MOST_BYTES = 256 * 1024

Fetch = Callable[[str], bytes]


class CannotFetch(Exception):
    """Keys that could not be fetched; the message names a status or a kind of error."""


class KeysUnavailable(Exception):
    """No keys are known, because their host has not answered yet or not for too long."""


class KeySource(Protocol):
    """Gives the keys of a client."""

    def keys(self, kid: str) -> KeySet:
        """A set which holds the key of this id if there is one. Raises :class:`KeysUnavailable`."""
        ...


class FixedKeys:
    """Keys that were agreed beforehand."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    def keys(self, kid: str) -> KeySet:
        """The agreed keys."""
        return self._keys


class FetchedKeys:
    """Keys from one address. Each process keeps its own."""

    def __init__(self, url: str, fetch: Fetch, clock: Callable[[], float] = monotonic) -> None:
        self._url = url
        self._fetch = fetch
        self._clock = clock
        self._known: KeySet | None = None
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = threading.Lock()

    def keys(self, kid: str) -> KeySet:
        """The keys, asked for again if they are old or if the id is unknown. Raises :class:`KeysUnavailable`."""
        if self._age() >= FRESH_SECONDS:
            # Old keys go on serving the other requests while one request fetches new ones.
            self._refresh(wait=self._known is None)
        if self._known is None or not self._known.with_id(kid):
            self._refresh(wait=True)
        if self._known is None or self._age() >= TRUSTED_SECONDS:
            raise KeysUnavailable
        return self._known

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _refresh(self, wait: bool) -> None:
        before = self._tried_at
        if not self._lock.acquire(blocking=wait):
            return
        try:
            # Who waited finds that another request has just tried, and does not try again.
            if self._tried_at == before and self._clock() - before >= PAUSE_SECONDS:
                self._tried_at = self._clock()
                self._load()
        finally:
            self._lock.release()

    def _load(self) -> None:
        try:
            self._known = read_published_keys(loads(self._fetch(self._url)))
        except (CannotFetch, NotJson, BadKeys) as error:
            log_event("keys", logging.WARNING, reason=plain(str(error)))
        else:
            self._fetched_at = self._clock()


class ClientKeys:
    """The keys of one client: those of its settings, or one set for each address that it may publish them at."""

    def __init__(self, client: Client, fetch: Fetch | None = None, clock: Callable[[], float] = monotonic) -> None:
        self._default = client.jwks_uri
        self._fixed = None if client.jwks is None else FixedKeys(read_keys(client.jwks))
        self._fetched: Mapping[str | None, FetchedKeys] = {
            url: FetchedKeys(url, fetch or fetch_keys, clock) for url in (client.jwks_uri, *client.jku) if url
        }

    def source(self, jku: str | None) -> KeySource:
        """The source for a token with this ``jku``, which was found to be allowed before."""
        return self._fixed or self._fetched[jku or self._default]


def fetch_keys(url: str) -> bytes:
    """The body at an address: without redirects, within a few seconds and 256 KiB. Raises :class:`CannotFetch`."""
    import requests  # slow to import, and needed only by clients that publish their keys

    headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
    timeout = (_CONNECT_SECONDS, _READ_SECONDS)
    try:
        with requests.get(
            url, headers=headers, timeout=timeout, allow_redirects=False, stream=True, auth=_without_credentials
        ) as response:
            if response.status_code != 200:
                raise CannotFetch(f"status {response.status_code}")
            return _bounded(response)
    except requests.RequestException as error:
        raise CannotFetch(type(error).__name__) from None


def _without_credentials(request: PreparedRequest) -> PreparedRequest:
    """Keeps requests from sending what a ``.netrc`` file says."""
    return request


def _bounded(response: Response) -> bytes:
    ends_at = monotonic() + _WHOLE_SECONDS
    body = b""
    for chunk in response.iter_content(8192):
        body += chunk
        if len(body) > _MOST_BYTES:
            raise CannotFetch(f"more than {_MOST_BYTES} bytes")
        if monotonic() > ends_at:
            raise CannotFetch(f"longer than {_WHOLE_SECONDS} seconds")
    return body
