"""Commands about CDS clients: ``oncohooks clients add``, ``list``, ``test`` and ``new-key``."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from cds_service.authentication import addresses_of
from cds_service.client_check import check_token
from cds_service.client_table import add_to_file, client_table
from cds_service.codec import NotJson, dumps_pretty, loads
from cds_service.hooks import PATIENT_VIEW
from cds_service.jwks import ALGORITHMS, BadKeys, KeySet, read_keys, read_published_keys
from cds_service.key_sources import CannotFetch, fetch_keys
from cds_service.settings import Client, Settings, SettingsError, load_settings
from cds_service.signing_options import read_key
from cds_service.startable import problems_between, problems_of
from cds_service.token_making import make_key, signer_for

_FILE = click.Path(path_type=Path, dir_okay=False)
_CONFIG = click.option("--config", type=_FILE, help="Settings file (TOML; default: $ONCOHOOKS_CONFIG).")


@click.group()
def clients() -> None:
    """The CDS clients (EHRs) that may call the service."""


@clients.command()
@click.argument("name")
@click.option("--issuer", help="The iss of its tokens.")
@click.option("--jwks", "jwks_file", type=_FILE, help="File with its public keys (JSON Web Key Set).")
@click.option("--jwks-uri", help="Address where it publishes them.")
@click.option("--jku", multiple=True, help="Further address that a token may name; may be repeated.")
@click.option("--audience", "audiences", multiple=True, help="Further aud that is accepted; may be repeated.")
@click.option("--tenant", "tenants", multiple=True, help="Tenant that tokens may name; may be repeated.")
@click.option("--algorithm", "algorithms", multiple=True, type=click.Choice(ALGORITHMS), help="Default: ES384, RS384.")
@click.option("--proof", type=click.Choice(["token", "certificate", "both"]), help="Default: token.")
@click.option("--fingerprint", "certificate_fingerprints", multiple=True, help="SHA-256 of a certificate.")
@click.option("--fhir-server", "fhir_servers", multiple=True, help="FHIR base URL that may be read; may be repeated.")
@click.option("--dialect", type=click.Choice(["standard", "epic"]), help="Default: standard.")
@click.option("--fetch", is_flag=True, help="Fetch the keys of --jwks-uri once, and fail if none can be used.")
@click.option("--write", is_flag=True, help="Add the table to the settings file instead of printing it.")
@_CONFIG
def add(jwks_file: Path | None, fetch: bool, write: bool, config: Path | None, **members: Any) -> None:
    """Make the checked [[client]] table of a client called NAME.

    The table is printed, or added to the settings file, which is changed only if the service may start with it.

    \b
    Examples:
      oncohooks clients add "Test EHR" --issuer https://ehr.example --jwks public-keys.json
      oncohooks clients add "Epic test" --issuer client-id --jwks-uri https://ehr.example/keys --fetch \\
        --dialect epic --algorithm RS384 --config oncohooks.toml --write
    """
    if jwks_file is not None:
        members["jwks"] = _json_file(jwks_file)
    try:
        client = Client(**{name: value for name, value in members.items() if value})
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise click.ClickException(problems) from None
    if fetch:
        click.echo(_described(_fetched(client)), err=True)
    if write:
        _write(config, client)
        return
    settings = _settings(config)
    for problem in (*problems_of(client, settings), *problems_between([*settings.client, client])):
        click.echo(f"still missing: {problem}", err=True)
    click.echo(client_table(client), nl=False)


@clients.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_CONFIG
def list_clients(as_json: bool, config: Path | None) -> None:
    """The configured clients, and what keeps them out.

    \b
    Example:
      oncohooks clients list --config oncohooks.toml
    """
    settings = _settings(config)
    listed = [_summary(client, settings) for client in settings.client]
    if as_json:
        click.echo(dumps_pretty(listed))
    elif not listed:
        click.echo("no client is configured", err=True)
    else:
        for one in listed:
            click.echo(f"{one['name']}  ({one['dialect']}, by {one['proof']})")
            click.echo("".join(f"  {name:12} {', '.join(one[name])}\n" for name in _LISTED if one[name]), nl=False)


_LISTED = ("issuer", "keys", "algorithms", "audiences", "tenants", "certificates", "fhir_servers", "problems")


@clients.command()
@click.argument("name")
@click.option("--token", "token_file", type=click.File(), help="File with a token to check; - is standard input.")
@click.option("--key", "key_file", type=_FILE, help="Private key (JWK or PEM) to make a test token with.")
@click.option("--kid", help="Its id, if the file does not say it.")
@click.option("--path", default=f"/cds-services/{PATIENT_VIEW.id}", show_default=True, help="The path that is called.")
@click.option("--print-token", is_flag=True, help="Print the token, and the report on standard error.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@_CONFIG
def test(
    name: str,
    token_file: Any,
    key_file: Path | None,
    kid: str | None,
    path: str,
    print_token: bool,
    as_json: bool,
    config: Path | None,
) -> None:
    """Check the registration of the client NAME: its keys, or a token, and say which check fails and what to do.

    Whether a token was used before is not checked, and the check does not use it up. Exit status 1 if it is refused.

    \b
    Examples:
      oncohooks clients test "Test EHR" --config oncohooks.toml
      oncohooks clients test "Test EHR" --token token.txt --config oncohooks.toml
      oncohooks clients test "Test EHR" --key private-key.json --print-token --config oncohooks.toml
    """
    settings = _settings(config)
    client = next((one for one in settings.client if one.name == name), None)
    if client is None:
        raise click.ClickException(f"there is no client {name!r}; there are: {_names(settings)}")
    if problems := list(problems_of(client, settings)):
        raise click.ClickException("; ".join(problems))
    addresses = addresses_of(settings.public_url, path)
    if token_file is not None:
        text = token_file.read().strip().removeprefix("Bearer ").strip()
    elif key_file is not None:
        text = _made_token(client, key_file, kid, addresses)
    else:
        known = _registration(client, addresses)
        click.echo(dumps_pretty(known) if as_json else _registration_text(known))
        return
    verdict = check_token(settings, client, text, addresses)
    report = dumps_pretty({"client": client.name} | verdict.to_json()) if as_json else verdict.to_text()
    click.echo(report, err=print_token)
    if print_token:
        click.echo(text)
    sys.exit(0 if verdict.is_good else 1)


@clients.command("new-key")
@click.argument("file", type=_FILE)
@click.option("--algorithm", type=click.Choice(ALGORITHMS), default="ES384", show_default=True, help="Of the key.")
def new_key(file: Path, algorithm: str) -> None:
    """Make a key pair for a test client: the private key to FILE, the public JSON Web Key Set printed.

    \b
    Example:
      oncohooks clients new-key private-key.json > public-keys.json
    """
    try:
        click.echo(dumps_pretty(make_key(file, algorithm)))
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None


def _settings(config: Path | None) -> Settings:
    try:
        return load_settings(config)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def _write(config: Path | None, client: Client) -> None:
    named = config or os.environ.get("ONCOHOOKS_CONFIG")
    if not named:
        raise click.ClickException("name the settings file with --config")
    try:
        add_to_file(Path(named), client_table(client))
    except (SettingsError, OSError) as error:
        raise click.ClickException(f"nothing was changed: {error}") from None
    click.echo(f"added to {named}; a running service lets it in after: oncohooks reload --config {named}", err=True)


def _fetched(client: Client) -> KeySet:
    if client.jwks_uri is None:
        raise click.ClickException("--fetch needs --jwks-uri")
    try:
        return read_published_keys(loads(fetch_keys(client.jwks_uri)))
    except (CannotFetch, NotJson, BadKeys) as error:
        raise click.ClickException(f"keys of {client.jwks_uri}: {error}") from None


def _json_file(path: Path) -> Any:
    try:
        return loads(path.read_bytes())
    except OSError as error:
        raise click.ClickException(f"{path}: {error.strerror}") from None
    except NotJson as error:
        raise click.ClickException(f"{path}: {error}") from None


def _described(keys: KeySet) -> str:
    found = ", ".join(f"{key.kid} ({key.algorithm or key.curve or key.type})" for key in keys.keys)
    return f"usable keys: {found}"


def _summary(client: Client, settings: Settings) -> dict[str, Any]:
    return {
        "name": client.name,
        "proof": client.proof,
        "dialect": client.dialect,
        "issuer": [client.issuer] if client.issuer else [],
        "keys": [client.jwks_uri or "in the settings"] if client.issuer else [],
        "algorithms": list(client.algorithms) if client.issuer else [],
        "audiences": list(client.audiences),
        "tenants": list(client.tenants),
        "certificates": [*client.certificate_fingerprints, *client.certificate_subjects],
        "fhir_servers": list(client.fhir_servers),
        "problems": [*problems_of(client, settings)],
    }


def _names(settings: Settings) -> str:
    return ", ".join(client.name for client in settings.client) or "none"


def _made_token(client: Client, key_file: Path, kid: str | None, addresses: tuple[str, ...]) -> str:
    key, kid = read_key(key_file, kid)
    address = addresses[0] if addresses else client.audiences[0]
    return signer_for(client, key, kid).token(address, datetime.now(UTC).timestamp())


def _registration(client: Client, addresses: tuple[str, ...]) -> dict[str, Any]:
    """The keys that are there, what is accepted as audience, and certificates; of each only if there are any."""
    known: dict[str, Any] = {"client": client.name}
    if client.issuer:
        keys = _fetched(client) if client.jwks is None else read_keys(client.jwks)
        known["keys"] = [{"kid": key.kid, "kind": key.algorithm or key.curve or key.type} for key in keys.keys]
        known["audiences"] = [*addresses, *client.audiences]
    if certificates := [*client.certificate_fingerprints, *client.certificate_subjects]:
        known["certificates"] = certificates
    return known


def _registration_text(known: dict[str, Any]) -> str:
    lines = []
    if "keys" in known:
        keys = ", ".join(f"{key['kid']} ({key['kind']})" for key in known["keys"])
        lines.append(f"usable keys: {keys}")
        lines.append(f"accepted as aud: {', '.join(known['audiences'])}")
    return "\n".join([*lines, *(f"certificate: {one}" for one in known.get("certificates", ()))])
