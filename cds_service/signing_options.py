"""The options with which a command signs its calls as a client does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cds_service.token_making import BadPrivateKey, PrivateKey, Signer, read_private_key

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--key",
        "key_file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Private key (JWK or PEM): every call is signed with a token of its own.",
    ),
    click.option("--kid", help="Its id, if the file does not say it."),
    click.option("--issuer", help="The iss of the tokens, as the service knows the client."),
    click.option("--audience", help="The aud of the tokens (default: the URL that is called)."),
    click.option("--tenant", help="The tenant of the tokens, if the client has tenants."),
)


def signing_options(command: Command) -> Command:
    """Add ``--key``, ``--kid``, ``--issuer``, ``--audience`` and ``--tenant``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def signer_of(
    key_file: Path | None, kid: str | None, issuer: str | None, audience: str | None, tenant: str | None
) -> Signer | None:
    """The signer that the options describe; ``None`` without a key. Options that lack another are wrong usage."""
    if key_file is None:
        if kid or issuer or audience or tenant:
            raise click.UsageError("--kid, --issuer, --audience and --tenant are about tokens, which need --key")
        return None
    if issuer is None:
        raise click.UsageError("--key needs --issuer, the iss under which the service knows the client")
    key, kid = read_key(key_file, kid)
    return Signer(key, kid, issuer, audience, tenant)


def read_key(file: Path, kid: str | None) -> tuple[PrivateKey, str]:
    """A private key and its id, which the file may say. Ends the command if there is none."""
    try:
        key = read_private_key(file)
    except BadPrivateKey as error:
        raise click.ClickException(str(error)) from None
    if not (found := kid or key.kid):
        raise click.ClickException("name the key with --kid")
    return key, found
