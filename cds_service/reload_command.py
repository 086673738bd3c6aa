"""``oncohooks reload``: a running service loads settings and knowledge again, without a pause."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import click

from cds_service.codec import dumps_pretty
from cds_service.service_file import Loaded, read_service_file, service_file
from cds_service.settings import SettingsError, load_settings

_LOOK_EVERY = 0.1


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the service (default 8080).")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file (TOML; default: $ONCOHOOKS_CONFIG).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--wait", type=click.IntRange(1, 600), default=60, show_default=True, help="Seconds to wait for it.")
def reload(port: int | None, config: Path | None, as_json: bool, wait: int) -> None:
    """Make the running service load its settings and knowledge again.

    What cannot be used is not used: the service goes on with what it has, and this command says why and ends with
    status 1. It has to run on the machine and as the user of the service.

    \b
    Examples:
      oncohooks reload
      oncohooks reload --port 8443 --config /etc/oncohooks/oncohooks.toml
    """
    try:
        path = service_file(load_settings(config, port=port))
    except SettingsError as error:
        raise click.ClickException(str(error)) from None
    before = read_service_file(path)
    if before is None:
        raise click.ClickException(f"no service runs that would say so in {path}")
    os.kill(before.pid, signal.SIGHUP)
    after = _after(path, before, wait)
    if as_json:
        refused = {"problem": after.problem} if after.problem is not None else {}
        click.echo(dumps_pretty({"release": after.release, "reloaded": not refused} | refused))
        sys.exit(1 if refused else 0)
    if after.problem is not None:
        raise click.ClickException(f"refused, {after.release} stays in use: {after.problem}")
    click.echo(f"knowledge {after.release} is in use")


def _after(path: Path, before: Loaded, wait: int) -> Loaded:
    deadline = time.monotonic() + wait
    while time.monotonic() < deadline:
        now = read_service_file(path)
        if now is not None and now.loads > before.loads:
            return now
        time.sleep(_LOOK_EVERY)
    raise click.ClickException(f"the service has not said in {wait} seconds that it is done")
