"""The certificate of a client, as the proxy says that ends its TLS connection."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import unquote

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_DER = re.compile(r":([A-Za-z0-9+/=]+):")
_PEM = "-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is known of a certificate: its SHA-256 fingerprint in 64 hexadecimal digits, or its subject."""

    fingerprint: str | None = None
    subject: str | None = None


class TrustedProxies:
    """The proxies whose word is taken. ``networks``: addresses or CIDR blocks; ``header``: where they put it."""

    def __init__(self, networks: Iterable[str], header: str | None) -> None:
        self._networks = tuple(ip_network(network) for network in networks)
        self.header = header

    def certificate(self, peer: str | None, value: str | None) -> Certificate | None:
        """The certificate that a header names, if the connection itself comes from a trusted proxy."""
        return read_certificate(value) if value and self._trusts(peer) else None

    def _trusts(self, peer: str | None) -> bool:
        try:
            address = ip_address(peer or "")
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)


def read_certificate(value: str) -> Certificate | None:
    """A header in one of the forms that proxies write; ``None`` for a certificate that cannot be read.

    The certificate as RFC 9440 has it (``:base64:``) or as PEM in percent encoding (nginx, AWS); its SHA-256
    fingerprint in hexadecimal digits with or without colons; or its subject, which is then compared as text.
    """
    text = value.strip()
    if plain := canonical_fingerprint(text):
        return Certificate(fingerprint=plain)
    try:
        if match := _DER.fullmatch(text):
            return _of_der(base64.b64decode(match[1], validate=True))
        if (pem := unquote(text)).startswith(_PEM):
            return _of_der(ssl.PEM_cert_to_DER_cert(pem))
    except (binascii.Error, ValueError):
        return None
    return Certificate(subject=text) if text else None


def canonical_fingerprint(text: str) -> str | None:
    """A SHA-256 fingerprint in 64 lower-case digits; ``None`` if the text is none."""
    plain = text.replace(":", "").lower()
    return plain if _FINGERPRINT.fullmatch(plain) else None


def _of_der(der: bytes) -> Certificate:
    return Certificate(fingerprint=hashlib.sha256(der).hexdigest())
