"""Which FHIR server a request may be completed from, and with which token (CDS Hooks 2.0, FHIR Resource Access).

A request names its own server, so the name is not trusted: it must be one that the client's settings list. Addresses
are compared part by part, and whatever is fetched is addressed with the origin of the listed server, so that no
disagreement between readers of URLs can send a token elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

#: What may stand in an address. No backslash, blank or control character: readers of URLs disagree on these.
_ADDRESS = re.compile(r"https?://[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%|]+", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
#: RFC 6750, section 2.1; nothing in it can begin another header.
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]{1,16384}=*")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class NoAccess(Exception):
    """Nothing may be fetched; the message says why and repeats nothing of the request."""


@dataclass(frozen=True, slots=True)
class Address:
    """A URL in its parts; ``origin`` is scheme, host and port in one normal form."""

    origin: str
    host: str
    path: str
    query: str

    @property
    def is_secure(self) -> bool:
        """Whether it is reached over TLS."""
        return self.origin.startswith("https:")


def address_of(url: object) -> Address | None:
    """The parts of an absolute http or https URL; ``None`` for anything else, and for one that holds a user name."""
    if not isinstance(url, str) or not _ADDRESS.fullmatch(url):
        return None
    try:
        parts = urlsplit(url)
        origin = _origin(parts)
    except ValueError:
        return None
    if origin is None or parts.username is not None or parts.password is not None:
        return None
    return Address(origin, (parts.hostname or "").lower(), parts.path, parts.query)


def _origin(parts: SplitResult) -> str | None:
    host = (parts.hostname or "").lower()
    if not host:
        return None
    shown = f"[{host}]" if ":" in host else host
    port = parts.port
    return f"{parts.scheme}://{shown}" + ("" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}")


def base_of(url: object) -> str | None:
    """The base address of a FHIR server without the last slash; ``None`` if it has a query, a fragment or dot parts."""
    address = address_of(url)
    if address is None or address.query or "#" in str(url) or "?" in str(url):
        return None
    if any(part in (".", "..") for part in address.path.split("/")):
        return None
    return address.origin + address.path.rstrip("/")


def is_addressable(host: str) -> bool:
    """Whether a host may be a FHIR server: not an address that means this link, everybody or nobody."""
    try:
        address = ip_address(host)
    except ValueError:
        return True  # a name
    return not (address.is_link_local or address.is_multicast or address.is_unspecified)


@dataclass(frozen=True, slots=True)
class FhirAccess:
    """A FHIR server that may be asked, and the token for it. The token is never shown."""

    base: str
    origin: str
    token: str | None = field(repr=False)

    def on_this_server(self, url: object) -> str | None:
        """The address of a further page, absolute or relative to the base; ``None`` if it leaves the origin."""
        if isinstance(url, str) and url and not _SCHEME.match(url):
            url = _joined(self.base, url)
        address = address_of(url)
        if address is None or address.origin != self.origin:
            return None
        return self.origin + address.path + (f"?{address.query}" if address.query else "")


def _joined(base: str, relative: str) -> str | None:
    """A page named relative to the base; ``//host`` names another server and stays what it is."""
    if relative.startswith("//") or "\\" in relative:
        return None
    if relative.startswith("/"):
        parts = urlsplit(base)
        return f"{parts.scheme}://{parts.netloc}{relative}"
    return f"{base}{relative}" if relative.startswith("?") else f"{base}/{relative}"


def access_for(request: Mapping[str, Any], is_allowed: Callable[[str], bool], open_servers: bool = False) -> FhirAccess:
    """The access that a request gives.

    ``is_allowed`` judges a base address; ``open_servers`` allows to ask without a token if there is none.
    Raises :class:`NoAccess`.
    """
    base = base_of(request.get("fhirServer"))
    address = address_of(base)
    if base is None or address is None or not is_allowed(base):
        raise NoAccess("the fhirServer is not one that this client may name")
    authorization = request.get("fhirAuthorization")
    if authorization is None:
        if not open_servers:
            raise NoAccess("there is no fhirAuthorization")
        return FhirAccess(base, address.origin, None)
    return FhirAccess(base, address.origin, _token(authorization))


def _token(authorization: object) -> str:
    """The bearer token of a ``fhirAuthorization``. Its scopes are hints; what the server answers decides."""
    given = authorization if isinstance(authorization, Mapping) else {}
    token = given.get("access_token")
    kind = given.get("token_type", "Bearer")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token) or str(kind).lower() != "bearer":
        raise NoAccess("the fhirAuthorization holds no bearer token that can be used")
    if _has_expired(given.get("expires_in")):
        raise NoAccess("the access token has expired")
    return token


def _has_expired(expires_in: object) -> bool:
    """Whether a life time is used up. One that cannot be read says nothing: the server will tell."""
    try:
        return not isinstance(expires_in, bool) and float(str(expires_in)) <= 0
    except ValueError:
        return False
