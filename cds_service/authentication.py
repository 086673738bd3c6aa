"""Which client a request comes from, by its token, by its certificate, or by both (CDS Hooks 2.0, Security)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cds_service.certificates import Certificate
from cds_service.identity import Caller, caller_of
from cds_service.key_sources import ClientKeys, Fetch, KeysUnavailable
from cds_service.refusals import CannotAuthenticate, Reason, Refused
from cds_service.settings import Client, Settings
from cds_service.store import StoreError
from cds_service.tokens import (
    Token,
    TokenRules,
    check_claims,
    check_header,
    digest_of,
    key_for,
    read_token,
    verified_claims,
)

_FEEDBACK = "/feedback"

#: Whether a token, by its digest, is used for the first time; it is remembered until the second time.
FirstUse = Callable[[str, datetime, datetime], bool]


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """What a request shows. ``addresses``: the URLs that the audience of its token may name."""

    authorization: str | None
    certificate: Certificate | None
    addresses: tuple[str, ...]


class Authenticator:
    """Knows the configured clients. ``now`` is the clock, in UTC."""

    def __init__(
        self,
        settings: Settings,
        first_use: FirstUse,
        *,
        fetch: Fetch | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._first_use = first_use
        self._now = now
        self._rules = TokenRules(settings.clock_skew_seconds, settings.token_lifetime_seconds)
        self._by_issuer = {client.issuer: client for client in settings.client if client.issuer}
        self._keys = {client.name: ClientKeys(client, fetch) for client in settings.client if client.issuer}

    def authenticate(self, credentials: Credentials) -> Caller:
        """The client of a request. Raises :class:`Refused` or :class:`CannotAuthenticate`."""
        token = _bearer(credentials.authorization)
        if token is None:
            return caller_of(self._by_certificate(credentials.certificate), self._settings)
        client, claims = self.check_token(token, credentials.addresses)
        if client.proof == "both" and not _has(client, credentials.certificate):
            raise Refused(Reason.CERTIFICATE, client.name)
        # Last, so that nobody but the client itself can use up its tokens.
        self._use(client, claims)
        return caller_of(client, self._settings)

    def check_token(self, text: str, addresses: tuple[str, ...]) -> tuple[Client, Mapping[str, Any]]:
        """The client and the claims of a token that is good, used before or not.

        Raises :class:`Refused` or :class:`CannotAuthenticate`.
        """
        token = read_token(text)
        client = self._issuer_of(token)
        check_header(token.header, client)
        try:
            keys = self._keys[client.name].source(token.header.get("jku")).keys(token.header["kid"])
        except KeysUnavailable:
            raise CannotAuthenticate("keys_unavailable") from None
        claims = verified_claims(token, key_for(token.header, keys, client), client)
        check_claims(claims, client, addresses, self._rules, self._now().timestamp())
        return client, claims

    def _issuer_of(self, token: Token) -> Client:
        issuer = token.claims.get("iss")
        client = self._by_issuer.get(issuer) if isinstance(issuer, str) else None
        if client is None:
            raise Refused(Reason.UNKNOWN_ISSUER)
        if client.proof == "certificate":
            raise Refused(Reason.PROOF, client.name)
        return client

    def _by_certificate(self, certificate: Certificate | None) -> Client:
        if certificate is None:
            raise Refused(Reason.NO_CREDENTIALS)
        for client in self._settings.client:
            if _has(client, certificate):
                if client.proof != "certificate":
                    raise Refused(Reason.NO_CREDENTIALS, client.name)
                return client
        raise Refused(Reason.CERTIFICATE_UNKNOWN)

    def _use(self, client: Client, claims: Mapping[str, Any]) -> None:
        until = datetime.fromtimestamp(claims["exp"] + self._rules.skew, UTC)
        try:
            is_first = self._first_use(digest_of(claims), until, self._now())
        except StoreError:
            # A token that may have been used before is not good, so without the store nobody is let in.
            raise CannotAuthenticate("store_unavailable") from None
        if not is_first:
            raise Refused(Reason.REPLAYED, client.name)


def _bearer(header: str | None) -> str | None:
    """The token of an ``Authorization`` header; ``None`` without such a header. Raises :class:`Refused`."""
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused(Reason.NO_CREDENTIALS)
    return token.strip()


def _has(client: Client, certificate: Certificate | None) -> bool:
    if certificate is None:
        return False
    return (
        certificate.fingerprint in client.certificate_fingerprints or certificate.subject in client.certificate_subjects
    )


def addresses_of(public_url: str | None, path: str) -> tuple[str, ...]:
    """The URLs that the audience of a token may name: that of the path, and of feedback also the service's.

    They come from the settings. What the request says of its host is the caller's word, or a proxy's.
    """
    if public_url is None:
        return ()
    path = path.rstrip("/")
    paths = (path, path.removesuffix(_FEEDBACK)) if path.endswith(_FEEDBACK) else (path,)
    return tuple(f"{public_url}{one}" for one in paths)
