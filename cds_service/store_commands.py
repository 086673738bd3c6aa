"""Commands that read the store: ``oncohooks explain`` and ``oncohooks feedback``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from cds_service.codec import dumps_pretty
from cds_service.feedback_report import VIEWS, FeedbackReport, Rate, report
from cds_service.settings import SettingsError, load_settings, store_url
from cds_service.store import Decision, Store, StoreError

_CONFIG = click.option(
    "--config", type=click.Path(path_type=Path), help="Settings file (TOML; default: $ONCOHOOKS_CONFIG)."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_BAR = 20


@click.command()
@click.argument("card")
@_CONFIG
@_JSON
def explain(card: str, config: Path | None, as_json: bool) -> None:
    """Show the decision record behind a card: knowledge release, version, statements with their outcomes.

    CARD is the uuid of a card. The record holds no patient data; with the original request at hand,
    `oncohooks replay` shows facts and traces again.

    \b
    Example:
      oncohooks explain 0d6ad0cb-5b0f-4b3a-9e2c-5f0f4a1f7d3e
    """
    try:
        decision = _store(config).decision_of_card(card)
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    if decision is None:
        raise click.ClickException("no decision is kept for this card: it was not shown by this service, or was purged")
    click.echo(dumps_pretty(_decision_json(decision)) if as_json else _decision_text(decision, card))


@click.group()
def feedback() -> None:
    """What clinicians answered to the cards."""


@feedback.command("report")
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="Look back so many days.")
@_CONFIG
@_JSON
def feedback_report(days: int, config: Path | None, as_json: bool) -> None:
    """Acceptance and override rates by statement, service, client and topic, and the override reasons.

    \b
    Examples:
      oncohooks feedback report
      oncohooks feedback report --days 30 --json
    """
    since = datetime.now(UTC) - timedelta(days=days)
    store = _store(config)
    try:
        found = report(store.shown_cards(since), store.feedback_with_cards(since))
    except StoreError as error:
        raise click.ClickException(str(error)) from None
    click.echo(dumps_pretty(found.to_json()) if as_json else _report_text(found))


def _store(config: Path | None) -> Store:
    try:
        store = Store(store_url(load_settings(config)))
        store.upgrade()
    except (SettingsError, StoreError) as error:
        raise click.ClickException(str(error)) from None
    return store


def _decision_json(decision: Decision) -> dict[str, Any]:
    return {
        "id": decision.id,
        "made_at": decision.made_at.isoformat(),
        "client": decision.client,
        "service": decision.service,
        "patient": decision.patient,
        "input_digest": decision.input_digest,
        "facts_digest": decision.facts_digest,
        "knowledge": decision.release,
        "version": decision.version,
        "duration_ms": decision.duration,
        "unread": decision.unread,
        "fetched": list(decision.fetched),
        "not_fetched": list(decision.not_fetched),
        "outcomes": {item.statement: item.outcome for item in decision.outcomes},
        "cards": [
            {"uuid": card.uuid, "topic": card.topic, "indicator": card.indicator, "statements": list(card.statements)}
            for card in decision.cards
        ],
    }


def _decision_text(decision: Decision, uuid: str) -> str:
    lines = [
        f"Answer {decision.id} of {decision.made_at:%Y-%m-%d %H:%M:%S} UTC to {decision.client} by {decision.service}",
        f"  knowledge {decision.release}, version {decision.version}, {decision.duration:g} ms",
        f"  patient {decision.patient} (pseudonym), input {decision.input_digest}, facts {decision.facts_digest}",
        *([f"  fetched from the FHIR server: {', '.join(decision.fetched)}"] if decision.fetched else []),
        *([f"  could not be fetched: {', '.join(decision.not_fetched)}"] if decision.not_fetched else []),
        "Cards",
    ]
    for card in decision.cards:
        mark = "*" if card.uuid == uuid else " "
        lines.append(f"{mark} {card.indicator:8} {card.topic}")
        lines += [f"      {name}: {_outcome(decision, name)}" for name in card.statements]
    shown = {name for card in decision.cards for name in card.statements}
    others = [f"  {item.statement}: {item.outcome}" for item in decision.outcomes if item.statement not in shown]
    return "\n".join([*lines, "Other statements that concern the patient", *others] if others else lines)


def _outcome(decision: Decision, statement: str) -> str:
    return next((item.outcome for item in decision.outcomes if item.statement == statement), "not evaluated")


def _report_text(found: FeedbackReport) -> str:
    lines: list[str] = []
    for view in VIEWS:
        lines += [f"By {view.removesuffix('s')}", *map(_rate_line, getattr(found, view)), ""]
    lines += ["Override reasons", *(f"  {count:6}  {name}" for name, count in found.reasons)]
    if found.unknown_cards:
        lines += ["", f"{found.unknown_cards} answers are about cards that are not kept."]
    return "\n".join(lines)


def _rate_line(rate: Rate) -> str:
    share = "   -" if rate.acceptance is None else f"{100 * rate.acceptance:3.0f} %"
    bar = "#" * round(_BAR * (rate.acceptance or 0))
    counts = f"shown {rate.shown:5}  accepted {rate.accepted:5}  overridden {rate.overridden:5}"
    return f"  {rate.name:40.40} {counts}  {share:>5}  {bar}"
