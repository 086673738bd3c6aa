"""Values of settings that are more than text: addresses, origins, networks, keys and fingerprints.

Each is checked and brought to its normal form; a ``ValueError`` says what it must be.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from cds_service.certificates import canonical_fingerprint
from cds_service.fhir_servers import Address, address_of, base_of, is_addressable
from cds_service.jwks import read_keys

#: What this machine is called by programs on it; only there is http good enough.
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def _secure(address: Address | None, meant: str) -> Address:
    if address is None:
        raise ValueError(f"must be {meant}")
    if not address.is_secure and address.host not in LOOPBACK:
        raise ValueError("must begin with https; http is for this machine only")
    return address


def _web_address(value: str) -> str:
    _secure(None if "#" in value else address_of(value), "an absolute https URL")
    return value


def _without_slash(value: str) -> str:
    return value.rstrip("/")


def _fhir_server(value: str) -> str:
    base = base_of(value)
    meant = "the base address of a FHIR server without user name, query and fragment"
    address = _secure(address_of(base), meant)
    if not is_addressable(address.host):
        raise ValueError("must not be a link-local, multicast or unspecified address")
    return address.origin + address.path


def _origin(value: str) -> str:
    address = address_of(value)
    if address is None or value != address.origin or "*" in value:
        raise ValueError("must be an origin such as https://ehr.example, without a path; * is not allowed")
    return _secure(address, "an origin").origin


def _network(value: str) -> str:
    return str(ip_network(value))


def _key_set(value: dict[str, Any]) -> dict[str, Any]:
    read_keys(value)
    return value


def _fingerprint(value: str) -> str:
    plain = canonical_fingerprint(value)
    if plain is None:
        raise ValueError("must be a SHA-256 fingerprint: 64 hexadecimal digits")
    return plain


Text = Annotated[str, Field(min_length=1)]
#: An absolute https URL; http only on this machine.
WebAddress = Annotated[str, AfterValidator(_web_address)]
#: The same without a slash at the end.
BaseAddress = Annotated[WebAddress, AfterValidator(_without_slash)]
#: The base address of a FHIR server in its normal form, from which something may be fetched.
FhirServer = Annotated[str, AfterValidator(_fhir_server)]
#: An origin as browsers send it: scheme, host and port, nothing else.
Origin = Annotated[str, AfterValidator(_origin)]
#: An IP address or network in its normal form.
Network = Annotated[str, AfterValidator(_network)]
#: A JWKS of public keys that can be used.
KeySet = Annotated[dict[str, Any], AfterValidator(_key_set)]
#: SHA-256 of a certificate as 64 hexadecimal digits.
Fingerprint = Annotated[str, AfterValidator(_fingerprint)]
