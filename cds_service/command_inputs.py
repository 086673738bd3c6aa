"""What commands that answer from files have in common: settings, knowledge, the day, and the end with a message."""

from __future__ import annotations

import ssl
from datetime import UTC, date, datetime
from pathlib import Path

import click

from cds_service.advisor import Advisor
from cds_service.settings import Settings, SettingsError, load_settings
from fhir_mappings import SiteCodesError
from knowledge import KnowledgeError

#: What stops a command before it begins: the message says what to change.
UNUSABLE = (SettingsError, KnowledgeError, SiteCodesError)
FILE = click.Path(path_type=Path)
TODAY = click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Day of evaluation (default: the current day).")


def _authorities(_context: click.Context, _parameter: click.Parameter, file: Path | None) -> Path | None:
    if file is not None:
        try:
            ssl.create_default_context(cafile=file)
        except OSError:
            raise click.BadParameter(f"{file} holds no certificates that can be read") from None
    return file


CA_BUNDLE = click.option(
    "--ca-bundle", type=FILE, callback=_authorities, help="Certification authorities to trust (PEM)."
)


def settings_or_end(config: Path | None = None) -> Settings:
    """The settings, or the end of the command with the reason why they cannot be used."""
    try:
        return load_settings(config)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def advisor_or_end(settings: Settings) -> Advisor:
    """Knowledge and tables, or the end of the command with the reason why they cannot be used."""
    try:
        return Advisor.load(settings.amplification_copies, settings.site_codes, settings.knowledge)
    except UNUSABLE as error:
        raise click.ClickException(str(error)) from None


def day_of(today: datetime | None) -> date:
    """The day that was given, or the current one in UTC."""
    return today.date() if today else datetime.now(UTC).date()
