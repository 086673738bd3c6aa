"""The commands ``oncohooks screen`` and ``oncohooks demo-cohort``."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from cds_service.command_inputs import UNUSABLE, settings_or_end

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("input", type=click.Path(path_type=Path, exists=True))
@click.option("--output", required=True, type=_FOLDER, help="Folder of the results; an interrupted run goes on there.")
@click.option("--engine", type=click.Choice(["local", "spark"]), default="local", help="Default: local.")
@click.option("--master", help="Spark's master (default: that of spark-submit, else local[*]).")
@click.option("--processes", type=click.IntRange(1), help="Processes of the local engine (default: one for each core).")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Day of evaluation (default: the current day).")
@click.option("--traces", is_flag=True, help="Write the trace of every finding that is not closed; larger and slower.")
@click.option("--since", type=click.Path(path_type=Path, exists=True), help="Compare with this older release.")
@click.option("--restart", is_flag=True, help="Forget what the output folder holds of an earlier screening.")
def screen(
    input: Path,  # noqa: A002 (the name of the argument in the help)
    output: Path,
    engine: str,
    master: str | None,
    processes: int | None,
    today: datetime | None,
    traces: bool,
    since: Path | None,
    restart: bool,
) -> None:
    """Screen a cohort: the findings of every patient in FHIR bulk data.

    INPUT is a folder of NDJSON files (one resource a line, also compressed with gzip), or one such file.

    With --since only statements that differ from an older release (of "kb build", or a knowledge folder) are
    evaluated, and the patients whose findings change are listed.

    \b
    Examples:
      oncohooks screen export --output screened
      oncohooks screen export --output changed --since knowledge-before.json
      oncohooks screen export --output screened --engine spark --master local[2]
    """
    try:
        from cds_service.screening import running
    except ImportError as error:
        raise click.ClickException(f"{error.name} is not installed: pip install 'oncohooks[screen]'") from None
    try:
        settings = settings_or_end()
        reading = running.Reading(settings.knowledge, settings.amplification_copies, settings.site_codes)
        request = running.Request(input, output, reading, _day(today), traces=traces, restart=restart)
        chosen = running.spark_engine(master) if engine == "spark" else running.local_engine(processes)
        result = running.compare(request, since, chosen) if since else running.run(request, chosen)
    except (*running.UNUSABLE, *UNUSABLE) as error:
        raise click.ClickException(str(error)) from None
    except KeyboardInterrupt:
        click.echo("interrupted: the same command goes on from here", err=True)
        sys.exit(130)
    for line in result:
        click.echo(line)


@click.command("demo-cohort")
@click.option("--patients", type=click.IntRange(1), default=100, help="How many (default: 100).")
@click.option("--output", required=True, type=_FOLDER, help="Folder of the files, one for each resource type.")
@click.option("--seed", type=int, default=1, help="Another number gives other patients (default: 1).")
@click.option("--gzip", "compress", is_flag=True, help="Compress the files.")
def demo_cohort(patients: int, output: Path, seed: int, compress: bool) -> None:
    """Write a cohort of invented patients as FHIR bulk data.

    Tumours, results and treatments occur about as often as in Europe, each written in one of the notations that are
    read. The same seed gives the same bytes.

    \b
    Example:
      oncohooks demo-cohort --patients 1000 --output cohort
    """
    from cds_service.advisor import Advisor  # only here, so that the help does not load the knowledge
    from cds_service.cohorts import Cohort, write_cohort

    existing = [path.name for path in output.glob("*.ndjson*")] if output.is_dir() else []
    if existing:
        raise click.ClickException(f"{output} holds {existing[0]}: name an empty folder")
    cohort = Cohort(Advisor.load().tables, seed)
    bar: Any = click.progressbar(length=patients, label="inventing patients", file=sys.stderr)
    try:
        with bar as shown:
            resources = write_cohort(cohort, patients, output, compress=compress, advance=shown.update)
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from None
    click.echo(f"{patients} patients, {resources} resources in {output}")


def _day(today: datetime | None) -> date | None:
    return today.date() if today else None
