"""Keys and tokens for tests of a client's registration. The service itself makes no token."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cds_service.settings import Client

_LIFETIME = 300
_RSA_BITS = 3072


class BadPrivateKey(ValueError):
    """A file that holds no private key this program can sign with; the message says what is wrong, without the key."""


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey:
    """A private key in the form of the cryptography package, the algorithms it can sign with, and its id."""

    private: Any
    algorithms: tuple[str, ...]
    kid: str | None


def make_key(path: Path, algorithm: str) -> dict[str, Any]:
    """Make a key pair: the private key to a new file, readable by its owner only. Returns the public key set.

    Raises ``OSError``; a file that exists is not overwritten.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from jwt.algorithms import ECAlgorithm, RSAAlgorithm

    curves: dict[str, ec.EllipticCurve] = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
    described = {"kid": uuid.uuid4().hex, "alg": algorithm, "use": "sig"}
    if algorithm in curves:
        pair = ec.generate_private_key(curves[algorithm])
        private, public = ECAlgorithm.to_jwk(pair, True), ECAlgorithm.to_jwk(pair.public_key(), True)
    else:
        rsa_pair = rsa.generate_private_key(65537, _RSA_BITS)
        private, public = RSAAlgorithm.to_jwk(rsa_pair, True), RSAAlgorithm.to_jwk(rsa_pair.public_key(), True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        json.dump(described | _without_operations(private), stream, indent=2)
        stream.write("\n")
    return {"keys": [described | _without_operations(public)]}


def read_private_key(path: Path) -> PrivateKey:
    """A private key as JWK or PEM. Raises :class:`BadPrivateKey`."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    try:
        private, kid, named = _parsed(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadPrivateKey(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError):
        raise BadPrivateKey(f"{path} holds no private key as JWK or unencrypted PEM") from None
    able: tuple[str, ...]
    if isinstance(private, RSAPrivateKey):
        able = ("RS384", "RS256", "RS512", "PS384", "PS256", "PS512")
    elif isinstance(private, EllipticCurvePrivateKey) and private.curve.key_size in (256, 384, 521):
        able = ("ES512" if private.curve.key_size == 521 else f"ES{private.curve.key_size}",)
    else:
        raise BadPrivateKey(f"{path} holds no private key, RSA or EC on P-256, P-384 or P-521")
    return PrivateKey(private, (named,) if named is not None and named in able else able, kid)


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """Makes tokens as a client should send them.

    ``issuer``: their ``iss``. ``audience``: their ``aud`` where it is not the URL that is called. ``accepted``: the
    algorithms that the service takes, if that is known.
    """

    key: PrivateKey
    kid: str
    issuer: str
    audience: str | None = None
    tenant: str | None = None
    accepted: tuple[str, ...] = ()

    def token(self, address: str, now: float, **claims: Any) -> str:
        """A token for one call of ``address``, good for five minutes from ``now`` (seconds since 1970).

        ``claims`` stand in place of the usual ones.
        """
        from jwt import encode

        usable = [algorithm for algorithm in self.key.algorithms if algorithm in self.accepted]
        content = {
            "iss": self.issuer,
            "aud": self.audience or address,
            "iat": int(now),
            "exp": int(now) + _LIFETIME,
            "jti": str(uuid.uuid4()),
        }
        if self.tenant:
            content["tenant"] = self.tenant
        algorithm = (usable or self.key.algorithms)[0]
        return encode(content | claims, self.key.private, algorithm=algorithm, headers={"kid": self.kid})


def signer_for(client: Client, key: PrivateKey, kid: str) -> Signer:
    """A signer of tokens that a configured client should send."""
    tenant = client.tenants[0] if client.tenants else None
    return Signer(key, kid, client.issuer or "", tenant=tenant, accepted=client.algorithms)


def _parsed(text: str) -> tuple[Any, str | None, str | None]:
    """The key of a file, with the id and the algorithm that it names."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from jwt import PyJWK, PyJWTError

    if not text.lstrip().startswith("{"):
        return load_pem_private_key(text.encode(), None), None, None
    jwk = json.loads(text)
    try:
        return PyJWK(jwk).key, jwk.get("kid"), jwk.get("alg")
    except PyJWTError:
        raise ValueError("no key") from None


def _without_operations(jwk: Mapping[str, Any]) -> dict[str, Any]:
    """Without ``key_ops``, which says the same as ``use``."""
    return {name: value for name, value in jwk.items() if name != "key_ops"}
