"""The release: one file with its digest, the same on every machine, and never stale."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge import KnowledgeError, load_knowledge_base
from knowledge import loading as loading_module
from knowledge.documents import read_documents
from knowledge.loading import read_release
from knowledge.release import Release, canonical_json, read_release_file, release_digest, release_text
from knowledge.sources import DATA, RELEASE_FILE, fingerprint
from tests.knowledge.folders import Folder


@pytest.fixture(scope="module")
def release() -> Release:
    return Release.of(read_documents(DATA))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return Folder(tmp_path / "data").path


def test_canonical_json_is_pinned():
    content = {"b": [1.0, 2.5, 1e21, 0.1, -0.0, True, None], "a": {"é": "≥ 50 %", "Z": "", "10": 10, "9": "\n"}}
    assert canonical_json(content) == (
        '{"a":{"10":10,"9":"\\n","Z":"","é":"≥ 50 %"},"b":[1,2.5,1000000000000000000000,0.1,0,true,null]}'
    )


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_json_number_has_no_canonical_form(number: float):
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": number})


def test_the_digest_is_pinned_and_depends_on_values_alone():
    documents = {"eu/b.yaml": {"y": 1, "x": [1.5]}, "eu/a.yaml": "text"}
    assert release_digest(documents) == "sha256:5bfa05ecc7a6aa6d"
    assert release_digest({"eu/a.yaml": "text", "eu/b.yaml": {"x": [1.5], "y": 1.0}}) == release_digest(documents)
    assert release_digest({"eu/a.yaml": "text", "eu/b.yaml": {"x": [1.5], "y": 2}}) != release_digest(documents)


#: Prints the digest of the shipped files, which are found in this order.
_FROM_FILES = """
import pathlib, sys
found = pathlib.Path.glob
pathlib.Path.glob = lambda self, pattern: sorted(found(self, pattern), reverse=sys.argv[1] == "reversed")
from knowledge.documents import read_documents
from knowledge.release import Release
from knowledge.sources import DATA
print(Release.of(read_documents(DATA)).digest)
"""
#: What differs from machine to machine and from start to start. ``C`` without coercion has ASCII as its encoding.
_MACHINES = {
    "one": {"PYTHONHASHSEED": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "TZ": "UTC"},
    "another": {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "Pacific/Kiritimati", "PYTHONOPTIMIZE": "2"},
    "a third": {"PYTHONHASHSEED": "random", "LANG": "tr_TR.UTF-8", "TZ": "America/Los_Angeles"},
}


@pytest.mark.parametrize(("machine", "order"), [("one", "sorted"), ("another", "reversed"), ("a third", "reversed")])
def test_the_digest_is_the_same_wherever_it_is_computed(release: Release, machine: str, order: str):
    run = [sys.executable, "-c", _FROM_FILES, order]
    root = str(DATA.parent.parent)
    result = subprocess.run(run, capture_output=True, text=True, check=True, env=_MACHINES[machine], cwd=root)
    assert result.stdout.strip() == release.digest


#: Prints the digest of a release file and, where jsonschema is there to read them, of the shipped files.
_IN_ANY_PYTHON = """
import sys
from pathlib import Path
from knowledge.release import Release, read_release_file
from knowledge.sources import DATA
print(read_release_file(Path(sys.argv[1])).digest)
try:
    from knowledge.documents import read_documents
except ImportError:
    pass
else:
    print(Release.of(read_documents(DATA)).digest)
"""


def _other_pythons() -> dict[str, str]:
    """Interpreters on this machine other than that of the tests, of a supported version, and with PyYAML."""
    found: dict[str, str] = {}
    places = {"/usr/bin", "/usr/local/bin", *os.environ.get("PATH", "").split(os.pathsep)} - {
        str(Path(sys.executable).parent)
    }
    for name in ("python3", *(f"python3.{minor}" for minor in range(11, 16))):
        for place in sorted(places):
            path = shutil.which(name, path=place)
            if path is None:
                continue
            asked = [path, "-c", "import sys, yaml; print(sys.version_info >= (3, 11) and sys.version)"]
            said = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
            if said not in ("", "False", sys.version):
                found.setdefault(said, path)
    return found


def test_every_other_python_of_this_machine_gives_the_same_digest(release: Release, tmp_path: Path):
    others = _other_pythons()
    if not others:
        pytest.skip("this machine has no other Python of a supported version with PyYAML")
    file = tmp_path / "release.json"
    file.write_text(release_text(release, ""), encoding="utf-8")
    root = str(DATA.parent.parent)
    for version, path in others.items():
        run = [path, "-c", _IN_ANY_PYTHON, str(file)]
        result = subprocess.run(run, capture_output=True, text=True, check=True, cwd=root, env={"PYTHONPATH": root})
        assert set(result.stdout.split()) == {release.digest}, version


def test_a_release_file_gives_what_the_folder_gives(release: Release, tmp_path: Path):
    path = tmp_path / "release.json"
    path.write_text(release_text(release, "built from"), encoding="utf-8")
    built, read = load_knowledge_base(path), load_knowledge_base(DATA)
    assert built.release == read.release == release.digest
    assert built.medicines == read.medicines
    assert built.copies == read.copies
    assert built.named_tests == read.named_tests


def test_the_built_release_file_is_what_the_knowledge_files_give(release: Release):
    if not RELEASE_FILE.exists():
        pytest.skip("no release file has been built here: oncohooks kb build")
    built = read_release_file(RELEASE_FILE, fingerprint(DATA))
    if built is None:
        pytest.skip("a knowledge file has changed since it was built, so it is not used: oncohooks kb build")
    assert built.digest == release.digest


@pytest.mark.parametrize("change", ['"Tagrisso"', "2026-06-29"])
def test_a_release_file_with_other_content_than_its_digest_is_refused(release: Release, tmp_path: Path, change: str):
    path = tmp_path / "release.json"
    text = release_text(release, "")
    assert change in text
    path.write_text(text.replace(change, change[:-2] + "x" + change[-1], 1), encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"release\.json: its content is not what its digest sha256:"):
        load_knowledge_base(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "is no release file"), ("[]", "is no release file"), ("{}", "'format'"), ('{"a": 1', "is no release file")],
)
def test_what_is_no_release_file_is_said(tmp_path: Path, text: str, message: str):
    path = tmp_path / "release.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(KnowledgeError, match=message):
        load_knowledge_base(path)


def test_an_unknown_form_is_refused(release: Release, tmp_path: Path):
    path = tmp_path / "release.json"
    content = json.loads(release_text(release, "")) | {"format": 99}
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(KnowledgeError, match="has the form 99"):
        load_knowledge_base(path)


@pytest.mark.parametrize("source", ["none.json", "."])
def test_a_source_that_is_not_there_or_no_knowledge_is_said(tmp_path: Path, source: str):
    with pytest.raises(KnowledgeError, match=r"no release file|no folder of knowledge"):
        load_knowledge_base(tmp_path / source)


def test_a_stale_release_file_is_never_used(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    built = tmp_path / "release.json"
    monkeypatch.setattr(loading_module, "DATA", data)
    monkeypatch.setattr(loading_module, "RELEASE_FILE", built)
    without = read_release().digest
    built.write_text(release_text(Release.of(read_documents(data)), fingerprint(data)), encoding="utf-8")
    monkeypatch.setattr(loading_module, "_read_folder", lambda _: pytest.fail("the built release file is current"))
    assert read_release().digest == without
    monkeypatch.undo()
    monkeypatch.setattr(loading_module, "DATA", data)
    monkeypatch.setattr(loading_module, "RELEASE_FILE", built)
    tagrisso = data / "eu" / "tagrisso.yaml"
    tagrisso.write_text(tagrisso.read_text(encoding="utf-8").replace("at_least: 18", "at_least: 12"), encoding="utf-8")
    assert read_release().digest not in {without}
    (data / "eu" / "vizimpro.yaml").unlink()
    assert "eu/vizimpro.yaml" not in read_release().documents


def test_what_is_no_content_does_not_change_the_release(data: Path):
    before = read_release(data).digest
    path = data / "eu" / "tagrisso.yaml"
    path.write_text("# a remark\n" + path.read_text(encoding="utf-8").replace("\n", "\r\n"), encoding="utf-8")
    assert read_release(data).digest == before
