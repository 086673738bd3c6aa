"""Releases of earlier forms: compared honestly, and never served."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from knowledge.comparison import compare
from knowledge.earlier import comparable, read_release_to_compare
from knowledge.loading import build_knowledge_base, load_knowledge_base, read_release
from knowledge.problems import KnowledgeError
from knowledge.release import Release, release_digest, release_text
from tests.knowledge.folders import Folder

STATUSES = "protein_statuses.yaml"
CLASSES = "drug_classes"


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "data")


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return read_release(Folder(tmp_path_factory.mktemp("today") / "data").path)


def _in_one_file(folder: Folder) -> list[dict[str, object]]:
    """Put all drug classes into one file, as the first releases had them."""
    classes = []
    for path in sorted((folder.path / CLASSES).glob("*.yaml")):
        classes += yaml.safe_load(path.read_text(encoding="utf-8"))["classes"]
        path.unlink()
    (folder.path / CLASSES).rmdir()
    _write(folder, classes)
    return classes


def _write(folder: Folder, classes: object) -> None:
    (folder.path / f"{CLASSES}.yaml").write_text(yaml.safe_dump({"classes": classes}), encoding="utf-8")


def test_a_table_that_came_later_counts_as_empty_and_is_said(folder: Folder, today: Release):
    (folder.path / STATUSES).unlink()
    earlier = read_release_to_compare(folder.path)
    comparison = compare(earlier, today)
    assert comparison.whole == {"protein status": "added"}
    assert {(change.kind, change.how) for change in comparison.changes} == {("protein status", "added")}
    assert compare(today, earlier).whole == {"protein status": "removed"}


def test_the_digest_is_that_of_the_release_as_it_was(folder: Folder, today: Release):
    (folder.path / STATUSES).unlink()
    earlier = read_release_to_compare(folder.path)
    documents = {name: part for name, part in today.documents.items() if name != STATUSES}
    assert earlier.digest == comparable(earlier).digest == release_digest(documents)
    assert STATUSES not in earlier.documents


def test_a_release_without_the_table_is_not_served(folder: Folder, today: Release, tmp_path: Path):
    documents = {name: part for name, part in today.documents.items() if name != STATUSES}
    file = tmp_path / "release.json"
    file.write_text(release_text(Release.of(documents), "none"), encoding="utf-8")
    (folder.path / STATUSES).unlink()
    for source in (folder.path, file):
        with pytest.raises(KnowledgeError, match=STATUSES):
            load_knowledge_base(source)
        with pytest.raises(KnowledgeError, match=STATUSES):
            build_knowledge_base(read_release_to_compare(source))
        assert compare(read_release_to_compare(source), today).whole == {"protein status": "added"}


def test_optional_tables_that_one_side_lacks_are_said_too(folder: Folder, today: Release):
    (folder.path / "eu_copies.yaml").unlink()
    (folder.path / "tests" / "named_tests.tsv").unlink()
    comparison = compare(read_release_to_compare(folder.path), today)
    assert comparison.whole == {"copy": "added", "named test": "added"}
    assert {change.kind for change in comparison.changes} == {"copy", "named test"}


def test_drug_classes_in_one_file_are_the_same_classes(folder: Folder, today: Release):
    _in_one_file(folder)
    comparison = compare(read_release_to_compare(folder.path), today)
    assert [(change.kind, change.subject) for change in comparison.changes] == [("file", "drug_classes/")]


def test_a_class_that_others_include_and_nobody_defines_is_said(folder: Folder, today: Release):
    classes = _in_one_file(folder)
    named = next(item for item in classes if item.get("includes"))
    named["includes"] = [*list(named["includes"]), "class-of-later"]  # type: ignore[call-overload]
    _write(folder, classes)
    comparison = compare(read_release_to_compare(folder.path), today)
    assert [note for note in comparison.notes if "earlier release" in note and "class-of-later" in note]
    (change,) = [change for change in comparison.changes if change.kind == "drug class"]
    assert change.details == ("included classes: no longer class-of-later",)


def test_a_file_of_an_earlier_form_is_checked_like_any_other(folder: Folder):
    _in_one_file(folder)
    _write(folder, [{"name": "no label"}])
    with pytest.raises(KnowledgeError, match=r"drug_classes\.yaml"):
        read_release_to_compare(folder.path)
    (folder.path / f"{CLASSES}.yaml").write_text("classes: [", encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"drug_classes\.yaml"):
        read_release_to_compare(folder.path)


def test_a_folder_of_something_else_is_no_release(tmp_path: Path):
    with pytest.raises(KnowledgeError, match="no folder of knowledge"):
        read_release_to_compare(tmp_path)
