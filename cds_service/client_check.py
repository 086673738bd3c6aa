"""Whether a token of a client would be let in, and if not, which check fails and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cds_service.authentication import Authenticator
from cds_service.refusals import REMEDIES, CannotAuthenticate, Reason, Refused
from cds_service.settings import Client, Settings
from cds_service.tokens import Token, read_token


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a token.

    ``outcome``: ``accepted``, ``refused`` or ``not_checked``. Of a refused one the ``reason``, the members of the token
    that it is about, and what would be accepted. ``said``: of another the sentence that says so.
    """

    outcome: str
    said: str = ""
    reason: Reason | None = None
    shown: tuple[str, ...] = ()
    accepted: tuple[Any, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether it would be let in."""
        return self.outcome == "accepted"

    def to_text(self) -> str:
        """The verdict for people."""
        if self.reason is None:
            return self.said
        lines = [f"refused: {self.reason.value}", *(f"  the token has  {line}" for line in self.shown)]
        if self.accepted:
            lines.append(f"  accepted       {', '.join(map(str, self.accepted))}")
        return "\n".join([*lines, f"  remedy         {REMEDIES[self.reason]}"])

    def to_json(self) -> dict[str, Any]:
        """The verdict as JSON; members without a value are left out."""
        values = {
            "outcome": self.outcome,
            "said": self.said,
            "reason": self.reason and self.reason.value,
            "token_has": list(self.shown),
            "accepted": list(self.accepted),
            "remedy": self.reason and REMEDIES[self.reason],
        }
        return {name: value for name, value in values.items() if value}


def check_token(settings: Settings, client: Client, text: str, addresses: tuple[str, ...]) -> Verdict:
    """Check a token of a client, whether it was used before or not, as the service at these addresses would."""
    alone = settings.model_copy(update={"client": (client,)})
    try:
        Authenticator(alone, lambda digest, until, now: True).check_token(text, addresses)
    except Refused as refused:
        return _refusal(refused.reason, client, text, addresses)
    except CannotAuthenticate:
        return Verdict("not_checked", f"not checked: the keys at {client.jwks_uri} cannot be fetched")
    good = f"accepted: a token of {client.name} for {', '.join(addresses) or 'its audience'}"
    return Verdict("accepted", f"{good}; a certificate is needed too" if client.proof == "both" else good)


def _refusal(reason: Reason, client: Client, text: str, addresses: tuple[str, ...]) -> Verdict:
    shown = () if reason is Reason.NOT_A_TOKEN else _shown(reason, read_token(text))
    return Verdict("refused", reason=reason, shown=shown, accepted=_accepted(reason, client, addresses))


#: Which members of the header and of the claims a reason is about.
_ABOUT = {
    Reason.UNKNOWN_ISSUER: ("iss",),
    Reason.TYPE: ("typ",),
    Reason.ALGORITHM: ("alg",),
    Reason.JKU: ("jku",),
    Reason.KID_UNKNOWN: ("kid",),
    Reason.KEY_DOES_NOT_FIT: ("kid", "alg"),
    Reason.SIGNATURE: ("kid", "alg"),
    Reason.CLAIMS: ("aud", "exp", "iat", "nbf", "jti"),
    Reason.AUDIENCE: ("aud",),
    Reason.EXPIRED: ("exp",),
    Reason.NOT_YET_VALID: ("nbf",),
    Reason.ISSUED_IN_FUTURE: ("iat",),
    Reason.LIFETIME: ("iat", "exp"),
    Reason.TENANT: ("tenant",),
}


def _shown(reason: Reason, token: Token) -> tuple[str, ...]:
    members = {**token.claims, **token.header}
    return tuple(f"{name}: {members.get(name, 'none')!r}" for name in _ABOUT.get(reason, ()))


def _accepted(reason: Reason, client: Client, addresses: tuple[str, ...]) -> tuple[Any, ...]:
    now = int(datetime.now(UTC).timestamp())
    accepted: dict[Reason, tuple[Any, ...]] = {
        Reason.UNKNOWN_ISSUER: (client.issuer,),
        Reason.ALGORITHM: client.algorithms,
        Reason.JKU: tuple(url for url in (client.jwks_uri, *client.jku) if url),
        Reason.AUDIENCE: (*addresses, *client.audiences),
        Reason.TENANT: client.tenants,
        Reason.EXPIRED: (f"later than {now}",),
        Reason.NOT_YET_VALID: (f"not later than {now}",),
        Reason.ISSUED_IN_FUTURE: (f"not later than {now}",),
    }
    return accepted.get(reason, ())
