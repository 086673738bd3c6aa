"""Whether the service may start with its settings: what several settings must be together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cds_service.setting_types import LOOPBACK
from cds_service.settings import Client, Settings, SettingsError
from cds_service.tracing import check_installed


def check_startable(settings: Settings) -> None:
    """Refuse to serve patients' advice without knowing who asks. Raises :class:`SettingsError`."""
    check_installed(settings.telemetry)
    if settings.demo:
        if settings.host not in LOOPBACK:
            raise SettingsError("demo mode has no authentication and listens on the loopback address only")
        return
    if not settings.client:
        raise SettingsError(
            "no CDS client is configured: add a [[client]] table to the settings file, or use --demo on this machine"
        )
    if problems := [
        *problems_between(settings.client),
        *(p for c in settings.client for p in problems_of(c, settings)),
    ]:
        raise SettingsError("settings: " + "; ".join(problems))


def problems_of(client: Client, settings: Settings) -> Iterator[str]:
    """Why a client could never be let in, one sentence each."""
    who = f"client {client.name!r}"
    if client.proof != "certificate":
        if client.issuer is None:
            yield f"{who} needs issuer, the iss of its tokens"
        if (client.jwks is None) == (client.jwks_uri is None):
            yield f"{who} needs either jwks or jwks_uri"
        if not client.audiences and settings.public_url is None:
            yield f"{who}: set public_url, the address under which clients call the service, or audiences"
    if client.proof != "token":
        if not (client.certificate_fingerprints or client.certificate_subjects):
            yield f"{who} needs certificate_fingerprints or certificate_subjects"
        if not (settings.trusted_proxies and settings.certificate_header):
            yield f"{who} shows a certificate: set trusted_proxies and certificate_header"


def problems_between(clients: Sequence[Client]) -> Iterator[str]:
    """What two clients share that must tell them apart."""
    names = [client.name for client in clients]
    issuers = [client.issuer for client in clients if client.issuer]
    certificates = [
        one for client in clients for one in (*client.certificate_fingerprints, *client.certificate_subjects)
    ]
    for what, values in (("name", names), ("issuer", issuers), ("certificate", certificates)):
        if len(set(values)) < len(values):
            yield f"two clients have the same {what}"
