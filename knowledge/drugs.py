"""Drug classes as labels name them ("EGFR tyrosine kinase inhibitor"), as curated data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class DrugClass:
    """A class with its members by INN. ``kind`` is ``drug`` or, for instance for chemoradiation, ``treatment``."""

    name: str
    label: str
    members: frozenset[str]
    source: str
    includes: frozenset[str] = frozenset()  # other classes all of whose therapies belong to this one


class DrugClasses:
    """All drug classes, by name."""

    def __init__(self, classes: Mapping[str, DrugClass]) -> None:
        self._classes = dict(classes)

    def __contains__(self, name: str) -> bool:
        return name in self._classes

    def __getitem__(self, name: str) -> DrugClass:
        return self._classes[name]

    def included(self, name: str) -> frozenset[str]:
        """The names of the class itself and of the classes that it includes."""
        return frozenset({name}) | self._classes[name].includes

    def members(self, name: str) -> frozenset[str]:
        """The INNs of a class; empty for a treatment that is not a single drug."""
        return self._classes[name].members


def read_drug_classes(data: Mapping[str, Any]) -> DrugClasses:
    """Build the table from its YAML document."""
    return DrugClasses(
        {
            item["name"]: DrugClass(
                item["name"],
                item["label"],
                frozenset(item["members"]),
                item["source"],
                frozenset(item.get("includes", ())),
            )
            for item in data["classes"]
        }
    )
