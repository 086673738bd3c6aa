"""Drug classes as labels name them ("EGFR tyrosine kinase inhibitor"), as curated data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class InvalidDrugClasses(ValueError):
    """Drug classes that contradict each other."""


@dataclass(frozen=True, slots=True)
class DrugClass:
    """A class with its members by INN; a treatment that is no drug (chemoradiation) has none.

    ``includes``: other classes all of whose therapies belong to this one.
    """

    name: str
    label: str
    members: frozenset[str]
    source: str
    includes: frozenset[str] = frozenset()


class DrugClasses:
    """All drug classes, by name. Raises :class:`InvalidDrugClasses` if one includes an undefined class or itself."""

    def __init__(self, classes: Iterable[DrugClass]) -> None:
        self._classes: dict[str, DrugClass] = {}
        for item in classes:
            if item.name in self._classes:
                raise InvalidDrugClasses(f"drug class {item.name} is defined twice")
            self._classes[item.name] = item
        self._included = {name: self._closure(name, ()) for name in self._classes}
        self._members = {
            name: frozenset[str]().union(*(self._classes[part].members for part in parts))
            for name, parts in self._included.items()
        }

    def _closure(self, name: str, path: tuple[str, ...]) -> frozenset[str]:
        if name in path:
            raise InvalidDrugClasses(f"drug class {name} includes itself")
        if name not in self._classes:
            raise InvalidDrugClasses(f"drug class {name} is included by {path[-1]} and not defined")
        parts = (self._closure(part, (*path, name)) for part in self._classes[name].includes)
        return frozenset({name}).union(*parts)

    def __contains__(self, name: str) -> bool:
        return name in self._classes

    def __getitem__(self, name: str) -> DrugClass:
        return self._classes[name]

    def __iter__(self) -> Iterable[str]:
        return iter(self._classes)

    def included(self, name: str) -> frozenset[str]:
        """The names of the class itself and of the classes that it includes, directly or not."""
        return self._included[name]

    def members(self, name: str) -> frozenset[str]:
        """The INNs of a class and of those it includes; empty for a treatment that is not a single drug."""
        return self._members[name]


def read_drug_classes(documents: Iterable[Mapping[str, Any]]) -> DrugClasses:
    """Build the table from its YAML documents."""
    return DrugClasses(
        DrugClass(
            item["name"],
            item["label"],
            frozenset(item.get("members", ())),
            item["source"],
            frozenset(item.get("includes", ())),
        )
        for document in documents
        for item in document["classes"]
    )
