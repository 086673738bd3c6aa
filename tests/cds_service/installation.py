"""An installation as a hospital has it: authentication on, one registered client, and that client's private key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from cds_service.cli import main
from tests.running import RunningService, free_port, running

ISSUER = "https://ehr.example"
CLIENT = "Test EHR"


@dataclass(frozen=True)
class Installation:
    """A running service, its settings file, and the key of its client."""

    service: RunningService
    config: Path
    key: Path

    @property
    def base(self) -> str:
        """The base address."""
        return self.service.base

    @property
    def signing(self) -> list[str]:
        """The options with which a command signs as the client."""
        return ["--key", str(self.key), "--issuer", ISSUER]


@contextmanager
def installed(folder: Path, *lines: str, tables: str = "", **settings: str) -> Iterator[Installation]:
    """A service with these further lines of settings; ``tables`` go to the end, into the client's table."""
    port = free_port()
    config, key, jwks = folder / "oncohooks.toml", folder / "key.json", folder / "jwks.json"
    config.write_text("\n".join([f'public_url = "http://127.0.0.1:{port}"', *lines, ""]))
    jwks.write_text(_run("clients", "new-key", str(key)))
    _run("clients", "add", CLIENT, "--issuer", ISSUER, "--jwks", str(jwks), "--config", str(config), "--write")
    config.write_text(config.read_text() + tables)
    with running(folder, "--config", str(config), demo=False, port=port, **settings) as service:
        yield Installation(service, config, key)


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout
