"""The reviewed map of CIViC's diseases (DOID) to OncoTree nodes, and of its names for groups of drugs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from knowledge.civic.refusal import NotExact
from knowledge.terminology import TumourTree


class InvalidMap(ValueError):
    """A map that names unknown tumours or a disease twice."""


@dataclass(frozen=True, slots=True, repr=False)
class ReviewedMap:
    """OncoTree nodes by DOID (by name for what has none), and the therapies that are groups.

    A node is the disease itself, or lies within it: it never says more than CIViC. A node with a minus sign before it
    is taken out again.
    """

    _tumours: Mapping[str, tuple[str, ...]]
    therapy_groups: frozenset[str]

    def tumours(self, doid: str, name: str) -> tuple[str, ...]:
        """The nodes of a disease. Raises :class:`NotExact` for a disease without any."""
        found = self._tumours.get(doid or name)
        if found is None:
            raise NotExact("disease: no OncoTree node is known to be it")
        return found


def read_map(document: Mapping[str, Any], tree: TumourTree) -> ReviewedMap:
    """Build the map from its YAML document. Raises :class:`InvalidMap`."""
    tumours: dict[str, tuple[str, ...]] = {}
    for entry in document["diseases"]:
        key, nodes = entry["doid"] or entry["name"], (*entry["tumours"], *entry.get("none_of", ()))
        unknown = [node for node in nodes if node not in tree]
        if key in tumours or unknown or not entry["tumours"]:
            raise InvalidMap(f"{entry['name']} is there twice, or names no OncoTree code: {', '.join(unknown)}")
        tumours[key] = (*entry["tumours"], *(f"-{node}" for node in entry.get("none_of", ())))
    return ReviewedMap(tumours, frozenset(document["therapy_groups"]))
