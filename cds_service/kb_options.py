"""What the curator's commands have in common: options, and loading the knowledge that they are about."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from cds_service.curation import UnusableInput
from cds_service.settings import SettingsError, load_settings
from knowledge import KnowledgeBase, KnowledgeError, load_knowledge_base

Command = TypeVar("Command", bound=Callable[..., Any])

as_json = click.option("--json", is_flag=True, help="Print JSON instead of text.")
from_knowledge = click.option(
    "--knowledge",
    type=click.Path(path_type=Path),
    help="Release file or knowledge folder (default: $ONCOHOOKS_KNOWLEDGE, else the shipped knowledge).",
)


def source(given: Path | None) -> Path | None:
    """The knowledge that is meant: the option, else the setting, else what is shipped (``None``)."""
    try:
        return given or load_settings().knowledge
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def loaded(given: Path | None) -> KnowledgeBase:
    """The knowledge base, or the end of the command with the reason why it cannot be used."""
    try:
        return load_knowledge_base(source(given))
    except KnowledgeError as error:
        raise click.ClickException(str(error)) from None


def stopping_on_unusable(command: Command) -> Command:
    """Make files that cannot be used the command's error, with the message that names the file."""

    @functools.wraps(command)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except (KnowledgeError, UnusableInput) as error:
            raise click.ClickException(str(error)) from None

    return wrapped  # type: ignore[return-value]
