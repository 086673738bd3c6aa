"""The files that a release is built from, and a fingerprint that tells whether one of them has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent
DATA = PACKAGE / "data"
SCHEMAS = PACKAGE / "schema"
#: Where ``oncohooks kb build`` writes the release of the shipped files, and where loading looks for it.
RELEASE_FILE = PACKAGE / "release.json"
#: Ends the name of the file beside a medicine's that holds its example patients.
CASES = ".cases.yaml"

#: The table of evidence beyond the label.
EVIDENCE = "evidence/civic.tsv"

#: Folders of YAML files, each with the schema of its files.
FOLDERS = {"eu": "medicine", "alterations": "alterations", "drug_classes": "drug_classes"}
#: Single YAML files, each with its schema.
FILES = {
    "stages.yaml": "stages",
    "protein_statuses.yaml": "protein_statuses",
    "eu_copies.yaml": "copies",
    "stale.yaml": "stale",
}
#: YAML files that need not be there. Without ``stale.yaml`` no label is known to have changed.
OPTIONAL = frozenset({"eu_copies.yaml", "stale.yaml"})
#: Compiled tables, kept in the release as text. The tumour tree decides what a criterion on a node covers.
TABLES = ("terminology/oncotree.tsv", "tests/named_tests.tsv", EVIDENCE)


def yaml_sources(
    data: Path, folders: Collection[str] = FOLDERS, may_lack: frozenset[str] = frozenset()
) -> Iterator[tuple[str, str, Path]]:
    """The YAML files of the release in the order of their names, of these folders only: name, schema, path.

    Single files of ``may_lack`` need not be there, like those of ``OPTIONAL``.
    """
    optional = OPTIONAL | may_lack
    named = {
        path.relative_to(data).as_posix(): (schema, path)
        for folder, schema in FOLDERS.items()
        if folder in folders
        for path in (data / folder).glob("*.yaml")
        if not path.name.endswith(CASES)
    }
    named |= {name: (schema, data / name) for name, schema in FILES.items() if name not in optional}
    named |= {name: (FILES[name], data / name) for name in optional if (data / name).exists()}
    for name, (schema, path) in sorted(named.items()):
        yield name, schema, path


def table_sources(data: Path) -> Iterator[tuple[str, Path]]:
    """The compiled tables of the release: name, path. A folder for an experiment need not have all."""
    for name in TABLES:
        if (data / name).exists():
            yield name, data / name


def fingerprint(data: Path) -> str:
    """A digest of the bytes of every source and schema, which takes milliseconds: equal only if nothing changed."""
    files = [(name, path) for name, _, path in yaml_sources(data)] + list(table_sources(data))
    files += [(f"schema/{path.name}", path) for path in SCHEMAS.glob("*.json")]
    digest = hashlib.sha256()
    for name, path in sorted(files):
        content = path.read_bytes()
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()
