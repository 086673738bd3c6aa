"""Names and codes of cancer stages: from what was sent to a staging system and its group, or to a TNM category.

Systems are never converted into one another. Groups of the TNM family are bare ("IIIC"), those of every other
system carry its name ("FIGO IIIA"), so that what is written for one scale never reads another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fhir_mappings.elements import codings, last_segment, texts
from knowledge.yaml_files import read_yaml

_SEMANTIC_TAG = re.compile(
    r"\s*\((?:qualifier value|finding|tumor staging|staging scale|observable entity|disorder)\)$"
)
_PREFIX = re.compile(r"^(?P<y>y)?(?P<basis>[cp])(?=[0-4iv])")
_CATEGORY = re.compile(
    r"(?P<prefix>[yra]{0,2}[cp]?)(?P<axis>[tnm])"
    r"(?P<rest>x|is|a|[0-4](?:mi|[a-e]\d?)?)(?P<suffix>(?:\([\w+,. ]{1,8}\))*)",
    re.IGNORECASE,
)
#: Terminologies whose codes are numbers without meaning; only their displays are words.
_TERMINOLOGIES = frozenset({"sct", "loinc.org", "Thesaurus.owl", "data-absent-reason"})
_ROMAN = {"1": "i", "2": "ii", "3": "iii", "4": "iv"}
_BASES = {"c": "clinical", "p": "pathologic"}


@dataclass(frozen=True, slots=True)
class StagingSystem:
    """One scale: its names and methods, and its groups by their key."""

    name: str
    tnm: bool
    generic: bool
    names: tuple[str, ...]
    groups: Mapping[str, str]

    def shown(self, group: str) -> str:
        """The value of a fact: bare in the TNM family, with the scale's name in every other."""
        return group if self.tnm or group.lower().startswith(self.name.lower()) else f"{self.name} {group}"


@dataclass(frozen=True, slots=True)
class StageGroup:
    """A stage group as far as one code or text tells it."""

    group: str
    system: StagingSystem | None = None
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class Category:
    """One TNM category: ``c``, ``T``, ``3`` …; ``text`` puts it together."""

    prefix: str
    axis: str
    rest: str

    @property
    def text(self) -> str:
        """The category as it is written: ``ypT3c``."""
        return f"{self.prefix}{self.axis}{self.rest}"

    @property
    def basis(self) -> str | None:
        """Clinical or pathologic, by the prefix."""
        return next((_BASES[letter] for letter in self.prefix if letter in _BASES), None)

    @property
    def is_metastatic(self) -> bool:
        """M1 in any form: distant metastasis, by the definition of TNM."""
        return self.axis == "M" and self.rest.startswith("1")

    @property
    def is_not_assessable(self) -> bool:
        """TX, NX and MX say that it could not be assessed."""
        return self.rest == "X"


@dataclass(frozen=True, slots=True)
class StageCodes:
    """The reviewed tables of stages."""

    systems: Mapping[str, StagingSystem]
    tnm_tissues: tuple[str, ...]
    _groups: Mapping[tuple[str, str], StageGroup]
    _categories: Mapping[tuple[str, str], str]
    _methods: Mapping[tuple[str, str], str]
    _code_systems: Mapping[str, str]
    _basis_codes: Mapping[tuple[str, str], str]
    _basis_words: Mapping[str, str]
    _labels: tuple[str, ...]
    _extents: Mapping[str, str]
    _names: tuple[tuple[str, str], ...] = field(default=())  # longest first, so that "r-iss" is not read as "iss"

    @classmethod
    def load(cls, path: Path) -> StageCodes:
        """Load the table file."""
        data = read_yaml(path)
        systems = {name: _system(name, entry) for name, entry in data["systems"].items()}
        names = [(spelling, name) for name, system in systems.items() for spelling in system.names]
        return cls(
            systems=systems,
            tnm_tissues=tuple(data["tnm_tissues"]),
            _groups={
                (system, str(code)): StageGroup(group, systems.get(name))
                for name, tables in data["group_codes"].items()
                for system, codes in tables.items()
                for code, group in codes.items()
            },
            _categories=_flat(data["category_codes"]),
            _methods={
                (system, str(code)): name
                for name, entry in data["systems"].items()
                for system, codes in entry.get("methods", {}).items()
                for code in codes
            },
            _code_systems={
                segment: name for name, entry in data["systems"].items() for segment in entry.get("code_systems", ())
            },
            _basis_codes={
                (system, str(code)): basis
                for basis, entry in data["bases"].items()
                for system, codes in entry["codes"].items()
                for code in codes
            },
            _basis_words={word: basis for basis, entry in data["bases"].items() for word in entry["words"]},
            _labels=tuple(sorted(data["labels"], key=len, reverse=True)),
            _extents={text: extent for extent, spellings in data["extents"].items() for text in spellings},
            _names=tuple(sorted(names, key=lambda pair: -len(pair[0]))),
        )

    def group_of(self, concept: Any, scale: StagingSystem | None = None) -> StageGroup | None:
        """The stage group that a CodeableConcept names, read on the scale of the Observation where it says none.

        A code that is known goes before words, and a display that names another group makes it unreadable.
        """
        for system, code, display in codings(concept):
            if code and (found := self._groups.get((last_segment(system), code))):
                shown = self.group_of_text(display, found.system) if display else None
                return None if shown and shown.group != found.group else found
        for system, code, display in codings(concept):
            own = self.systems.get(self._code_systems.get(last_segment(system), "")) or scale
            for text in filter(None, (None if last_segment(system) in _TERMINOLOGIES else code, display)):
                if named := self.group_of_text(text, own):
                    return named
        own_text = concept.get("text") if isinstance(concept, dict) else None
        return self.group_of_text(own_text, scale) if isinstance(own_text, str) else None

    def group_of_text(self, text: str, system: StagingSystem | None = None) -> StageGroup | None:
        """The stage group that a whole text names: ``Stage IIIC``, ``FIGO IIIA``, ``pathologic stage 2b``."""
        plain = _plain(text)
        named, plain = self._named_system(plain)
        system = named or system
        basis, plain = self._basis(plain)
        plain = self._without_label(plain)
        if match := _PREFIX.match(plain):
            basis, plain = basis or _BASES[match["basis"]], plain[match.end() :]
        groups = (system or self.systems["TNM"]).groups
        group = groups.get(_key(plain)) or groups.get(_key(_ROMAN.get(plain[:1], plain[:1]) + plain[1:]))
        return StageGroup(group, system, basis) if group else None

    def category_of(self, concept: Any, axis: str) -> Category | None:
        """The TNM category that a CodeableConcept names; a code may leave out the letter that its axis tells."""
        for system, code, display in codings(concept):
            if code and (known := self._categories.get((last_segment(system), code))):
                found, shown = self.category_of_text(known, axis), self.category_of_text(display or known, axis)
                return None if found and shown and shown.rest.lower() != found.rest.lower() else found
        return next(filter(None, (self.category_of_text(text, axis) for text in texts(concept))), None)

    def category_of_text(self, text: str, axis: str) -> Category | None:
        """The TNM category that a whole text names."""
        cased = " ".join(without_tag(text).split())
        _, plain = self._named_system(cased.lower())
        start = cased.lower().find(plain)
        named = cased[start : start + len(plain)].removesuffix(" category")
        match = _CATEGORY.fullmatch(named) or _CATEGORY.fullmatch(f"{axis}{named}")
        if match is None or match["axis"].upper() != axis:
            return None
        rest = match["rest"].lower().replace("x", "X")
        return Category(match["prefix"].lower(), axis, rest + match["suffix"])

    def method_of(self, concept: Any) -> StagingSystem | None:
        """The staging system that a method or stage type names."""
        for system, code, _ in codings(concept):
            if code and (name := self._methods.get((last_segment(system), code))):
                return self.systems[name]
        for text in texts(concept):
            if found := self._named_system(_plain(text))[0]:
                return found
        return None

    def basis_of(self, concept: Any) -> str | None:
        """Clinical or pathologic, if the concept is that modifier."""
        for system, code, _ in codings(concept):
            if code and (basis := self._basis_codes.get((last_segment(system), code))):
                return basis
        return None

    def extent_of(self, concept: Any) -> str | None:
        """The extent of disease that a whole text names: ``metastatic``, ``locally-advanced`` …"""
        return next((extent for text in texts(concept) if (extent := self._extents.get(_plain(text)))), None)

    def _named_system(self, plain: str) -> tuple[StagingSystem | None, str]:
        """The system named at the start or the end of a text, and the text without it."""
        if " " not in plain:  # "IV" alone: most stages are, and there are many spellings to compare
            return None, plain
        for spelling, name in self._names:
            if plain.startswith(f"{spelling} "):
                return self.systems[name], plain.removeprefix(spelling).strip()
            for ending in (f" {spelling}", f" ({spelling})"):
                if plain.endswith(ending):
                    return self.systems[name], plain.removesuffix(ending).rstrip(" ,;")
        return None, plain

    def _basis(self, plain: str) -> tuple[str | None, str]:
        first, _, rest = plain.partition(" ")
        return (self._basis_words[first], rest) if first in self._basis_words else (None, plain)

    def _without_label(self, plain: str) -> str:
        label = next((label for label in self._labels if plain.startswith(f"{label} ")), "")
        return plain.removeprefix(label).strip(" :")


def without_tag(text: str) -> str:
    """A SNOMED CT name without the tag at its end."""
    return _SEMANTIC_TAG.sub("", text.strip())


def _system(name: str, entry: Mapping[str, Any]) -> StagingSystem:
    return StagingSystem(
        name=name,
        tnm=entry.get("tnm", False),
        generic=entry.get("generic", False),
        names=tuple(entry["names"]),
        groups={_key(group): group for group in entry["values"]},
    )


def _flat(tables: Mapping[str, Mapping[Any, str]]) -> dict[tuple[str, str], str]:
    return {(system, str(code)): value for system, codes in tables.items() for code, value in codes.items()}


def _plain(text: str) -> str:
    return " ".join(without_tag(text).lower().rstrip(".").split())


def _key(group: str) -> str:
    return group.lower().replace(" ", "")


def systems_stated(*systems: StagingSystem | None) -> Iterator[StagingSystem]:
    """The systems that were stated, specific ones before generic ones, in the order given."""
    stated = [system for system in systems if system is not None]
    yield from (system for system in stated if not system.generic)
    yield from (system for system in stated if system.generic)
