"""The only place that opens connections to FHIR servers: one GET within a budget of time and bytes.

It is a ``Transport``, in whose place tests bring their own. Loading it takes a while: it is imported at its first use.
"""

from __future__ import annotations

import ssl
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ProtocolError

from cds_service.fhir_budget import TIME_LIMIT, Budget, FetchFailure, Reply

_CHUNK = 65536


_AT_WORK: ContextVar[Budget | None] = ContextVar("budget", default=None)


class _Connection(HTTPConnection):
    """A connection that the budget of its fetch can break."""

    thread: int = 0

    def request(self, *args: Any, **kwargs: Any) -> None:
        self.thread = threading.get_ident()
        if budget := _AT_WORK.get():
            budget.watch(self)
        super().request(*args, **kwargs)


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    """Pools of watched connections, and one TLS context that is loaded once, not for each connection."""

    def __init__(self, context: ssl.SSLContext | None, connections: int) -> None:
        self._context = context
        super().__init__(pool_connections=connections, pool_maxsize=connections, max_retries=0)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        if self._context is not None:
            pool_kwargs["ssl_context"] = self._context
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def close(self) -> None:
        """Close idle connections now; the pools themselves would do it when they are collected."""
        for key in list(self.poolmanager.pools.keys()):
            self.poolmanager.pools[key].close()
        super().close()

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing: the context verifies certificates and host names, and holds the authorities."""


class _Session(requests.Session):
    """A session that sends no cookies, follows no redirects, uses no proxy and no ``.netrc``."""

    def __init__(self, context: ssl.SSLContext | None, connections: int) -> None:
        super().__init__()
        self.trust_env = False  # a .netrc file would replace the token
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.adapters.clear()
        self.mount("https://" if context else "http://", _Adapter(context, connections))

    def get_redirect_target(self, resp: Any) -> None:
        """No redirect is followed or looked at; looking at one would read its body without limit."""
        return


class HttpTransport:
    """GETs over pools of connections, which are made when they are needed: loading authorities takes a while."""

    def __init__(self, authorities: Path | None = None, connections: int = 16) -> None:
        """``authorities``: certification authorities to trust in place of the public ones, a PEM file."""
        self._authorities = authorities
        self._connections = connections
        self._sessions: dict[str, _Session] = {}
        self._lock = threading.Lock()

    def prepare(self, scheme: str) -> _Session:
        """The session for ``http`` or ``https``."""
        with self._lock:
            if scheme not in self._sessions:
                secure = scheme == "https"
                file = self._authorities or requests.utils.DEFAULT_CA_BUNDLE_PATH
                context = ssl.create_default_context(cafile=file) if secure else None
                self._sessions[scheme] = _Session(context, self._connections)
            return self._sessions[scheme]

    def __call__(self, url: str, headers: Mapping[str, str], budget: Budget) -> Reply:
        """One GET within the budget."""
        left = budget.remaining()
        session = self.prepare(url.partition(":")[0])
        prepared = session.prepare_request(requests.Request("GET", url, headers={**headers, "Accept-Encoding": "gzip"}))
        token = _AT_WORK.set(budget)
        try:
            with session.send(prepared, stream=True, allow_redirects=False, timeout=(left / 2, left)) as response:
                return Reply(response.status_code, response.headers.get("Content-Type", ""), _body(response, budget))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, zlib.error) as error:
            failure = _failure(error, budget)
        finally:
            budget.release()
            _AT_WORK.reset(token)
        # Raised here, where the error is forgotten: its text names the patient, and its frames hold the token.
        raise failure

    def close(self) -> None:
        """Close idle connections."""
        for session in self._sessions.values():
            session.close()


def _failure(error: Exception, budget: Budget) -> FetchFailure:
    if not budget.left() or isinstance(error, requests.Timeout | urllib3.exceptions.TimeoutError):
        return FetchFailure(TIME_LIMIT)
    if isinstance(error, zlib.error):
        return FetchFailure("not readable")
    cause = error.args[0] if error.args else None
    if isinstance(error, ProtocolError | ConnectionError) or isinstance(cause, ProtocolError | ConnectionError):
        return FetchFailure("connection lost", may_pass=True)
    return FetchFailure("no connection")


def _body(response: requests.Response, budget: Budget) -> bytes:
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > budget.size:
        raise FetchFailure("too large")
    received = response.raw.stream(_CHUNK, decode_content=False)
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "gzip":
        received = _unpacked(received)
    elif encoding not in ("identity", ""):
        raise FetchFailure("not readable")
    pieces = []
    for piece in received:
        budget.spend(len(piece))
        budget.remaining()
        pieces.append(piece)
    return b"".join(pieces)


def _unpacked(received: Iterator[bytes]) -> Iterator[bytes]:
    """Decompressed in small pieces, so that a small answer cannot become a huge one before it is counted."""
    unpacker = zlib.decompressobj(wbits=31)
    for chunk in received:
        while chunk and not unpacker.eof:
            yield unpacker.decompress(chunk, _CHUNK)
            chunk = unpacker.unconsumed_tail
    while not unpacker.eof and (held_back := unpacker.decompress(b"", _CHUNK)):
        yield held_back
    if not unpacker.eof:
        raise zlib.error
