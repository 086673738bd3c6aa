"""A CDS client for tests: its keys, its tokens, and tokens that a forger would make."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt import PyJWS
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from cds_service.settings import Client, Settings

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
PUBLIC_URL = "https://cds.example/oncohooks"
PATH = "/cds-services/oncology-patient-view"
ISSUER = "https://ehr.example/"
JWKS_URI = "https://ehr.example/keys"
JKU = "https://ehr.example/api/keys/other"
#: Like those of Epic: base64 with every character that a URL would encode.
KID = "kA+b/9xQ=="
RSA_KID = "rsa+/="


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP384R1())


@cache
def other_ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP384R1())


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def public_jwk(key: Any, kid: str, **members: Any) -> dict[str, Any]:
    maker = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    jwk: dict[str, Any] = maker.to_jwk(key.public_key(), as_dict=True)
    jwk.pop("key_ops", None)
    return jwk | {"kid": kid} | members


@cache
def _key_set() -> str:
    return json.dumps({"keys": [public_jwk(ec_key(), KID), public_jwk(rsa_key(), RSA_KID)]})


def key_set() -> dict[str, Any]:
    keys: dict[str, Any] = json.loads(_key_set())
    return keys


def settings_of(**members: Any) -> Settings:
    """Settings outside demo mode, with one client."""
    client = Client(name="test EHR", issuer=ISSUER, jwks=key_set())
    return Settings(**{"client": (client,), "public_url": PUBLIC_URL} | members)


def public_pem(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    pem: bytes = key.public_key().public_bytes(serialization.Encoding.PEM, form)
    return pem


def claims(without: str | None = None, **members: Any) -> dict[str, Any]:
    """What a good token says; ``without`` a claim, or with others."""
    good: dict[str, Any] = {
        "iss": ISSUER,
        "aud": f"{PUBLIC_URL}{PATH}",
        "iat": SECONDS,
        "exp": SECONDS + 300,
        "jti": str(uuid.uuid4()),
        "tenant": "north",
    }
    good |= members
    if without is not None:
        del good[without]
    return good


def signed(payload: dict[str, Any] | bytes | None = None, header: dict[str, Any] | None = None, key: Any = None) -> str:
    """A token with a true signature of the key, by default the client's own; ``header`` over the usual one."""
    parts = {"alg": "ES384", "kid": KID, "typ": "JWT"} | (header or {})
    parts = {name: value for name, value in parts.items() if value is not ...}
    key = key or (rsa_key() if parts["alg"][0] in "RP" else ec_key())
    content = payload if isinstance(payload, bytes) else json.dumps(claims() if payload is None else payload).encode()
    head, body = _encoded(json.dumps(parts).encode()), _encoded(content)
    algorithm = PyJWS().get_algorithm_by_name(parts["alg"])
    return f"{head}.{body}.{_encoded(algorithm.sign(f'{head}.{body}'.encode(), key))}"


def forged(header: dict[str, Any], payload: dict[str, Any] | None = None, signature: bytes = b"") -> str:
    """A token with any header and any signature."""
    content = json.dumps(claims() if payload is None else payload).encode()
    return f"{_encoded(json.dumps(header).encode())}.{_encoded(content)}.{_encoded(signature)}"


def with_raw_header(header: bytes) -> str:
    """A token whose header may be anything."""
    return ".".join([_encoded(header), *forged({}).split(".")[1:]])


def with_hmac(algorithm: str, secret: bytes) -> str:
    """A token that is signed with a public key as if it were a secret."""
    head, body, _ = forged({"alg": algorithm, "kid": KID, "typ": "JWT"}).split(".")
    digest = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}[algorithm]
    return f"{head}.{body}.{_encoded(hmac.new(secret, f'{head}.{body}'.encode(), digest).digest())}"


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
