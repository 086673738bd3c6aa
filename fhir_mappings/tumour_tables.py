"""The reviewed tables of tumours (``data/tumours.yaml``), checked against OncoTree and against each other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from knowledge.terminology import TumourTree

TumourKind = Literal["primary", "secondary", "history", "morphology", "neoplasm", "none"]

_NOT_WORD = re.compile(r"[^0-9a-z]+")


class TumourDataError(ValueError):
    """The reviewed data name an unknown node or site, or say two things of one code."""


@dataclass(frozen=True, slots=True)
class TumourRule:
    kind: TumourKind
    node: str | None
    title: str
    site: str | None = None
    assumes: str | None = None
    malignant: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """Phrases with the ends marked that must be the ends of words."""

    needles: tuple[str, ...]

    def within(self, text: str) -> bool:
        padded = f" {text} "
        return any(needle in padded for needle in self.needles)

    def cut_from(self, text: str) -> str:
        padded = f" {text} "
        for needle in self.needles:
            padded = padded.replace(needle, " ")
        return " ".join(padded.split())


@dataclass(frozen=True, slots=True)
class Site:
    name: str
    node: str | None
    title: str


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class TumourTables:
    """By code family, code, site or plain name."""

    systems: Mapping[str, str]
    sites: Mapping[str, Site]
    icd10: Mapping[str, Mapping[str, TumourRule]]
    diagnoses: Mapping[str, Mapping[str, TumourRule]]
    morphologies: Mapping[str, Mapping[str, str]]
    body_sites: Mapping[str, str]
    anywhere: Mapping[str, str]
    by_site: Mapping[str, Mapping[str, str]]
    coded_apart: frozenset[str]
    former_codes: Mapping[str, str]
    not_invasive: frozenset[str]
    references_not_used: frozenset[str]
    names: Mapping[str, TumourRule]
    never_named: Words
    words: Mapping[str, Words]

    @classmethod
    def load(cls, path: Path, tree: TumourTree) -> TumourTables:
        """Read the reviewed data. Raises ``TumourDataError`` where they do not fit the tree or themselves."""
        data = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        sites = {
            undotted(code): Site(name, _known(entry.get("node"), tree), entry["title"])
            for name, entry in data["sites"]["entries"].items()
            for code in entry["codes"]
        }
        names = {site.name for site in sites.values()}
        by_site = data["icdo3"]["by_site"]
        if strangers := set(by_site) - names:
            raise TumourDataError(f"histologies of unknown sites: {sorted(strangers)}")
        groups = data["icdo3"]["groups"]
        not_invasive = frozenset(_known(code, tree) or "" for code in data["oncotree"]["not_invasive"])
        return cls(
            systems={system_key(url): family for family, entry in data["systems"].items() for url in entry["urls"]},
            sites=sites,
            icd10=_icd10_rules(data, sites, tree),
            diagnoses={
                family: {str(code): _rule(entry, tree) for code, entry in data[family]["diagnoses"].items()}
                for family in ("snomed", "ncit")
            },
            morphologies={
                family: {str(code): entry["icdo3"] for code, entry in data[family]["morphologies"].items()}
                for family in ("snomed", "ncit")
            },
            body_sites={str(code): entry["site"] for code, entry in data["snomed"]["sites"].items()},
            anywhere=_histologies(data["icdo3"]["anywhere"], groups, tree),
            by_site={name: _histologies(nodes, groups, tree) for name, nodes in by_site.items()},
            coded_apart=frozenset(_known(code, tree) or "" for code in data["icdo3"]["coded_apart"]),
            former_codes={old: _known(new, tree) or "" for old, new in data["oncotree"]["former_codes"].items()},
            not_invasive=not_invasive,
            references_not_used=frozenset(data["ncit"]["not_used"]),
            names=_name_rules(data["names"], not_invasive, tree),
            never_named=_phrases(data["names"]["never"]),
            words={name: _phrases(entry) for name, entry in data["words"].items() if name != "source"},
        )


def plain_text(text: str) -> str:
    """Small letters without accents, punctuation as single spaces."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return _NOT_WORD.sub(" ", "".join(letter for letter in letters if not unicodedata.combining(letter))).strip()


def system_key(system: str) -> str:
    """A code system in one spelling: small letters, without version and last slash."""
    return system.strip().partition("|")[0].rstrip("/").casefold().replace("https://", "http://", 1)


def undotted(code: str) -> str:
    """``C341`` for ``C34.1``."""
    return code.replace(".", "")


def _known(node: str | None, tree: TumourTree) -> str | None:
    if node is not None and node not in tree:
        raise TumourDataError(f"{node} is not in OncoTree")
    return node


def _rule(entry: Mapping[str, Any], tree: TumourTree) -> TumourRule:
    node = _known(entry.get("node"), tree)
    title = entry.get("title") or entry["name"]
    malignant = bool(entry.get("malignant"))
    return TumourRule(entry.get("kind", "primary"), node, title, entry.get("site"), entry.get("assumes"), malignant)


def _icd10_rules(data: Any, sites: Mapping[str, Site], tree: TumourTree) -> dict[str, dict[str, TumourRule]]:
    """Both editions: the sites, over them the common rules, over those the rules of ICD-10-CM."""
    rules = {
        code: TumourRule("primary" if site.node else "neoplasm", site.node, site.title) for code, site in sites.items()
    }
    for code, entry in data["icd10"]["rules"].items():
        rules[undotted(code)] = _rule(entry, tree)
    own = {undotted(code): _rule(entry, tree) for code, entry in data["icd10_cm"]["rules"].items()}
    return {"icd10": rules, "icd10_cm": rules | own}


def _histologies(
    nodes: Mapping[str, list[int | str]], groups: Mapping[str, list[int | str]], tree: TumourTree
) -> dict[str, str]:
    """Morphology to node."""
    found: dict[str, str] = {}
    for node, entries in nodes.items():
        for morphology in _expanded(entries, groups):
            if found.setdefault(morphology, _known(node, tree) or "") != node:
                raise TumourDataError(f"{morphology} stands for {found[morphology]} and for {node}")
    return found


def _expanded(entries: Iterable[int | str], groups: Mapping[str, list[int | str]]) -> Iterator[str]:
    """The morphologies of numbers (behaviour /3), ranges (``8070-8078``), codes (``8825/1``) and group names."""
    for entry in entries:
        text = str(entry)
        if text in groups:
            yield from _expanded(groups[text], {})
            continue
        numbers, _, behaviour = text.partition("/")
        first, _, last = numbers.partition("-")
        yield from (f"{number}/{behaviour or 3}" for number in range(int(first), int(last or first) + 1))


def _name_rules(data: Any, not_invasive: frozenset[str], tree: TumourTree) -> dict[str, TumourRule]:
    """Plain name to rule: OncoTree's names where they tell the tumour by themselves, over them the usual names."""
    unused = not_invasive | set(data["not_used"])
    names: dict[str, TumourRule] = {}
    for code in tree.codes():
        unique = tree.by_name(tree.name(code)) == code
        if unique and code not in unused and len(tree.ancestors(code)) > 1:
            names[plain_text(tree.name(code))] = TumourRule("primary", code, tree.name(code))
    usual: dict[str, TumourRule] = {}
    named = [(node, texts, None) for node, texts in data["nodes"].items()]
    assumed = [(node, entry["texts"], entry["assumes"]) for node, entry in data["assumed"].items()]
    for node, texts, assumes in named + assumed:
        rule = TumourRule("primary", _known(node, tree), tree.name(node), assumes=assumes)
        for text in texts:
            if usual.setdefault(plain_text(text), rule) != rule:
                raise TumourDataError(f"{text!r} is a name of two nodes")
    return names | usual


def _phrases(entries: Iterable[str]) -> Words:
    return Words(
        tuple(
            ("" if entry.startswith("*") else " ") + entry.strip("*") + ("" if entry.endswith("*") else " ")
            for entry in entries
        )
    )
