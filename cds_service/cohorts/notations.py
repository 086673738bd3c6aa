"""The ways in which the same thing is written: taken from the tables of the mapping, so that none is forgotten."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from cds_service.cohorts.shapes import ATC, RXNORM, Json, coded, system_of, text
from fhir_mappings import MappingTables
from fhir_mappings.tables import DATA, CodeRule
from knowledge.yaml_files import read_yaml

#: The scale of a marker (fhir_mappings/data/markers.yaml) where it is not that of the microsatellites.
_SCALES = {"HER2": "ihc", "HRD": "hrd", "MGMT": "mgmt"}


class Notations:
    """Diagnoses by OncoTree node, drugs by INN, results by what they are about: every way to write each."""

    def __init__(self, tables: MappingTables) -> None:
        self.tables = tables
        self.diagnoses = _diagnoses(read_yaml(DATA / "tumours.yaml"))
        self.drugs = _drugs()
        self.rules = tuple(tables.rules.items())
        self.names = tuple(tables.expression_names.items())
        markers: dict[str | None, list[tuple[Json, CodeRule]]] = defaultdict(list)
        genes: dict[tuple[str, tuple[str, ...]], list[tuple[Json, CodeRule]]] = defaultdict(list)
        for (system, code), rule in self.rules:
            pair = coded(system_of(system), code, rule.name), rule
            markers[rule.marker].append(pair)
            genes[rule.reader, rule.genes].append(pair)
        for name, rule in self.names:
            markers[rule.marker].append((text(name), rule))
        self._markers, self._genes = markers, genes
        data = read_yaml(DATA / "markers.yaml")
        self.levels: dict[str, list[Json]] = {name: list(entry["steps"]) for name, entry in data["levels"].items()}
        self.answers = read_yaml(DATA / "answers.yaml")["states"]

    def measured(self, marker: str, score: str | None) -> list[Json]:
        """The codes and names under which a number is this score of a marker; without one, the marker's only number."""
        return [
            concept
            for concept, rule in self._markers[marker]
            if (rule.score == score and (score or rule.unit)) or (score and rule.options.get("number") == score)
        ]

    def graded(self, marker: str) -> list[Json]:
        """The codes and names under which a step of the marker's own scale is read."""
        scale = _SCALES.get(marker, "microsatellites")
        return [concept for concept, rule in self._markers[marker] if scale in rule.options.get("levels", ())]

    def of_genes(self, reader: str, *genes: str) -> list[tuple[Json, CodeRule]]:
        """The codes that are read by a reader and are about exactly these genes."""
        return self._genes.get((reader, genes), [])

    def step(self, marker: str, value: str) -> Iterator[Json]:
        """The coded and worded values that mean a step of the scales of a marker: ``MSI-H``, or 3 of HER2."""
        for step in self.levels[_SCALES.get(marker, "microsatellites")]:
            if str(step.get("value")) == value:
                yield from values_of(step)

    def found(self, state: str) -> list[Json]:
        """The coded and worded answers that mean a state, ``present`` or ``absent``."""
        return [value for value in values_of(self.answers[state]) if not _is_registry(value)]


def values_of(entry: Json) -> Iterator[Json]:
    """The values of a table's entry with ``codes`` by system and ``words``."""
    for system, codes in entry.get("codes", {}).items():
        address = system if "://" in system else system_of(system)
        yield from (coded(address, str(code)) for code in codes)
    yield from (text(str(word)) for word in entry.get("words", ()))


def _is_registry(value: Json) -> bool:
    """Answers of the German registry stand in ``interpretation``."""
    return any("mii-cs-onko" in coding["system"] for coding in value.get("coding", ()))


def _diagnoses(data: Any) -> dict[str, list[Json]]:
    """Elements of a Condition by the node that they mean."""
    found: dict[str, list[Json]] = defaultdict(list)
    urls = {name: entry["urls"] for name, entry in data["systems"].items()}
    for code, rule in data["icd10"]["rules"].items():
        if rule.get("node") and rule.get("kind", "primary") == "primary" and not rule.get("site"):
            found[rule["node"]] += [{"code": coded(url, str(code), rule["title"])} for url in urls["icd10"]]
    for system, key in (("snomed", "snomed"), ("ncit", "ncit")):
        for code, rule in data[key]["diagnoses"].items():
            if rule.get("node") and rule.get("kind", "primary") == "primary":
                found[rule["node"]] += [{"code": coded(url, str(code), rule["name"])} for url in urls[system]]
    for node, names in data["names"]["nodes"].items():
        found[node] += [{"code": text(name)} for name in names]
    for node in list(found):
        found[node] += [{"code": coded(url, node)} for url in urls["oncotree"]]
    return found


def _drugs() -> dict[str, list[Json]]:
    """Ways to name a drug by its INN."""
    found: dict[str, list[Json]] = defaultdict(list)
    for line in (DATA / "drugs.tsv").read_text(encoding="utf-8").splitlines():
        if line.startswith(("#", "drugs\t")):
            continue
        inn, codes, names = [*line.split("\t"), "", ""][:3]
        found[inn] += [coded(ATC, code) for code in codes.split("|") if code]
        found[inn] += [text(name) for name in names.split("|") if name]
    for entry in read_yaml(DATA / "drugs.yaml")["drugs"]:
        inn = entry["inn"]
        found[inn] += [coded(ATC, str(code)) for code in entry.get("atc", ())]
        found[inn] += [coded(RXNORM, str(code)) for code in entry.get("rxnorm", ())]
        if not entry.get("only_by_code"):
            found[inn] += [text(name) for name in entry.get("names", ())]
    for inn in list(found):
        found[inn].append(text(inn))
    return found
