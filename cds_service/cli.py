"""The command line ``oncohooks``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from cds_service.advisor import Advisor
from cds_service.clients_commands import clients
from cds_service.codec import dumps
from cds_service.inputs import Input, json_files, read_inputs
from cds_service.kb import kb
from cds_service.outcomes import ServiceError
from cds_service.reload_command import reload
from cds_service.setting_types import LOOPBACK
from cds_service.settings import Settings, SettingsError, load_settings, state_folder, store_url
from cds_service.startable import check_startable
from cds_service.store import Store, StoreError
from cds_service.store_admin import store
from cds_service.store_commands import explain, feedback
from fhir_mappings import SiteCodesError
from knowledge import KnowledgeError

_FILE = click.Path(path_type=Path)
#: What stops a command before it begins: the message says what to change.
_UNUSABLE = (SettingsError, KnowledgeError, SiteCodesError)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="oncohooks")
def main() -> None:
    """Precision-oncology decision support over CDS Hooks, EU label first.

    Reference implementation: not CE-marked, knowledge not clinically signed off.
    """


main.add_command(clients)
main.add_command(explain)
main.add_command(feedback)
main.add_command(kb)
main.add_command(store)
main.add_command(reload)


@main.command()
@click.option("--demo", is_flag=True, default=None, help="Loopback only, no authentication.")
@click.option("--host", help="Address to listen on (default 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on (default 8080).")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes (default 1).")
@click.option("--config", type=_FILE, help="Settings file (TOML; default: $ONCOHOOKS_CONFIG).")
def serve(demo: bool | None, host: str | None, port: int | None, workers: int | None, config: Path | None) -> None:
    """Start the service."""
    from cds_service.server import serve as run  # gunicorn is needed here only

    def read() -> Settings:
        return load_settings(config, demo=demo, host=host, port=port, workers=workers)

    try:
        settings = read()
        check_startable(settings)
        if settings.host in LOOPBACK and sys.stderr.isatty():  # everything else there is JSON
            click.echo(f"Oncohooks listens on http://{settings.host}:{settings.port}/cds-services", err=True)
        run(settings, read)
    except _UNUSABLE as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--validate", is_flag=True, help="Add what the FHIR R4B models object to, as warnings.")
def facts(files: tuple[Path, ...], validate: bool) -> None:
    """Print what is read from FHIR files: facts, unread results, warnings.

    FILES hold a resource, a Bundle, a CDS Hooks request, Parameters, or NDJSON of these. One JSON object is
    printed for each input.
    """
    advisor = _advisor()

    def result(item: Input) -> dict[str, Any]:
        output = advisor.record(item.document).to_json()
        if validate:
            from cds_service.validation import objections  # the models are needed here only

            output["warnings"] = [*output["warnings"], *objections(item.document)]
        return output

    _print_results(files, result)


@main.command()
@click.argument("files", nargs=-1, required=True, type=_FILE)
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Day of evaluation (default: the current day).")
@click.option("--undecided-evidence", is_flag=True, help="List evidence beyond the label that nothing decides, too.")
def evaluate(files: tuple[Path, ...], today: datetime | None, undecided_evidence: bool) -> None:
    """Print facts and the findings of every statement that concerns the patient, with their traces."""
    advisor = _advisor()
    day = _day(today)

    def result(item: Input) -> dict[str, Any]:
        record = advisor.record(item.document)
        findings = advisor.findings(record, day)
        evidence = advisor.evidence(record, findings, day, undecided=undecided_evidence)
        listed = [*(finding.to_json() for finding in findings), *(finding.to_json() for finding in evidence)]
        return record.to_json() | {"findings": listed, "knowledge": {"release": advisor.knowledge.release}}

    _print_results(files, result)


@main.command()
@click.argument("paths", nargs=-1, required=True, type=_FILE)
@click.option("--url", help="Base URL of a running service; without it the cards are made in this process.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Day of evaluation (offline only).")
@click.option("--save", "save_to", type=_FOLDER, help="Write the cards of each input as a golden file.")
@click.option("--check", "check_with", type=_FOLDER, help="Compare with the golden files of this folder.")
@click.option("--junit", "junit_file", type=_FILE, help="Write a JUnit report.")
@click.option("--record", "card", help="Compare with the decision record of this card (its uuid).")
def replay(
    paths: tuple[Path, ...],
    url: str | None,
    today: datetime | None,
    save_to: Path | None,
    check_with: Path | None,
    junit_file: Path | None,
    card: str | None,
) -> None:
    """Turn requests or patient fixtures into cards, and compare them with golden files.

    PATHS are files or folders. A document that is no CDS Hooks request becomes the prefetch of a patient-view
    request. Exit status 1 if an input failed or differs.
    """
    from cds_service import replay as replaying  # requests is needed here only

    if card:
        _reproduce(paths, card)
        return
    call = replaying.against(url) if url else replaying.offline(_advisor(), _day(today), _settings().cards)
    results = []
    for item, label in _labelled(paths):
        result = replaying.replay_one(item, call)
        if check_with and result.error is None:
            result = replaying.compared(result, replaying.golden_path(check_with, label))
        if save_to and result.error is None:
            replaying.save(result, replaying.golden_path(save_to, label))
        results.append(result)
        click.echo(dumps(result.to_json()))
    if junit_file:
        junit_file.write_bytes(replaying.junit(results))
    failed = sum(1 for result in results if not result.passed)
    click.echo(f"{len(results)} replayed, {failed} failed", err=True)
    sys.exit(1 if failed or not results else 0)


def _reproduce(paths: tuple[Path, ...], card: str) -> None:
    """Say whether the one request of the paths gives again what was recorded; exit status 1 if it does not."""
    from cds_service.pseudonyms import Pseudonyms, load_key
    from cds_service.reproduction import differences

    requests = [item for item, _ in _labelled(paths)]
    if len(requests) != 1:
        raise click.ClickException("--record compares one request")
    try:
        settings = load_settings()
        store = Store(store_url(settings))
        recorded = store.decision_of_card(card)
        if recorded is None:
            raise click.ClickException("no decision is kept for this card")
        pseudonyms = Pseudonyms(load_key(state_folder(settings) / "pseudonym.key"))
        found = list(differences(recorded, requests[0].document, _advisor(), store, pseudonyms))
    except (SettingsError, StoreError) as error:
        raise click.ClickException(str(error)) from None
    except ServiceError as error:
        raise click.ClickException(error.text) from None
    for difference in found:
        click.echo(difference)
    click.echo("reproduced" if not found else f"{len(found)} differences", err=True)
    sys.exit(1 if found else 0)


def _print_results(files: tuple[Path, ...], result: Any) -> None:
    """Print one JSON object for each input; exit status 1 if an input could not be read."""
    problems = 0
    for item in _inputs(files):
        if item.problem:
            problems += 1
            unread = {"reference": item.name, "code": "", "reason": item.problem}
            output: dict[str, Any] = {"facts": [], "unread": [unread], "warnings": [item.problem]}
        else:
            output = result(item)
        click.echo(dumps({"file": item.name} | output))
    sys.exit(1 if problems else 0)


def _inputs(files: tuple[Path, ...]) -> Iterator[Input]:
    for path in files:
        yield from read_inputs(path)


def _labelled(paths: tuple[Path, ...]) -> Iterator[tuple[Input, str]]:
    """Inputs with the name of their golden file, which must not be another's."""
    seen: set[str] = set()
    for path, name in json_files(paths):
        for item in read_inputs(path):
            line = item.name.removeprefix(str(path)).replace(":", "-")
            if (label := f"{name}{line}") in seen:
                raise click.ClickException(f"two inputs are called {label}: replay their common folder instead")
            seen.add(label)
            yield item, label


def _advisor() -> Advisor:
    settings = _settings()
    try:
        return Advisor.load(settings.amplification_copies, settings.site_codes, settings.knowledge)
    except _UNUSABLE as error:
        raise click.ClickException(str(error)) from None


def _settings() -> Settings:
    try:
        return load_settings()
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def _day(today: datetime | None) -> date:
    return today.date() if today else datetime.now(UTC).date()
