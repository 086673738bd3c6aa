"""The curator's commands that read: ``oncohooks kb list``, ``show`` and ``diff``. Those that check stand beside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cds_service import kb_text
from cds_service.codec import dumps
from cds_service.import_civic import import_civic_command
from cds_service.kb_checks import build, validate, verify
from cds_service.kb_lookup import NotFound, look_up, matching, required_tests
from cds_service.kb_options import as_json, from_knowledge, loaded, stopping_on_unusable
from knowledge import KnowledgeBase
from knowledge.comparison import compare
from knowledge.copies import Copy
from knowledge.earlier import read_release_to_compare
from knowledge.loading import load_genes
from knowledge.statements import Medicine
from knowledge.views import copy_view, medicine_view, statement_row, statement_view


@click.group()
def kb() -> None:
    """The curator's tools: check, read and compare the knowledge.

    The knowledge is YAML, one file for each medicine. The way from a label to a statement: change or add a file,
    "kb validate", look at it with "kb show", compare with the last release by "kb diff".
    """


kb.add_command(build)
kb.add_command(validate)
kb.add_command(verify)
kb.add_command(import_civic_command)


@kb.command("list")
@click.option("--tumour", help="Only for this OncoTree code or name, a type above or one below it: NSCLC.")
@click.option("--gene", help="Only those that ask about this gene or marker: EGFR, PD-L1.")
@click.option("--drug", help="Only this brand, INN, or brand of a generic or biosimilar.")
@click.option("--layer", type=click.Choice(["label", "safety"]), help="Only indications, or only safety statements.")
@click.option("--tests", is_flag=True, help="List required tests, with the tests that EMA documents name.")
@click.option("--copies", is_flag=True, help="List generics and biosimilars, with what their own labels carry.")
@from_knowledge
@as_json
def list_statements(
    tumour: str | None,
    gene: str | None,
    drug: str | None,
    layer: str | None,
    tests: bool,
    copies: bool,
    knowledge: Path | None,
    json: bool,
) -> None:
    """List statements: id, medicine, tumour, biomarkers, what is said, label date, review.

    \b
    Examples:
      oncohooks kb list --tumour NSCLC --gene KRAS
      oncohooks kb list --drug osimertinib --tests
    """
    base = loaded(knowledge)
    try:
        pairs = matching(base, load_genes, tumour, gene, drug, layer)
    except NotFound as error:
        raise click.ClickException(str(error)) from None
    if copies:
        brands = {medicine.brand for medicine, _ in pairs}
        filtered = any((tumour, gene, drug, layer))
        views = [_copy_view(base, copy) for copy in base.copies if not filtered or copy.reference in brands]
        _print(views, json, kb_text.copy_table, f"{len(views)} generics and biosimilars")
    elif tests:
        required = list(required_tests(pairs))
        _print(required, json, kb_text.test_table, f"{len(required)} test requirements")
    else:
        rows = [statement_row(medicine, statement) for medicine, statement in pairs]
        medicines = len({row["medicine"] for row in rows})
        _print(rows, json, kb_text.statement_table, f"{len(rows)} statements of {medicines} medicines, {base.release}")


def _print(views: list[dict[str, Any]], json: bool, layout: Any, count: str) -> None:
    if json:
        for view in views:
            click.echo(dumps(view))
    elif views:
        click.echo(layout(views))
    click.echo(count, err=True)


@kb.command()
@click.argument("names", nargs=-1, required=True)
@from_knowledge
@as_json
def show(names: tuple[str, ...], knowledge: Path | None, json: bool) -> None:
    """Show statements as a clinician reads them: what is required, why, tests, label, review.

    NAMES are ids of statements (tagrisso-3), brands, INNs, or brands of generics and biosimilars.

    \b
    Examples:
      oncohooks kb show tagrisso-3
      oncohooks kb show osimertinib --json
    """
    base = loaded(knowledge)
    try:
        found = [look_up(base, name) for name in names]
    except NotFound as error:
        raise click.ClickException(str(error)) from None
    tree = base.reference.tumours
    parts: list[tuple[dict[str, Any], Any]] = []
    for each in found:
        parts += [(statement_view(medicine, part, tree), kb_text.statement_text) for medicine, part in each.statements]
        for medicine in each.medicines:
            parts.append((medicine_view(medicine, tree), kb_text.medicine_text))
            parts += [(statement_view(medicine, part, tree), kb_text.statement_text) for part in medicine.statements]
        parts += [(_copy_view(base, copy), kb_text.copy_text) for copy in each.copies]
    for number, (view, layout) in enumerate(parts):
        click.echo(dumps(view) if json else ("\n" if number else "") + layout(view))


def _copy_view(base: KnowledgeBase, copy: Copy) -> dict[str, Any]:
    reference: Medicine | None = next((item for item in base.medicines if item.brand == copy.reference), None)
    return copy_view(copy, reference)


@kb.command()
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@as_json
@stopping_on_unusable
def diff(before: Path, after: Path, json: bool) -> None:
    """Compare two releases in words: what was added, changed, removed.

    BEFORE and AFTER are release files (of "kb build") or knowledge folders. Either may be of an earlier form that could
    not be served any more: a table that it does not have counts as empty, and that is said.

    \b
    Example:
      oncohooks kb diff release-before.json release.json
    """
    comparison = compare(read_release_to_compare(before), read_release_to_compare(after))
    if json:
        click.echo(dumps(comparison.to_json()))
        return
    for line in kb_text.comparison_lines(comparison):
        click.echo(line)
