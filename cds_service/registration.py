"""What has to be typed into an EHR so that it calls this service: from the settings, and from what is known of EHRs."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cards import SUGGESTED_SYSTEMS, TOPIC_SYSTEM, load_override_reasons
from cds_service.dialects import system_in
from cds_service.hooks import SERVICES, Service
from cds_service.setting_types import LOOPBACK
from cds_service.settings import Client, Settings

_NOTES = Path(__file__).parent / "data" / "ehr_registration.toml"
#: The kinds of client for which something is known.
KINDS = ("epic", "oracle", "standard")
#: What the basis of a note is called.
BASES = {
    "specification": "CDS Hooks",
    "vendor": "vendor's page",
    "draft": "unpublished draft",
    "unverified": "UNVERIFIED",
}
FHIR_VERSION = "R4"


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that is known of an EHR, and on which basis."""

    basis: str
    text: str


@dataclass(frozen=True, slots=True)
class Ehr:
    """What is known of one kind of client. ``hooks``: those that it is documented to call."""

    kind: str
    title: str
    dialect: str
    reads_discovery: bool
    hooks: tuple[str, ...]
    source: str
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One service with its addresses. ``audience``: the ``aud`` of tokens for it; ``called``: whether it is."""

    hook: str
    service: str
    title: str
    url: str
    feedback_url: str
    audience: str
    called: bool


@dataclass(frozen=True, slots=True)
class Query:
    """One prefetch key with its query. ``needed``: without it, there is no answer."""

    key: str
    query: str
    needed: bool
    resource_type: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything to be typed into an EHR, and to be had from it. ``problems``: what the settings still lack."""

    ehr: Ehr
    client: str | None
    discovery_url: str
    endpoints: tuple[Endpoint, ...]
    prefetch: tuple[Query, ...]
    fhir_version: str
    fhir_reads: tuple[str, ...]
    code_systems: Mapping[str, str]
    link_hosts: tuple[str, ...]
    tokens: Mapping[str, Any]
    problems: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The sheet as JSON."""
        content = asdict(self)
        return {name: value for name, value in content.items() if value is not None}


@cache
def known_ehrs() -> dict[str, Ehr]:
    """What is known of each kind of client."""
    tables = tomllib.loads(_NOTES.read_text(encoding="utf-8"))
    return {
        kind: Ehr(
            kind,
            table["title"],
            table["dialect"],
            table["reads_discovery"],
            tuple(table["hooks"]),
            table["source"],
            tuple(Note(**note) for note in table["note"]),
        )
        for kind, table in tables.items()
    }


def sheet_for(ehr: Ehr, settings: Settings, base: str, client: Client | None, label_urls: Iterable[str]) -> Sheet:
    """The sheet of an EHR that calls the service at ``base``.

    ``client``: its table in the settings, if it has one. ``label_urls``: the addresses to which cards link.
    """
    dialect = client.dialect if client else ehr.dialect
    return Sheet(
        ehr=ehr,
        client=client.name if client else None,
        discovery_url=f"{base}/cds-services",
        endpoints=tuple(_endpoint(service, base, ehr) for service in SERVICES.values()),
        prefetch=tuple(
            Query(need.key, need.template, need.required, need.resource_type) for need in _needs(SERVICES.values())
        ),
        fhir_version=FHIR_VERSION,
        fhir_reads=tuple(dict.fromkeys([*(need.resource_type for need in _needs(SERVICES.values())), "Medication"])),
        code_systems=_code_systems(dialect),
        link_hosts=tuple(sorted({urlsplit(url).hostname or "" for url in (*label_urls, base)})),
        tokens=_tokens(ehr, settings, client),
        problems=tuple(_problems(ehr, settings, base, client)),
    )


def _endpoint(service: Service, base: str, ehr: Ehr) -> Endpoint:
    url = f"{base}/cds-services/{service.id}"
    return Endpoint(service.hook, service.id, service.title, url, f"{url}/feedback", url, service.hook in ehr.hooks)


def _needs(services: Iterable[Service]) -> list[Any]:
    return list({need.key: need for service in services for need in service.needs}.values())


def _code_systems(dialect: str) -> dict[str, str]:
    """The code systems of what cards offer, and where they stand."""
    systems = {system_in(dialect, system): where for system, where in SUGGESTED_SYSTEMS.items()}
    systems[TOPIC_SYSTEM] = "source.topic, one code for each piece of advice"
    reasons = dict.fromkeys((reason["system"] for reason in load_override_reasons()), "override reasons")
    return systems | reasons


def _tokens(ehr: Ehr, settings: Settings, client: Client | None) -> dict[str, Any]:
    """What tokens have to be like, and what of it is agreed already."""
    agreed: dict[str, Any] = {
        "algorithms": list(client.algorithms if client else Client.model_fields["algorithms"].default),
        "longest_life_seconds": settings.token_lifetime_seconds,
        "good_for": "one call",
        "proof": client.proof if client else "token",
    }
    if client is not None:
        own = {
            "issuer": client.issuer,
            "keys": client.jwks_uri or ("in the settings" if client.jwks else None),
            "jku": list(client.jku),
            "further_audiences": list(client.audiences),
            "tenants": list(client.tenants),
            "fhir_servers": list(client.fhir_servers),
        }
        agreed |= {name: value for name, value in own.items() if value}
    return agreed


def _problems(ehr: Ehr, settings: Settings, base: str, client: Client | None) -> Iterable[str]:
    parts = urlsplit(base)
    if settings.public_url not in (None, base):
        yield f"public_url is {settings.public_url}: tokens for {base} are refused unless they are the same"
    if parts.scheme != "https":
        where = ", which works on this machine only" if parts.hostname in LOOPBACK else ""
        yield f"the address is http{where}: put a proxy that ends TLS before the service, and give its https address"
    if client is None:
        yield (
            "the client is not registered here yet: oncohooks clients add NAME "
            f"--issuer ISSUER --jwks-uri ADDRESS --dialect {ehr.dialect} --write --config FILE"
        )
        return
    if client.dialect != ehr.dialect:
        yield f'client {client.name!r} has the dialect {client.dialect}: set dialect = "{ehr.dialect}"'
    if not client.fhir_servers:
        yield f"client {client.name!r} has no fhir_servers: what prefetch lacks cannot be fetched"
