"""``oncohooks register``: what to type into an EHR so that it calls this service."""

from __future__ import annotations

from pathlib import Path

import click

from cds_service.codec import dumps_pretty
from cds_service.command_inputs import FILE, advisor_or_end, settings_or_end
from cds_service.registration import KINDS, Ehr, known_ehrs, sheet_for
from cds_service.registration_text import sheet_text
from cds_service.settings import Client, Settings, service_address


@click.command()
@click.option("--client", "kind", type=click.Choice(KINDS), required=True, help="Which kind of EHR it is.")
@click.option("--name", help="Its name in the settings (default: the only one of its dialect, if there is one).")
@click.option("--url", help="Address under which it calls the service (default: the setting public_url).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--config", type=FILE, help="Settings file (TOML; default: $ONCOHOOKS_CONFIG).")
def register(kind: str, name: str | None, url: str | None, as_json: bool, config: Path | None) -> None:
    """Print what to type into an EHR: addresses, prefetch, audience, keys, code systems, links.

    Everything comes from the settings of the service. What is known of the EHR itself stands at the end, each with its
    basis; what nobody could look up is marked.

    \b
    Examples:
      oncohooks register --client epic --config oncohooks.toml
      oncohooks register --client oracle --url https://cds.hospital.example
      oncohooks register --client standard --name "Test EHR" --config oncohooks.toml --json
    """
    settings = settings_or_end(config)
    base = (url or service_address(settings) or "").rstrip("/")
    if not base.startswith(("https://", "http://")):
        raise click.ClickException("set public_url, the address under which clients call the service, or give --url")
    ehr = known_ehrs()[kind]
    labels = {medicine.label.url for medicine in advisor_or_end(settings).knowledge.medicines}
    sheet = sheet_for(ehr, settings, base, _client(settings, ehr, name), labels)
    click.echo(dumps_pretty(sheet.to_json()) if as_json else sheet_text(sheet))


def _client(settings: Settings, ehr: Ehr, name: str | None) -> Client | None:
    if name is not None:
        found = next((client for client in settings.client if client.name == name), None)
        if found is None:
            known = ", ".join(client.name for client in settings.client) or "none"
            raise click.ClickException(f"there is no client {name!r}; there are: {known}")
        return found
    of_dialect = [client for client in settings.client if client.dialect == ehr.dialect]
    return of_dialect[0] if len(of_dialect) == 1 else None
