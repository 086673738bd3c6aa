"""``oncohooks store``: what an operator does with the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from cds_service.codec import dumps_pretty
from cds_service.settings import Settings, SettingsError, load_settings, store_url
from cds_service.store import Store, StoreError, StoreState
from cds_service.store.export import FORMATS, MissingLibrary, export_tables

_CONFIG = click.option(
    "--config", type=click.Path(path_type=Path), help="Settings file (TOML; default: $ONCOHOOKS_CONFIG)."
)


_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def store() -> None:
    """The database of decision records and feedback."""


@store.command()
@_CONFIG
@_JSON
def status(config: Path | None, as_json: bool) -> None:
    """Show which database it is, whether its tables are current, and how much it holds; exit status 1 if not.

    \b
    Example:
      oncohooks store status --json
    """
    with _opened(config) as (settings, opened):
        state = opened.state()
    click.echo(dumps_pretty(_state_json(state, settings)) if as_json else _state_text(state, settings))
    if state.form != state.current_form:
        raise SystemExit(1)


@store.command()
@_CONFIG
@_JSON
def upgrade(config: Path | None, as_json: bool) -> None:
    """Bring the tables to the form that this version needs. The service does it too when it starts.

    \b
    Example:
      oncohooks store upgrade --config /etc/oncohooks/oncohooks.toml
    """
    with _opened(config) as (_, opened):
        opened.upgrade()
        form = opened.state().form
    click.echo(dumps_pretty({"form": form}) if as_json else f"the tables have form {form}")


@store.command()
@click.option(
    "--older-than",
    type=click.IntRange(0, 36500),
    metavar="DAYS",
    help="Delete what is older than so many days (default: the setting keep_days).",
)
@_CONFIG
@_JSON
def purge(older_than: int | None, config: Path | None, as_json: bool) -> None:
    """Delete old decision records and feedback.

    \b
    Example:
      oncohooks store purge --older-than 365
    """
    with _opened(config) as (settings, opened):
        days = older_than if older_than is not None else settings.keep_days or None
        if days is None:
            raise click.ClickException("say --older-than DAYS: the setting keep_days is 0, which keeps everything")
        decisions, answers = opened.purge(datetime.now(UTC) - timedelta(days=days))
    if as_json:
        click.echo(dumps_pretty({"older_than_days": days, "decisions": decisions, "answers": answers}))
    else:
        click.echo(f"deleted {decisions} decision records and {answers} answers older than {days} days")


@store.command()
@click.option("--format", "form", type=click.Choice(FORMATS), default="csv", show_default=True, help="Kind of files.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder for the files, one for each table.",
)
@_CONFIG
@_JSON
def export(form: str, output: Path, config: Path | None, as_json: bool) -> None:
    """Write all decision records, cards and feedback to files.

    \b
    Example:
      oncohooks store export --format csv --output export
    """
    with _opened(config) as (_, opened):
        try:
            written = export_tables(opened, output, form)
        except MissingLibrary as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            raise click.ClickException(f"{output} cannot be written: {error.strerror}") from None
    if as_json:
        click.echo(dumps_pretty([{"file": str(path), "rows": rows} for path, rows in written]))
    else:
        click.echo("\n".join(f"{path}: {rows} rows" for path, rows in written))


@contextmanager
def _opened(config: Path | None) -> Iterator[tuple[Settings, Store]]:
    try:
        settings = load_settings(config)
        opened = Store(store_url(settings))
        try:
            yield settings, opened
        finally:
            opened.close()
    except (SettingsError, StoreError) as error:
        raise click.ClickException(str(error)) from None


def _state_json(state: StoreState, settings: Settings) -> dict[str, Any]:
    oldest: dict[str, Any] = {"oldest": state.oldest.isoformat()} if state.oldest else {}
    return {
        "url": state.url,
        "form": state.form,
        "current_form": state.current_form,
        "rows": dict(state.rows),
        "keep_days": settings.keep_days,
    } | oldest


def _state_text(state: StoreState, settings: Settings) -> str:
    form = (
        "current"
        if state.form == state.current_form
        else f"not current ({state.current_form}): oncohooks store upgrade"
    )
    lines = [
        f"Database {state.url}",
        f"  form {state.form or 'none, there are no tables'}, {form if state.form else 'oncohooks store upgrade'}",
        *(f"  {rows:8} {name}" for name, rows in state.rows.items()),
    ]
    if state.oldest:
        lines.append(f"  oldest decision {state.oldest:%Y-%m-%d}")
    kept = f"{settings.keep_days} days" if settings.keep_days else "for ever (keep_days is 0)"
    return "\n".join([*lines, f"  kept {kept}"])
