"""Releases of earlier forms, read for a comparison only.

What is served has every table that this version knows. An earlier release may lack one that came later, or keep one
elsewhere. To compare it, the missing table is taken as empty and the other is read where it was; both are said in
words, and the digest is that of the release as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.loading import KnowledgeBase, build_knowledge_base, read_release
from knowledge.problems import KnowledgeError
from knowledge.release import Release
from knowledge.sources import EVIDENCE

#: Tables that the first releases did not have, and what an empty one holds.
_EMPTY: Mapping[str, Any] = {"protein_statuses.yaml": {"statuses": []}}
#: The kind of change (:class:`knowledge.comparison.Change`) that each table is compared in which a release may lack.
_KINDS = {
    "protein_statuses.yaml": "protein status",
    "eu_copies.yaml": "copy",
    "tests/named_tests.tsv": "named test",
    EVIDENCE: "evidence",
}
_CLASSES = "drug_classes/"
#: Where a table stood before, its schema, and the name under which it is understood now.
_MOVED = {"drug_classes.yaml": ("drug_classes", f"{_CLASSES}all.yaml")}


@dataclass(frozen=True, slots=True)
class Comparable:
    """The documents of a release in the form that is compared, and its digest as it was.

    ``lacks``: the kinds of changes for which it has no table. ``undefined``: drug classes that others of it include and
    that it does not have.
    """

    documents: Mapping[str, Any]
    digest: str
    lacks: frozenset[str]
    undefined: tuple[str, ...]

    def knowledge(self) -> KnowledgeBase:
        """The knowledge base, to compare it. Raises :class:`KnowledgeError` for what the documents cannot mean."""
        defined = {
            name: _without(self.undefined, part) if name.startswith(_CLASSES) else part
            for name, part in self.documents.items()
        }
        return build_knowledge_base(Release(defined, self.digest))


def read_release_to_compare(source: Path) -> Release:
    """The documents of a release file or folder of this form or an earlier one. Raises :class:`KnowledgeError`.

    Not to be served: a table may be missing in it (:func:`comparable`).
    """
    if not (source / "eu").is_dir():
        return read_release(source)
    from knowledge.documents import read_documents, schema_problems  # jsonschema is needed here only
    from knowledge.yaml_files import UnreadableYaml, read_yaml

    documents = read_documents(source, may_lack=frozenset(_EMPTY))
    for name, (schema, _) in _MOVED.items():
        if not (source / name).exists():
            continue
        try:
            documents[name] = read_yaml(source / name)
        except (UnreadableYaml, OSError) as error:
            raise KnowledgeError(f"{name}: {error}") from error
        for problem in schema_problems(name, documents[name], schema):
            raise KnowledgeError(str(problem))
    return Release.of(documents)


def comparable(release: Release) -> Comparable:
    """A release in the form of this version, with an empty table for each that came later."""
    documents = {_MOVED[name][1] if name in _MOVED else name: part for name, part in release.documents.items()}
    lacks = frozenset(kind for name, kind in _KINDS.items() if name not in documents)
    documents = {name: part for name, part in _EMPTY.items() if name not in documents} | documents
    return Comparable(documents, release.digest, lacks, _undefined(documents))


def _undefined(documents: Mapping[str, Any]) -> tuple[str, ...]:
    """Drug classes that others include and that are not there; the first releases were not checked for them."""
    classes = [item for name, part in documents.items() if name.startswith(_CLASSES) for item in part["classes"]]
    included = {name for item in classes for name in item.get("includes", ())}
    return tuple(sorted(included - {item["name"] for item in classes}))


def _without(undefined: tuple[str, ...], document: Mapping[str, Any]) -> Mapping[str, Any]:
    def kept(item: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**item, "includes": [name for name in item.get("includes", ()) if name not in undefined]}

    return {"classes": [kept(item) for item in document["classes"]]} if undefined else document
