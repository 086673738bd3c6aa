"""The curator's commands: what they print for people and for programs, and when they fail."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from cds_service.cli import main
from cds_service.text_layout import WIDEST
from knowledge import KnowledgeBase
from knowledge.statements import Medicine, anchors_of
from tests.knowledge.folders import Folder


def _run(*arguments: object, status: int = 0) -> Result:
    result = CliRunner().invoke(main, ["kb", *map(str, arguments)])
    assert result.exit_code == status, result.output + result.stderr
    return result


def _json(*arguments: object, status: int = 0) -> list[Any]:
    return [json.loads(line) for line in _run(*arguments, "--json", status=status).stdout.splitlines()]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release of the shipped knowledge."""
    path = tmp_path_factory.mktemp("release") / "release.json"
    assert CliRunner().invoke(main, ["kb", "build", "--output", str(path)]).exit_code == 0
    return path


@pytest.fixture(autouse=True)
def _shipped_knowledge(built: Path, monkeypatch: pytest.MonkeyPatch, _no_settings_from_outside: None) -> None:
    """The commands read the same knowledge as without a setting, and faster."""
    monkeypatch.setenv("ONCOHOOKS_KNOWLEDGE", str(built))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "data")


# --- list ------------------------------------------------------------------------------------------------------------


def test_list_has_every_statement(knowledge: KnowledgeBase):
    rows = _json("list")
    assert [row["id"] for row in rows] == [statement.id for _, statement in knowledge.statements]
    assert {"id", "layer", "medicine", "inn", "tumours", "biomarkers", "summary", "label_date", "review"} <= set(
        rows[0]
    )


def test_list_as_text_fits_in_100_columns_and_holds_no_colour_codes():
    result = _run("list")
    assert max(map(len, result.stdout.splitlines())) <= WIDEST
    assert "\x1b" not in result.stdout
    assert result.stdout.splitlines()[0].split() == ["ID", "MEDICINE", "TUMOUR", "STATEMENT", "LABEL"]
    assert "statements of" in result.stderr


@pytest.mark.parametrize(
    ("filters", "held", "not_held"),
    [
        (["--tumour", "LUAD"], "tagrisso-4", "vectibix-1"),
        (["--tumour", "colorectal adenocarcinoma"], "vectibix-1", "tagrisso-4"),
        (["--gene", "kras"], "krazati-1", "tagrisso-4"),
        (["--gene", "HER2"], "enhertu-1", "tagrisso-4"),
        (["--gene", "PD-L1"], "imfinzi-2", "tagrisso-4"),
        (["--drug", "osimertinib"], "tagrisso-4", "iressa-1"),
        (["--drug", "TAGRISSO"], "tagrisso-4", "iressa-1"),
        (["--drug", "Abevmy"], "avastin-1", "iressa-1"),
        (["--layer", "safety"], "iressa-2", "iressa-1"),
        (["--layer", "label", "--drug", "gefitinib"], "iressa-1", "iressa-2"),
    ],
    ids=" ".join,
)
def test_list_is_filtered(filters: list[str], held: str, not_held: str):
    ids = {row["id"] for row in _json("list", *filters)}
    assert held in ids
    assert not_held not in ids


def test_a_tumour_type_that_does_not_exist_is_an_error_with_a_hint():
    assert "Near: NSCLC" in _run("list", "--tumour", "NSCL", status=1).stderr


def test_list_of_tests_has_the_named_tests_with_their_roles():
    (first, _) = _json("list", "--tests", "--drug", "Tagrisso")
    assert first["in_words"] == "EGFR in tumour: validated test"
    assert {test["role_in_words"] for test in first["named_tests"]} >= {"used in the pivotal trial"}
    text = _run("list", "--tests").stdout
    assert "companion diagnostic" not in text
    assert max(map(len, text.splitlines())) <= WIDEST


def test_list_of_copies_says_what_their_labels_carry():
    copies = {copy["medicine"]: copy for copy in _json("list", "--copies")}
    assert copies["Abevmy"]["carries"] == ["avastin-1"]
    assert copies["Lytenava"]["carries"] == []
    assert set(copies) > {copy["medicine"] for copy in _json("list", "--copies", "--drug", "Avastin")}
    assert max(map(len, _run("list", "--copies").stdout.splitlines())) <= WIDEST


# --- show ------------------------------------------------------------------------------------------------------------


def test_show_says_everything_that_a_statement_requires(knowledge: KnowledgeBase):
    text = _run("show", "tagrisso-2").stdout
    words = " ".join(text.split())
    for said in (
        "tagrisso-2: Tagrisso (osimertinib), indication (section 4.1)",
        "Non-Small Cell Lung Cancer (NSCLC)",
        "EGFR exon 19 deletion",
        "unresectable disease",
        "prior platinum-based chemoradiation therapy without progression",
        "age ≥ 18 years",
        "EGFR in tumour",
        "cobas EGFR Mutation Test",
        "EU label of 2026-06-29: https://www.ema.europa.eu/en/medicines/human/EPAR/tagrisso",
        "Authorisation: authorised (as of 2026-08-22)",
        "not signed off by a clinician",
        "EU0035",
    ):
        assert said in words, said
    assert max(map(len, text.splitlines())) <= WIDEST


def test_show_marks_a_conditional_authorisation_and_a_safety_statement():
    assert "conditional authorisation" in _run("show", "krazati-1").stdout
    assert "safety statement: warning" in _run("show", "iressa-2").stdout


def test_show_takes_a_brand_an_inn_and_a_copy(knowledge: KnowledgeBase):
    for name in ("Tagrisso", "osimertinib", "TAGRISSO"):
        views = _json("show", name)
        assert [view["id"] for view in views if "id" in view] == [f"tagrisso-{number}" for number in range(1, 6)]
    (lytenava,) = _json("show", "lytenava")
    assert lytenava["does_not_carry"] == ["avastin-1"]
    assert lytenava["not_compared"] == ["avastin-2"]
    shown = _run("show", "Lytenava").stdout
    assert "none of the statements" in shown
    assert "Not compared with its label: avastin-2" in shown
    assert "avastin-1" in _run("show", "Mvasi").stdout


def test_show_of_every_statement_can_be_laid_out(knowledge: KnowledgeBase):
    ids = [statement.id for _, statement in knowledge.statements]
    text = _run("show", *ids).stdout
    assert all(f"{name}: " in text for name in ids)
    longest = max((line for line in text.splitlines() if "https://" not in line), key=len)
    assert len(longest) <= WIDEST, longest


def test_show_of_a_copy_whose_reference_has_no_file_says_so(folder: Folder):
    (folder.path / "eu" / "avastin.yaml").unlink()
    text = _run("show", "Abevmy", "--knowledge", folder.path).stdout
    assert "Avastin has no file yet" in " ".join(text.split())


def test_show_of_an_unknown_name_names_what_is_near():
    assert "Near: Tagrisso" in _run("show", "Tagriso", status=1).stderr


# --- build and diff --------------------------------------------------------------------------------------------------


def test_a_built_release_compares_equal_to_its_folder(folder: Folder, tmp_path: Path):
    built = tmp_path / "release.json"
    (result,) = _json("build", folder.path, "--output", built)
    assert result["release"].startswith("sha256:")
    assert result["release"] in _run("list", "--knowledge", built).stderr
    assert "nothing was added, changed or removed" in _run("diff", built, folder.path).stdout
    assert _json("diff", built, folder.path)[0]["changes"] == []


def test_diff_says_what_a_release_of_an_earlier_form_lacks(folder: Folder, tmp_path: Path):
    built = str(tmp_path / "release.json")
    assert _run("build", folder.path, "--output", built).exit_code == 0
    (folder.path / "protein_statuses.yaml").unlink()
    text = _run("diff", folder.path, built).stdout
    assert re.search(r"^Protein statuses: \d+ added$", text, re.MULTILINE)
    assert "The earlier release has no such table" in text
    assert "The later release has no such table" in _run("diff", built, folder.path).stdout
    assert _json("diff", folder.path, built)[0]["whole"] == {"protein status": "added"}


def test_diff_says_what_changed(folder: Folder, tmp_path: Path):
    built = tmp_path / "release.json"
    _run("build", folder.path, "--output", built)
    folder.replace("eu/tagrisso.yaml", "at_least: 18", "at_least: 12")
    text = _run("diff", built, folder.path).stdout
    assert "~ changed tagrisso-1: Tagrisso (osimertinib)" in text
    assert "    - age ≥ 18 years → age ≥ 12 years" in text
    (comparison,) = _json("diff", built, folder.path)
    assert [(change["subject"], change["how"]) for change in comparison["changes"]] == [("tagrisso-1", "changed")]


def test_what_cannot_be_loaded_is_not_built(folder: Folder, tmp_path: Path):
    folder.replace("eu/tagrisso.yaml", "NSCLC", "NSCLX")
    result = _run("build", folder.path, "--output", tmp_path / "release.json", status=1)
    assert "NSCLX is not an OncoTree code" in result.stderr
    assert not (tmp_path / "release.json").exists()


def test_a_folder_of_your_own_is_not_built_over_the_shipped_release(folder: Folder):
    assert "needs --output" in _run("build", folder.path, status=2).stderr


def test_the_setting_replaces_the_shipped_knowledge(folder: Folder, monkeypatch: pytest.MonkeyPatch):
    (folder.path / "eu" / "tagrisso.yaml").unlink()
    monkeypatch.setenv("ONCOHOOKS_KNOWLEDGE", str(folder.path))
    assert "tagrisso-4" not in {row["id"] for row in _json("list")}
    monkeypatch.setenv("ONCOHOOKS_KNOWLEDGE", str(folder.path / "none.json"))
    assert "none.json is no release file" in _run("list", status=1).stderr


# --- validate --------------------------------------------------------------------------------------------------------


def test_validate_passes_for_the_shipped_knowledge_and_counts_it(knowledge: KnowledgeBase):
    (report,) = _json("validate")
    assert report["errors"] == 0
    assert report["release"] == knowledge.release
    assert report["coverage"]["statements"]["total"] == len(knowledge.statements)


def test_validate_lists_every_error_and_fails(folder: Folder):
    folder.replace("eu/tagrisso.yaml", "NSCLC", "NSCLX")
    folder.replace("eu/vectibix.yaml", "status: authorised", "status: unknown")
    result = _run("validate", folder.path, status=1)
    assert "error [name] Tagrisso: tagrisso-1: NSCLX is not an OncoTree code" in result.stdout
    assert "error [schema] eu/vectibix.yaml: at medicine/status" in result.stdout
    (report,) = _json("validate", folder.path, status=1)
    assert {"severity", "check", "file", "place", "message"} == set(report["problems"][0])


def test_validate_fails_for_gaps_only_if_asked(tmp_path: Path, folder: Folder):
    folder.replace("eu_copies.yaml", "row: EU0053", "row: EU9999")
    assert "gap [copy]" in _run("validate", folder.path).stdout
    _run("validate", folder.path, "--strict", status=1)


def test_validate_maps_the_rows_of_the_reference_table(tmp_path: Path, folder: Folder):
    table = tmp_path / "table.tsv"
    table.write_text("row_id\tmedicine\nEU0037\tTagrisso\nEU9999\tOther\n", encoding="utf-8")
    # The other statements claim rows that this table does not have.
    (report,) = _json("validate", folder.path, "--table", table, status=1)
    assert report["rows"] == {"EU0037": ["tagrisso-4"], "EU9999": []}
    text = _run("validate", folder.path, "--table", table, status=1).stdout
    assert "EU9999: missing" in text
    table.write_text("row\tmedicine\n", encoding="utf-8")
    assert "has no column row_id" in _run("validate", folder.path, "--table", table, status=1).stderr


# --- verify ----------------------------------------------------------------------------------------------------------


def _labels(path: Path, *texts: tuple[Medicine, int, bool]) -> Path:
    """A file of label texts: of each medicine so many days after the one that was read, with the anchors or without."""
    lines = []
    for medicine, later, keep in texts:
        sections: dict[str, list[str]] = {}
        for statement in medicine.statements:
            for anchor in anchors_of(statement):
                sections.setdefault(anchor.section, []).append(anchor.text if keep else "other words")
        day = medicine.label.date + timedelta(days=later)
        lines.append({"medicine": medicine.brand, "file": "new.md", "date": day.isoformat(), "sections": sections})
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


@pytest.fixture
def medicines(knowledge: KnowledgeBase) -> dict[str, Medicine]:
    return {medicine.brand: medicine for medicine in knowledge.medicines}


def test_verify_passes_while_every_anchor_stands(tmp_path: Path, medicines: dict[str, Medicine]):
    path = _labels(tmp_path / "labels.jsonl", (medicines["Tagrisso"], 0, True), (medicines["Iressa"], 0, True))
    result = _run("verify", path)
    assert "2 of " in result.stderr
    assert "0 labels are newer, 0 anchors lost" in result.stderr


@pytest.mark.parametrize(("later", "keep"), [(1, True), (0, False)])
def test_verify_fails_for_a_newer_label_and_for_a_lost_anchor(
    tmp_path: Path, medicines: dict[str, Medicine], later: int, keep: bool
):
    path = _labels(tmp_path / "labels.jsonl", (medicines["Tagrisso"], later, keep))
    text = _run("verify", path, status=1).stdout
    assert ("newer label: STALE" in text) is (later > 0)
    assert ("tagrisso-4: lost: 4.1" in text) is not keep


def test_verify_of_texts_of_other_medicines_proves_nothing(tmp_path: Path):
    path = tmp_path / "labels.jsonl"
    path.write_text('{"medicine": "Other", "file": "o.md", "date": "2026-01-01", "sections": {}}', encoding="utf-8")
    assert "0 of " in _run("verify", path, status=1).stderr
    path.write_text("{}", encoding="utf-8")
    assert "labels.jsonl:1 is no label text" in _run("verify", path, status=1).stderr


def test_verify_records_what_is_stale_until_the_label_is_read(
    tmp_path: Path, folder: Folder, medicines: dict[str, Medicine]
):
    both = _labels(tmp_path / "both.jsonl", (medicines["Tagrisso"], 30, False), (medicines["Iressa"], 30, True))
    _run("verify", both, "--knowledge", folder.path, "--write", status=1)
    rows = {row["id"]: row["stale"] for row in _json("list", "--knowledge", folder.path)}
    assert {name for name, stale in rows.items() if stale} >= {"tagrisso-1", "iressa-1"}
    assert not rows["vectibix-1"]
    text = " ".join(_run("show", "tagrisso-4", "--knowledge", folder.path).stdout.split())
    assert "STALE: the label has a newer text (2026-07-29)" in text
    assert "of its anchors no longer stand there" in text
    assert "STALE" in _run("list", "--knowledge", folder.path).stdout
    again = _labels(tmp_path / "again.jsonl", (medicines["Tagrisso"], 0, True))
    _run("verify", again, "--knowledge", folder.path, "--write")
    rows = {row["id"]: row["stale"] for row in _json("list", "--knowledge", folder.path)}
    assert not rows["tagrisso-1"]
    assert rows["iressa-1"], "nothing new is known of it"
    last = _labels(tmp_path / "last.jsonl", (medicines["Iressa"], 0, True))
    _run("verify", last, "--knowledge", folder.path, "--write")
    assert not (folder.path / "stale.yaml").exists()


def test_the_newest_of_several_texts_counts(tmp_path: Path, medicines: dict[str, Medicine]):
    tagrisso = medicines["Tagrisso"]
    path = _labels(tmp_path / "labels.jsonl", (tagrisso, 1, True), (tagrisso, 0, True))
    (check,) = [check for check in _json("verify", path, status=1) if check["text"]]
    assert check["standing"] == "newer label"
    assert date.fromisoformat(check["text"]) > date.fromisoformat(check["read"])


def test_staleness_is_not_recorded_in_a_release_file(tmp_path: Path, folder: Folder, medicines: dict[str, Medicine]):
    built = tmp_path / "release.json"
    _run("build", folder.path, "--output", built)
    path = _labels(tmp_path / "labels.jsonl", (medicines["Tagrisso"], 1, True))
    assert "not in a release file" in _run("verify", path, "--knowledge", built, "--write", status=1).stderr


# --- help ------------------------------------------------------------------------------------------------------------


def test_every_command_that_reads_knowledge_has_json_and_help():
    group = main.commands["kb"]
    assert isinstance(group, click.Group)
    for name, command in group.commands.items():
        if name == "import-civic":
            continue  # writes a table
        assert "--json" in {option for parameter in command.params for option in parameter.opts}, name
        assert _run(name, "--help").stdout
