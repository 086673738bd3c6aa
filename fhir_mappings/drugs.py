"""Which drug a medication is: codes and texts to international non-proprietary names (INN).

A drug is recognised by its ATC or RxNorm code, or by its name as whole words of a text (``10 ML Doxorubicin
Hydrochloride 2 MG/ML Injection``): never by a part of a word. What contradicts itself names no drug.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fhir_mappings.elements import Json, codings, last_segment, string
from knowledge.yaml_files import read_yaml

Drugs = tuple[str, ...]

_WORD = re.compile(r"[^\W_]+")
_ATC_CODE = re.compile(r"[A-Z]\d\d(?:[A-Z]{1,2}(?:\d\d)?)?")
_ATC_OID, _RXNORM_OID = "2.16.840.1.113883.6.73", "2.16.840.1.113883.6.88"
_OTHER_MEDICINE: Drugs = ()


@dataclass(frozen=True, slots=True)
class DrugReading:
    """What a medication was read as.

    ``drugs`` are INNs; empty with ``is_other`` for a medicine that surely treats no cancer. ``problem`` says what of
    an anticancer drug could not be told; drugs beside it are sure. ``path`` is the place that decided.
    """

    drugs: Drugs = ()
    path: str = "text"
    is_other: bool = False
    problem: str | None = None
    also_named: Drugs = ()  # in the free text beside the codes that decided


@dataclass(frozen=True, slots=True)
class _Mentions:
    """The drugs that a text names, and whether it names other medicines."""

    drugs: Drugs = ()
    names_other: bool = False
    problem: str | None = None
    is_doubtful: bool = False  # the text is not to be trusted, and nothing beside it is


class DrugTable:
    """All drugs by code and by name."""

    def __init__(self, rows: Iterable[tuple[str, str, str]], reviewed: Mapping[str, Any]) -> None:
        self._atc: dict[str, Drugs] = {}
        self._rxnorm: dict[str, Drugs] = {}
        self._names: dict[str, list[tuple[tuple[str, ...], Drugs]]] = {}
        for joined, codes, brands in rows:
            self._add(_components(joined), _cells(codes), (), _cells(brands))
        for entry in reviewed["drugs"]:
            by_name = not entry.get("only_by_code", False)
            names = entry.get("names", ()) if by_name else ()
            self._add(_components(entry["inn"]), entry.get("atc", ()), entry.get("rxnorm", ()), names, by_name)
        for name in reviewed["other"]["names"]:
            for spelling in _spellings(name):
                self._name(spelling, _OTHER_MEDICINE)
        for candidates in self._names.values():
            candidates.sort(key=lambda candidate: -len(candidate[0]))
        self._other_uses = tuple(reviewed["other_uses"])
        self._anticancer_groups = tuple(reviewed["anticancer_groups"])
        self._stems = tuple(reviewed["stems"]["endings"])
        self._conjugates = tuple(reviewed["stems"]["conjugates"])
        self._doubts = frozenset(reviewed["doubts"])
        self._alternatives = frozenset(reviewed["alternatives"])
        self._local_uses = frozenset(reviewed["local_uses"])
        self._regimen = re.compile(rf"[mr]?(?:{'|'.join(reviewed['regimens'])})\d*")

    @classmethod
    def load(cls, data: Path) -> DrugTable:
        """Load the compiled table and the reviewed file of a folder."""
        lines = (data / "drugs.tsv").read_text(encoding="utf-8").splitlines()
        cells = [line.split("\t") for line in lines if not line.startswith("#")][1:]
        return cls(((row[0], row[1], row[2]) for row in cells), read_yaml(data / "drugs.yaml"))

    def inns(self) -> frozenset[str]:
        """Every drug that a record can name, components of combinations too."""
        tables = (self._atc.values(), self._rxnorm.values())
        named = (drugs for candidates in self._names.values() for _, drugs in candidates)
        return frozenset(drug for table in (*tables, named) for drugs in table for drug in drugs)

    def of_concept(self, concept: Any) -> DrugReading:
        """The drugs of a CodeableConcept: several codings of one drug are one, of different drugs a combination."""
        by_system: dict[str, list[str]] = {}
        path, is_other, hint = None, False, None
        for index, (system, code, display) in enumerate(codings(concept)):
            found, problem = self._of_coding(system, code, display)
            if problem:
                return DrugReading(problem=problem, path=f"coding[{index}]")
            if found:
                by_system.setdefault(_kind_of_system(system, code), []).extend(found)
                path = path or f"coding[{index}]"
            is_other = is_other or found == _OTHER_MEDICINE
            hint = hint or (self._hint_of_code(system, code) if found is None else None)
        text = string(concept.get("text")) if isinstance(concept, dict) else None
        named = self._of_text(text) if text else _Mentions()
        if not by_system:
            return self._of_text_alone(named, is_other, hint)
        drugs = tuple(dict.fromkeys(drug for drugs in by_system.values() for drug in drugs))
        if len(by_system) > 1 and not set.intersection(*(set(drugs) for drugs in by_system.values())):
            return DrugReading(problem="its codes name different drugs", path="coding")
        if named.is_doubtful:
            return DrugReading(problem=named.problem, path="text")
        also = tuple(drug for drug in named.drugs if drug not in drugs)
        return DrugReading(drugs, path or "coding", problem=named.problem, also_named=also)

    def of_text(self, text: str) -> DrugReading:
        """The drugs that a text names as whole words."""
        return self._of_text_alone(self._of_text(text), False, None)

    def _of_text_alone(self, named: _Mentions, is_other: bool, hint: str | None) -> DrugReading:
        problem = named.problem or (hint if not named.drugs else None)
        is_known = is_other or named.names_other
        return DrugReading(named.drugs, is_other=not named.drugs and problem is None and is_known, problem=problem)

    def _of_coding(self, system: str | None, code: str | None, display: str | None) -> tuple[Drugs | None, str | None]:
        """The drugs of one coding (none known, or another medicine), or the reason why it names none."""
        coded = self._of_code(system, code)
        if coded == _OTHER_MEDICINE and _is_atc(system, code) and str(code).startswith(self._other_uses):
            return coded, None
        named = self._of_text(display) if display else _Mentions()
        if named.is_doubtful or (named.problem and not coded and not named.drugs):
            return None, named.problem
        if coded is None:
            return (named.drugs or (_OTHER_MEDICINE if named.names_other else None)), None
        says_something = bool(named.drugs) or named.names_other
        if says_something and bool(coded or named.drugs) and not set(coded) & set(named.drugs):
            return None, "its code and its display name different drugs"
        return coded, None

    def _of_code(self, system: str | None, code: str | None) -> Drugs | None:
        if not code:
            return None
        if _is_atc(system, code):
            if drugs := self._atc.get(code.replace(" ", "").upper()):
                return drugs
            is_known_group = _ATC_CODE.fullmatch(code) is not None and not code.startswith(self._anticancer_groups)
            return _OTHER_MEDICINE if is_known_group else None
        return self._rxnorm.get(code) if _is_rxnorm(system) else None

    def _hint_of_code(self, system: str | None, code: str | None) -> str | None:
        if code and _is_atc(system, code) and code.startswith(self._anticancer_groups):
            return (
                "an ATC group of anticancer drugs that names no drug" if len(code) < 7 else "the ATC code is not known"
            )
        return None

    def _of_text(self, text: str) -> _Mentions:
        words = [word.casefold() for word in _WORD.findall(text)]
        drugs: list[str] = []
        names_other, problem, position = False, None, 0
        while position < len(words):
            length, found = self._at(words, position)
            if found is None:
                problem = problem or self._problem_of(words[position])
                position += 1
                continue
            position += length
            if found and self._is_conjugate(words, position):
                return _Mentions(problem="a conjugate that is not known", is_doubtful=True)
            drugs += [drug for drug in found if drug not in drugs]
            names_other = names_other or not found
        present = set(words)
        if (drugs or problem) and present & self._local_uses:
            return _Mentions(names_other=True)
        if drugs and (present & self._doubts or (len(drugs) > 1 and present & self._alternatives)):
            return _Mentions(problem="the text does not say for certain which drug was given", is_doubtful=True)
        return _Mentions(tuple(drugs), names_other, problem)

    def _at(self, words: list[str], position: int) -> tuple[int, Drugs | None]:
        """The longest name that begins at a word, with the number of its words."""
        for name, drugs in self._names.get(words[position], ()):
            if tuple(words[position : position + len(name)]) == name:
                return len(name), drugs
        return 1, None

    def _is_conjugate(self, words: list[str], position: int) -> bool:
        return (
            position < len(words)
            and words[position].endswith(self._conjugates)
            and self._at(words, position)[1] is None
        )

    def _problem_of(self, word: str) -> str | None:
        """Why a word that names no known drug still speaks of cancer treatment."""
        if self._regimen.fullmatch(word):
            return "a regimen whose drugs are not named"
        return "an anticancer drug that is not known" if len(word) > 6 and word.endswith(self._stems) else None

    def _add(
        self, drugs: Drugs, atc: Iterable[str], rxnorm: Iterable[str], names: Iterable[str], by_name: bool = True
    ) -> None:
        for code in atc:
            if set(self._atc.setdefault(code, drugs)) != set(drugs):
                raise ValueError(f"drugs: ATC {code} belongs to {self._atc[code]} and {drugs}")
        self._rxnorm.update(dict.fromkeys(rxnorm, drugs))
        own = _spellings(drugs[0]) if by_name and len(drugs) == 1 else ()
        for name in (*own, *names):
            self._name(name, drugs)

    def _name(self, name: str, drugs: Drugs) -> None:
        words = tuple(word.casefold() for word in _WORD.findall(name))
        candidates = self._names.setdefault(words[0], [])
        if known := next((found for spelling, found in candidates if spelling == words), None):
            if set(known) != set(drugs):
                raise ValueError(f"drugs: {name} belongs to {known} and {drugs}")
            return
        candidates.append((words, drugs))


def medication_concepts(medication: Json) -> Iterator[tuple[str, Json]]:
    """The concepts that say what a Medication is, with their paths: its code, then its ingredients."""
    code = medication.get("code")
    if isinstance(code, dict):
        yield "code", code
    ingredients = medication.get("ingredient")
    for index, ingredient in enumerate(ingredients if isinstance(ingredients, list) else ()):
        item = ingredient.get("itemCodeableConcept") if isinstance(ingredient, dict) else None
        if isinstance(item, dict):
            yield f"ingredient[{index}]", item


def _spellings(inn: str) -> Iterator[str]:
    """The INN and its form without final e, as German writes it: letrozol, trastuzumab emtansin."""
    yield inn
    words = inn.split()
    german = [word[:-1] if len(word) > 6 and word.endswith("e") else word for word in words]
    if german != words:
        yield " ".join(german)


def _components(joined: str) -> Drugs:
    return tuple(joined.split(" / "))


def _cells(cell: str) -> tuple[str, ...]:
    return tuple(part for part in cell.split("|") if part)


def _is_atc(system: str | None, code: str | None) -> bool:
    """Whether a code is an ATC code: by its system; without one, by its shape."""
    if system is None:
        return bool(code) and _ATC_CODE.fullmatch(str(code)) is not None and len(str(code)) == 7
    return last_segment(system).lower() == "atc" or system.endswith(_ATC_OID)


def _is_rxnorm(system: str | None) -> bool:
    return system is not None and (last_segment(system).lower() == "rxnorm" or system.endswith(_RXNORM_OID))


def _kind_of_system(system: str | None, code: str | None) -> str:
    return "atc" if _is_atc(system, code) else system or "no system"
