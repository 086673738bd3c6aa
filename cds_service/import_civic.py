"""``oncohooks kb import-civic``: CIViC's released files to the evidence table of the knowledge base."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from fhir_mappings.drugs import DrugTable
from fhir_mappings.tables import DATA as MAPPING_DATA
from knowledge import KnowledgeError
from knowledge.civic import (
    CivicFileError,
    CivicFiles,
    CivicImport,
    InvalidMap,
    VariantReader,
    import_civic,
    read_civic_files,
    read_map,
)
from knowledge.loading import DATA, EVIDENCE, load_genes, load_reference
from knowledge.yaml_files import UnreadableYaml, read_yaml

_LEVELS = "ABCDE"
_MAP = DATA / "evidence" / "civic_map.yaml"


def _levels(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    levels = "".join(sorted(set(value.upper().replace(",", "").replace(" ", ""))))
    if not levels or set(levels) - set(_LEVELS):
        raise click.BadParameter(f"levels are letters of {_LEVELS}: {value}")
    return levels


@click.command("import-civic")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--levels", default="A,B", show_default=True, callback=_levels, help="Evidence levels to import.")
@click.option("--output", type=click.Path(path_type=Path), help="Where to write (default: the knowledge base's table).")
@click.option("--refused", type=click.Path(path_type=Path), help="Write every item that was left out, with the reason.")
def import_civic_command(files: tuple[Path, ...], levels: str, output: Path | None, refused: Path | None) -> None:
    """Compile CIViC's released TSV files into the evidence table.

    FILES are the files of one release (evidence, assertions, molecular profiles, variants, features), or folders that
    hold them. Prints what was imported, and what was not and why.

    \b
    Example:
      oncohooks kb import-civic civic/ --levels A,B --refused refused.tsv
    """
    try:
        civic = read_civic_files({path.name: path.read_text(encoding="utf-8") for path in _paths(files)})
        result = _import(civic, levels)
    except (CivicFileError, InvalidMap, KnowledgeError, UnreadableYaml, UnicodeDecodeError) as error:
        raise click.ClickException(str(error)) from None
    target = output or DATA / EVIDENCE
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(result.table(_header(civic, levels)), encoding="utf-8", newline="\n")
    if refused:
        refused.write_text("".join(_refusals(result)), encoding="utf-8", newline="\n")
    for line in report(civic, result, target):
        click.echo(line)


def _paths(files: tuple[Path, ...]) -> Iterator[Path]:
    for path in files:
        if path.is_dir():
            yield from sorted(path.glob("*.tsv"))
        else:
            yield path


def _import(civic: CivicFiles, levels: str) -> CivicImport:
    genes, reference = load_genes(), load_reference()
    drugs = DrugTable.load(MAPPING_DATA)
    return import_civic(
        civic,
        levels,
        VariantReader.of(genes, reference.alterations, civic.variants, civic.features),
        read_map(read_yaml(_MAP), reference.tumours),
        lambda name: inn_of(name, drugs),
    )


def inn_of(name: str, drugs: DrugTable) -> str | None:
    """The INN that one of CIViC's therapy names begins with ("Imatinib Mesylate"); a regimen has none."""
    reading = drugs.of_text(name)
    if reading.problem or len(reading.drugs) != 1:
        return None
    (inn,) = reading.drugs
    return inn if name.casefold().startswith(inn) and "regimen" not in name.casefold() else None


def _header(civic: CivicFiles, levels: str) -> str:
    command = f"oncohooks kb import-civic --levels {','.join(levels)} {' '.join(civic.names)}"
    return f"CIViC (civicdb.org), CC0 1.0, evidence reviewed up to {civic.newest_review}. Made by: {command}"


def report(civic: CivicFiles, result: CivicImport, target: Path) -> Iterator[str]:
    """What was imported and what was not, in lines."""
    for name, reason in civic.unused:
        yield f"not used: {name}: {reason}"
    yield f"read: {result.read} evidence items and assertions"
    for reason, count in sorted(result.outside.items()):
        yield f"not asked for: {count}: {reason}"
    yield (
        f"imported: {result.items} evidence items in {len(result.rows) - result.assertions} statements, "
        f"{result.assertions} assertions"
    )
    yield f"not imported: {len(result.refused)}"
    for reason, count in result.reasons:
        yield f"not imported: {count}: {reason}"
    yield f"written: {target}"


def _refusals(result: CivicImport) -> Iterator[str]:
    yield "id\tprofile\tdisease\ttherapies\treason\n"
    for item in result.refused:
        yield "\t".join((item.id, item.profile, item.disease, item.therapies, item.reason)) + "\n"
