"""The JSON Web Tokens of CDS clients (CDS Hooks 2.0, Trusting CDS Clients). PyJWT reads and verifies; we judge."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cds_service.codec import NotJson, loads
from cds_service.jwks import Key, KeySet
from cds_service.refusals import Reason, Refused

if TYPE_CHECKING:
    from cds_service.settings import Client

_LONGEST_TOKEN = 8 * 1024
_LONGEST_JTI = 1000
#: ``typ`` of a plain JWT, as it is found; absent is as good. Others mark tokens made for another purpose.
_TYPES = frozenset({"jwt", "application/jwt", "jose"})
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What holds for the tokens of every client, in seconds: tolerance between clocks, and the longest life."""

    skew: int = 60
    lifetime: int = 3600


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """A token as it was sent. Nothing in it is to be trusted before :func:`verified_claims`."""

    text: str
    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def read_token(text: str) -> Token:
    """Take a token apart. Raises :class:`Refused`."""
    from jwt import PyJWS, PyJWTError
    from jwt.utils import base64url_decode

    if len(text) > _LONGEST_TOKEN:
        raise Refused(Reason.NOT_A_TOKEN)
    try:
        parts = PyJWS().decode_complete(text, options={"verify_signature": False})
        claims = loads(parts["payload"])
        # PyJWT reads it by the standard library, whose limit of depth differs between versions of Python.
        loads(base64url_decode(text.partition(".")[0]))
    except (PyJWTError, NotJson, ValueError, RecursionError):
        raise Refused(Reason.NOT_A_TOKEN) from None
    if not isinstance(claims, dict):
        raise Refused(Reason.NOT_A_TOKEN)
    return Token(text, parts["header"], claims)


def check_header(header: Mapping[str, Any], client: Client) -> None:
    """Check what the token says about itself against what was agreed. Raises :class:`Refused`."""
    kind = header.get("typ")
    if kind is not None and not (isinstance(kind, str) and kind.lower() in _TYPES):
        raise Refused(Reason.TYPE, client.name)
    # The agreement decides which algorithm is good; the header can only name one of these, letter by letter.
    if header.get("alg") not in client.algorithms:
        raise Refused(Reason.ALGORITHM, client.name)
    if "jku" in header and header["jku"] not in (client.jwks_uri, *client.jku):
        raise Refused(Reason.JKU, client.name)
    if not header.get("kid"):
        raise Refused(Reason.KID_MISSING, client.name)


def key_for(header: Mapping[str, Any], keys: KeySet, client: Client) -> Key:
    """The key of a checked header. Raises :class:`Refused`."""
    named = keys.with_id(header["kid"])
    if not named:
        raise Refused(Reason.KID_UNKNOWN, client.name)
    fitting = next((key for key in named if key.fits(header["alg"])), None)
    if fitting is None:
        raise Refused(Reason.KEY_DOES_NOT_FIT, client.name)
    return fitting


def verified_claims(token: Token, key: Key, client: Client) -> Mapping[str, Any]:
    """The claims, once the signature is found good. Raises :class:`Refused`."""
    from jwt import PyJWS, PyJWTError

    try:
        payload = PyJWS().decode(token.text, key.public, algorithms=[token.header["alg"]])
    except PyJWTError:
        raise Refused(Reason.SIGNATURE, client.name) from None
    claims: Mapping[str, Any] = loads(payload)
    return claims


def check_claims(
    claims: Mapping[str, Any], client: Client, addresses: Collection[str], rules: TokenRules, now: float
) -> None:
    """Check verified claims. ``addresses``: the URLs that were called; ``now``: seconds since 1970.

    Raises :class:`Refused`.
    """
    audiences = _audiences(claims.get("aud"))
    expires, issued, begins = (_seconds(claims.get(name)) for name in ("exp", "iat", "nbf"))
    jti = claims.get("jti")
    if not audiences or expires is None or issued is None or ("nbf" in claims and begins is None):
        raise Refused(Reason.CLAIMS, client.name)
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        raise Refused(Reason.CLAIMS, client.name)
    _check_audiences(audiences, client, addresses)
    if now >= expires + rules.skew:
        raise Refused(Reason.EXPIRED, client.name)
    if begins is not None and begins > now + rules.skew:
        raise Refused(Reason.NOT_YET_VALID, client.name)
    if issued > now + rules.skew:
        raise Refused(Reason.ISSUED_IN_FUTURE, client.name)
    if not 0 < expires - issued <= rules.lifetime:
        raise Refused(Reason.LIFETIME, client.name)
    if client.tenants and claims.get("tenant") not in client.tenants:
        raise Refused(Reason.TENANT, client.name)


def digest_of(claims: Mapping[str, Any]) -> str:
    """What is kept of a token to know it again: a hash of its issuer and ``jti``."""
    return hashlib.sha256(f"{claims['iss']}\n{claims['jti']}".encode("utf-8", "surrogatepass")).hexdigest()


def _check_audiences(audiences: tuple[str, ...], client: Client, addresses: Collection[str]) -> None:
    if set(audiences) & set(client.audiences):
        return
    if {canonical_address(one) for one in audiences} & {canonical_address(one) for one in addresses}:
        return
    raise Refused(Reason.AUDIENCE, client.name)


def canonical_address(url: str) -> str:
    """One spelling of a URL: scheme and host in lower case, no default port, no slash at the end (RFC 3986)."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return url
    if port is not None and port != _DEFAULT_PORTS.get(parts.scheme):
        host = f"{host}:{port}"
    return parts._replace(netloc=host, path=parts.path.rstrip("/")).geturl()


def _audiences(value: object) -> tuple[str, ...]:
    listed: list[Any] = value if isinstance(value, list) else [value]
    return tuple(listed) if all(isinstance(one, str) and one for one in listed) else ()


def _seconds(value: object) -> float | None:
    """A NumericDate (RFC 7519, section 2)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) and abs(value) < 1e11 else None
