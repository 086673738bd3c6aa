"""The public keys of CDS clients as JSON Web Keys (RFC 7517), each bound to the algorithms it may be used with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

#: Signatures with a public key only; the specification forbids symmetric algorithms and ``none``.
Algorithm = Literal["ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"]
ALGORITHMS: tuple[Algorithm, ...] = get_args(Algorithm)

_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
#: Members that only private or symmetric keys have (RFC 7518, section 6).
_SECRET_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MOST_KEYS = 100
_LONGEST_KID = 500
_RSA_BITS = range(2048, 8193)


class BadKeys(ValueError):
    """A key set that cannot be used; the message names the key by its place and says what is wrong with it."""


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """One public key. ``public``: in the form of the cryptography package; ``algorithm``: the only one it is for."""

    kid: str
    type: str
    curve: str | None
    algorithm: str | None
    public: Any

    def fits(self, algorithm: str) -> bool:
        """Whether signatures of this algorithm may be checked with the key, by its type, curve and own limit."""
        if self.algorithm not in (None, algorithm):
            return False
        if algorithm in _CURVES:
            return self.type == "EC" and self.curve == _CURVES[algorithm]
        return self.type == "RSA" and algorithm in ALGORITHMS


@dataclass(frozen=True, slots=True, repr=False)
class KeySet:
    """The usable keys of a client."""

    keys: tuple[Key, ...]

    def with_id(self, kid: str) -> tuple[Key, ...]:
        """The keys of exactly this id, which is compared as it is: Epic's hold ``+``, ``/`` and ``=``."""
        return tuple(key for key in self.keys if key.kid == kid)


def read_keys(document: object) -> KeySet:
    """A key set of the settings, where every key must be usable. Raises :class:`BadKeys`."""
    keys = tuple(_key(entry, f"key {number}") for number, entry in enumerate(_entries(document), start=1))
    ids = [key.kid for key in keys]
    if repeated := next((kid for kid in ids if ids.count(kid) > 1), None):
        raise BadKeys(f"two keys have the kid {repeated!r}")
    return KeySet(keys)


def read_published_keys(document: object) -> KeySet:
    """The usable keys of a published set, which may hold others. Raises :class:`BadKeys` if there is none."""
    keys = tuple(_usable(_entries(document)))
    if not keys:
        raise BadKeys("no key of the set can be used to check signatures")
    return KeySet(keys)


def _usable(entries: list[Any]) -> Iterator[Key]:
    for number, entry in enumerate(entries, start=1):
        try:
            yield _key(entry, f"key {number}")
        except BadKeys:
            continue


def _entries(document: object) -> list[Any]:
    entries = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(entries, list) or not entries:
        raise BadKeys('not a JSON Web Key Set: {"keys": [...]} is expected')
    if len(entries) > _MOST_KEYS:
        raise BadKeys(f"more than {_MOST_KEYS} keys")
    return entries


def _key(entry: object, place: str) -> Key:
    if not isinstance(entry, dict):
        raise BadKeys(f"{place} is no object")
    if _SECRET_MEMBERS & set(entry):
        raise BadKeys(f"{place} is a private or symmetric key: only public keys belong here, and this one is now known")
    kid, kind, curve, algorithm = (entry.get(name) for name in ("kid", "kty", "crv", "alg"))
    if not isinstance(kid, str) or not 0 < len(kid) <= _LONGEST_KID:
        raise BadKeys(f"{place} has no kid")
    if kind not in ("EC", "RSA") or (kind == "EC" and curve not in _CURVES.values()):
        raise BadKeys(f"{place} is neither RSA nor EC on P-256, P-384 or P-521")
    if entry.get("use", "sig") != "sig" or "verify" not in entry.get("key_ops", ["verify"]):
        raise BadKeys(f"{place} is not for signatures")
    if algorithm is not None and algorithm not in ALGORITHMS:
        raise BadKeys(f"{place} is for an algorithm that is not accepted")
    return Key(kid, kind, curve, algorithm, _public(entry, place))


def _public(entry: dict[str, Any], place: str) -> Any:
    from jwt import PyJWK, PyJWTError  # loads a quarter of the service's memory, and demo mode has no keys

    algorithm = "RS256" if entry["kty"] == "RSA" else next(name for name, crv in _CURVES.items() if crv == entry["crv"])
    try:
        public = PyJWK(entry, algorithm).key
    except (PyJWTError, ValueError, TypeError):
        raise BadKeys(f"{place} is malformed") from None
    if entry["kty"] == "RSA" and public.key_size not in _RSA_BITS:
        raise BadKeys(f"{place} has {public.key_size} bits; {_RSA_BITS[0]} to {_RSA_BITS[-1]} are accepted")
    return public
