"""``oncohooks kb``: the curator's commands."""

from __future__ import annotations

import click

from cds_service.import_civic import import_civic_command


@click.group()
def kb() -> None:
    """Work with the knowledge base."""


kb.add_command(import_civic_command)
