"""The command line ``oncohooks``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from cds_service.clients_commands import clients
from cds_service.codec import dumps
from cds_service.command_inputs import FILE, TODAY, UNUSABLE, advisor_or_end, day_of, settings_or_end
from cds_service.completion_command import completion
from cds_service.doctor_command import doctor
from cds_service.greeting import greet
from cds_service.inputs import Input, read_inputs
from cds_service.kb import kb
from cds_service.progress import watched
from cds_service.register_command import register
from cds_service.reload_command import reload
from cds_service.replay_command import replay
from cds_service.settings import Settings, load_settings
from cds_service.startable import check_startable
from cds_service.store_admin import store
from cds_service.store_commands import explain, feedback


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="oncohooks")
def main() -> None:
    """Precision-oncology decision support over CDS Hooks, EU label first.

    Reference implementation: not CE-marked, knowledge not clinically signed off.

    \b
    To begin with:
      oncohooks serve --demo                       the service on this machine, with invented patients
      oncohooks evaluate patient.json              what is read from a record, and what it comes to
      oncohooks register --client epic             what to type into an EHR
      oncohooks doctor https://cds.example         whether an installation is ready for its clients
      oncohooks kb show osimertinib                what is known of a medicine
    """


main.add_command(clients)
main.add_command(completion)
main.add_command(doctor)
main.add_command(explain)
main.add_command(feedback)
main.add_command(kb)
main.add_command(store)
main.add_command(register)
main.add_command(reload)
main.add_command(replay)


@main.command()
@click.option("--demo", is_flag=True, default=None, help="Loopback only, no authentication.")
@click.option("--host", help="Address to listen on (default 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on (default 8080).")
@click.option("--workers", type=click.IntRange(1, 64), help="Worker processes (default 1).")
@click.option("--config", type=FILE, help="Settings file (TOML; default: $ONCOHOOKS_CONFIG).")
def serve(demo: bool | None, host: str | None, port: int | None, workers: int | None, config: Path | None) -> None:
    """Start the service.

    \b
    Examples:
      oncohooks serve --demo
      oncohooks serve --config /etc/oncohooks/oncohooks.toml --workers 2
    """
    from cds_service.server import serve as run  # gunicorn is needed here only

    def read() -> Settings:
        return load_settings(config, demo=demo, host=host, port=port, workers=workers)

    try:
        settings = read()
        check_startable(settings)
        run(settings, read, partial(greet, settings))
    except UNUSABLE as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@click.option("--validate", is_flag=True, help="Add what the FHIR R4B models object to, as warnings.")
def facts(files: tuple[Path, ...], validate: bool) -> None:
    """Print what is read from FHIR files: facts, unread results, warnings.

    FILES hold a resource, a Bundle, a CDS Hooks request, Parameters, or NDJSON of these. One JSON object is
    printed for each input. Exit status 1 if an input could not be read.

    \b
    Examples:
      oncohooks facts patient.json
      oncohooks facts *.ndjson --validate > facts.ndjson
    """
    advisor = advisor_or_end(settings_or_end())

    def result(item: Input) -> dict[str, Any]:
        output = advisor.record(item.document).to_json()
        if validate:
            from cds_service.validation import objections  # the models are needed here only

            output["warnings"] = [*output["warnings"], *objections(item.document)]
        return output

    _print_results(files, result)


@main.command()
@click.argument("files", nargs=-1, required=True, type=FILE)
@TODAY
@click.option("--undecided-evidence", is_flag=True, help="List evidence beyond the label that nothing decides, too.")
def evaluate(files: tuple[Path, ...], today: datetime | None, undecided_evidence: bool) -> None:
    """Print facts and the findings of every statement that concerns the patient, with their traces.

    FILES are read as by "oncohooks facts". Exit status 1 if an input could not be read.

    \b
    Examples:
      oncohooks evaluate patient.json
      oncohooks evaluate patient.json --today 2026-11-24 --undecided-evidence
    """
    advisor = advisor_or_end(settings_or_end())
    day = day_of(today)

    def result(item: Input) -> dict[str, Any]:
        record = advisor.record(item.document)
        findings = advisor.findings(record, day)
        evidence = advisor.evidence(record, findings, day, undecided=undecided_evidence)
        listed = [*(finding.to_json() for finding in findings), *(finding.to_json() for finding in evidence)]
        return record.to_json() | {"findings": listed, "knowledge": {"release": advisor.knowledge.release}}

    _print_results(files, result)


def _print_results(files: tuple[Path, ...], result: Any) -> None:
    """Print one JSON object for each input; exit status 1 if an input could not be read."""
    problems = 0
    with watched(files, "reading") as shown:
        for item in _inputs(shown):
            if item.problem:
                problems += 1
                unread = {"reference": item.name, "code": "", "reason": item.problem}
                output: dict[str, Any] = {"facts": [], "unread": [unread], "warnings": [item.problem]}
            else:
                output = result(item)
            click.echo(dumps({"file": item.name} | output))
    sys.exit(1 if problems else 0)


def _inputs(files: Iterable[Path]) -> Iterator[Input]:
    for path in files:
        yield from read_inputs(path)
