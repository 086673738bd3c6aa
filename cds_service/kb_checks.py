"""The curator's commands that check and build: ``oncohooks kb validate``, ``verify`` and ``build``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import yaml

from cds_service import kb_text
from cds_service.codec import dumps
from cds_service.curation import read_label_texts, read_table, vocabulary
from cds_service.kb_options import as_json, from_knowledge, loaded, source, stopping_on_unusable
from cds_service.text_layout import heading
from fhir_mappings import load_tables
from knowledge import KnowledgeBase
from knowledge.alterations import AlterationCatalogue
from knowledge.coverage import coverage
from knowledge.loading import load_genes
from knowledge.problems import Problem, Severity
from knowledge.reference_checks import anchor_problems, answered_rows, requirement_problems, row_problems
from knowledge.release import Release, release_text
from knowledge.sources import DATA, RELEASE_FILE, fingerprint
from knowledge.staleness import LabelCheck, LabelText, Standing, check_labels, stale_document
from knowledge.terminology import TumourTree
from knowledge.validation import Validation
from knowledge.yaml_files import read_yaml

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)

_STALE_HEADER = """\
# Medicines whose label has a newer text than the one that their statements were read from.
# Written by `oncohooks kb verify FILE --write`. An entry ends by itself when the medicine's file names the newer label.
"""


@click.command()
@click.argument("folder", type=_FOLDER, required=False)
@click.option("--labels", type=_FILE, help="Label texts (JSON lines): is every anchor in the text of its date?")
@click.option("--table", type=_FILE, help="Reference table (TSV): is every row answered by a statement?")
@click.option("--requirements", type=_FILE, help="Test requirements (TSV): does every statement say them?")
@click.option("--strict", is_flag=True, help="Fail for gaps too, not for errors only.")
@as_json
@stopping_on_unusable
def validate(
    folder: Path | None,
    labels: Path | None,
    table: Path | None,
    requirements: Path | None,
    strict: bool,
    json: bool,
) -> None:
    """Check the knowledge files, list every problem, and count what is covered.

    FOLDER is a knowledge folder (default: the shipped one). An "error" has to be mended; a "gap" is something missing
    that is known and said. Exit status 1 if there is an error.

    \b
    Example:
      oncohooks kb validate --labels smpc_sections.jsonl --table eu_biomarker_indications.tsv
    """
    from knowledge.validation import validate as check  # jsonschema is needed here only

    data = folder or DATA
    result = check(data, _vocabulary(data), datetime.now(UTC).date())
    base = result.knowledge
    texts = read_label_texts(labels) if labels else None
    rows = {row["row_id"]: row["medicine"] for row in read_table(table, "row_id", "medicine")} if table else None
    if base is not None:
        if texts is not None:
            result = result.with_problems(anchor_problems(base, texts))
        if rows is not None:
            result = result.with_problems(row_problems(base, rows))
        if requirements:
            columns = ("medicine", "analyte", "wording_class", "reference_row_ids")
            result = result.with_problems(requirement_problems(base, read_table(requirements, *columns)))
    report = _report(result, base, texts, rows)
    if json:
        click.echo(dumps(report))
    else:
        _print_report(result.problems, report)
    failed = bool(result.problems) if strict else not result.passes
    sys.exit(1 if failed else 0)


def _vocabulary(data: Path) -> Any:
    tree = TumourTree.load(data / "terminology" / "oncotree.tsv")
    return vocabulary(load_tables(load_genes(), tree, AlterationCatalogue(())))


def _report(
    result: Validation,
    base: KnowledgeBase | None,
    texts: dict[str, LabelText] | None,
    rows: dict[str, str] | None,
) -> dict[str, Any]:
    """The result of a validation as JSON."""
    report: dict[str, Any] = {
        "release": base.release if base else None,
        "errors": sum(problem.severity is Severity.ERROR for problem in result.problems),
        "gaps": sum(problem.severity is Severity.GAP for problem in result.problems),
        "problems": [problem.to_json() for problem in sorted(result.problems)],
        "coverage": coverage(base, result.cases) if base else {},
    }
    if base and texts is not None:
        report["anchors"] = _anchor_counts(check_labels(base.medicines, texts))
    if base and rows is not None:
        answers = answered_rows(base)
        report["rows"] = {row: answers.get(row, []) for row in rows}
    return report


def _anchor_counts(checks: Iterable[LabelCheck]) -> dict[str, int]:
    found = list(checks)
    return {
        "found": sum(check.found for check in found),
        "not found": sum(len(check.lost) for check in found),
        "without a text": sum(len(check.unread) if check.text else check.anchors for check in found),
    }


def _print_report(problems: tuple[Problem, ...], report: dict[str, Any]) -> None:
    for line in kb_text.problem_lines(problems):
        click.echo(line)
    if problems:
        click.echo()
    click.echo(heading("Coverage"))
    for line in kb_text.coverage_lines(report["coverage"]):
        click.echo(line)
    if anchors := report.get("anchors"):
        click.echo(f"anchors in label texts: {', '.join(f'{name} {number}' for name, number in anchors.items())}")
    if rows := report.get("rows"):
        answered = {row: ids for row, ids in rows.items() if ids}
        click.echo(f"reference rows: {len(answered)} of {len(rows)} answered")
        click.echo("\n".join(f"  {row}: {', '.join(ids) or 'missing'}" for row, ids in rows.items()))
    click.echo(f"{report['errors']} errors, {report['gaps']} gaps, {report['release']}", err=True)


@click.command()
@click.argument("file", type=_FILE)
@click.option("--write", is_flag=True, help="Record what is stale in stale.yaml of the knowledge folder.")
@from_knowledge
@as_json
@stopping_on_unusable
def verify(file: Path, write: bool, knowledge: Path | None, json: bool) -> None:
    """Compare the anchors with the label texts of today.

    FILE has one JSON object in each line: {"medicine", "file", "date", "sections": {"4.1": [text]}}. A label newer than
    the one that was read makes the statements of its medicine stale: somebody has to read it. Exit status 1 if a label
    is newer, an anchor is lost, or FILE has a text of no medicine at all.

    \b
    Examples:
      oncohooks kb verify smpc_sections.jsonl
      oncohooks kb verify smpc_sections.jsonl --write --knowledge knowledge/data
    """
    place = source(knowledge) or DATA
    base = loaded(place)
    checks = list(check_labels(base.medicines, read_label_texts(file)))
    if json:
        for check in checks:
            click.echo(dumps(check.to_json()))
    else:
        click.echo(kb_text.check_table(check for check in checks if check.standing is not Standing.NO_TEXT))
        for check in checks:
            for owner, anchor in check.lost:
                click.echo(f"{check.medicine}: {owner}: lost: {anchor.section} “{anchor.text}”")
    with_text = [check for check in checks if check.text]
    newer = sum(check.standing is Standing.NEWER for check in checks)
    lost = sum(len(check.lost) for check in checks)
    summary = f"{len(with_text)} of {len(checks)} medicines have a text, {newer} labels are newer, {lost} anchors lost"
    click.echo(summary, err=True)
    if write:
        _write_stale(place, checks)
    sys.exit(0 if with_text and all(check.passes for check in with_text) else 1)


def _write_stale(data: Path, checks: list[LabelCheck]) -> None:
    """Record newer labels. What is known of medicines without a text here stays."""
    if not data.is_dir():
        raise click.ClickException("staleness is recorded in a knowledge folder, not in a release file")
    path = data / "stale.yaml"
    entries = stale_document(checks)["stale"]
    looked_at = {check.medicine for check in checks if check.text}
    if path.exists():
        entries += [entry for entry in read_yaml(path)["stale"] if entry["medicine"] not in looked_at]
    if not entries:
        path.unlink(missing_ok=True)
        click.echo("nothing is stale", err=True)
        return
    document = {"stale": sorted(entries, key=lambda entry: str(entry["medicine"]))}
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=10_000)
    path.write_text(_STALE_HEADER + text, encoding="utf-8")
    click.echo(f"{len(entries)} stale medicines are recorded in {path}", err=True)


@click.command()
@click.argument("folder", type=_FOLDER, required=False)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Release file to write.")
@as_json
@stopping_on_unusable
def build(folder: Path | None, output: Path | None, json: bool) -> None:
    """Write a release file: every document of the knowledge in one, with its digest.

    FOLDER is a knowledge folder (default: the shipped one). Without --output the file is written where the service
    looks for it; the scripts of a checkout do this by themselves when a knowledge file is newer.

    \b
    Example:
      oncohooks kb build knowledge/data --output release.json
    """
    from knowledge.documents import read_documents  # jsonschema is needed here only
    from knowledge.loading import build_knowledge_base

    data = folder or DATA
    if folder and not output:
        raise click.UsageError("a folder of your own needs --output")
    path = output or RELEASE_FILE
    sources = fingerprint(data)
    release = Release.of(read_documents(data))
    build_knowledge_base(release)  # what cannot be loaded is not written
    _replace(path, release_text(release, sources))
    result = {"release": release.digest, "file": str(path), "documents": len(release.documents)}
    click.echo(dumps(result) if json else f"{release.digest}: {len(release.documents)} documents in {path}")


def _replace(path: Path, text: str) -> None:
    """Write a file as a whole or not at all: another process may read it at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
