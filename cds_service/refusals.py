"""Why a caller was not let in. The log gets the code; the caller gets none of it."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """What a caller failed at, in the order of the checks."""

    NO_CREDENTIALS = "no_credentials"
    CERTIFICATE_UNKNOWN = "certificate_unknown"
    NOT_A_TOKEN = "not_a_token"  # noqa: S105 - the name of a reason
    UNKNOWN_ISSUER = "unknown_issuer"
    PROOF = "proof"
    TYPE = "type"
    ALGORITHM = "algorithm"
    JKU = "jku"
    KID_MISSING = "kid_missing"
    KID_UNKNOWN = "kid_unknown"
    KEY_DOES_NOT_FIT = "key_does_not_fit"
    SIGNATURE = "signature"
    CLAIMS = "claims"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    ISSUED_IN_FUTURE = "issued_in_future"
    LIFETIME = "lifetime"
    TENANT = "tenant"
    CERTIFICATE = "certificate"
    REPLAYED = "replayed"


#: What to do about each, for the person who runs the client or this service.
REMEDIES = {
    Reason.NO_CREDENTIALS: "Send `Authorization: Bearer` and a JWT, once. A proxy in between may have removed it.",
    Reason.CERTIFICATE_UNKNOWN: (
        "No client has this certificate. Add its SHA-256 fingerprint to `certificate_fingerprints` of the client."
    ),
    Reason.NOT_A_TOKEN: (
        "Send a signed JWT in compact form: header, claims and signature in base64url, at most 8 KiB, with a text as "
        "`kid` and without `crit`."
    ),
    Reason.UNKNOWN_ISSUER: "Make `iss` and `issuer` of the client the same text; a slash at the end counts.",
    Reason.PROOF: "This client is known by its certificate: send no token, or set `proof` to `token` or `both`.",
    Reason.TYPE: "Leave `typ` out or make it `JWT`: another kind of token is not taken for one of CDS Hooks.",
    Reason.ALGORITHM: "Sign with one of the `algorithms` of the client, or add the algorithm there.",
    Reason.JKU: "Make `jku` the `jwks_uri` of the client, or add it to the `jku` list of the client.",
    Reason.KID_MISSING: "Name the key in the header of the token: `kid`.",
    Reason.KID_UNKNOWN: (
        "Publish the key under this `kid`, exactly as the token has it, before tokens are signed with it; keys are "
        "fetched again at most once a minute."
    ),
    Reason.KEY_DOES_NOT_FIT: (
        "The key of this `kid` has another type, curve or `alg` than the algorithm of the token: correct one of them."
    ),
    Reason.SIGNATURE: "Sign with the private key of the public one under this `kid`, and change nothing afterwards.",
    Reason.CLAIMS: "Send `aud` (text or list), `exp` and `iat` (numbers), and `jti` (text of at most 1000 characters).",
    Reason.AUDIENCE: (
        "Make `aud` the URL that is called, as `public_url` gives it, or add the value to `audiences` of the client."
    ),
    Reason.EXPIRED: "Make a new token for each call, and set the clocks by NTP.",
    Reason.NOT_YET_VALID: "`nbf` is later than the clock of this service: set the clocks by NTP.",
    Reason.ISSUED_IN_FUTURE: "`iat` is later than the clock of this service: set the clocks by NTP.",
    Reason.LIFETIME: "Make `exp` later than `iat`, by at most `token_lifetime_seconds`.",
    Reason.TENANT: "Send one of the `tenants` of the client as `tenant`, or add the tenant there.",
    Reason.CERTIFICATE: "This client must show one of its certificates too, through a proxy of `trusted_proxies`.",
    Reason.REPLAYED: "Make a new token with a new `jti` for each call, also when a call is repeated.",
}


class Refused(Exception):
    """Somebody who is not let in. ``client``: the name of the client that it claimed to be, if there is one."""

    def __init__(self, reason: Reason, client: str | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.client = client


class CannotAuthenticate(Exception):
    """Nobody can be let in at the moment, because of this service or of a host it needs. The message is a code."""
