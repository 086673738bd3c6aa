"""Invented results: the same finding in another notation each time."""

from __future__ import annotations

import random
from typing import Any

from cds_service.cohorts.notations import Notations, values_of
from cds_service.cohorts.shapes import (
    GENETICS,
    HGNC,
    HGVS,
    INTERPRETATION,
    LOINC,
    SEQUENCE,
    Json,
    coded,
    component,
    observation,
    quantity,
    system_of,
    text,
    variant,
)
from fhir_mappings.tables import CodeRule
from knowledge.wording import short_protein

PRESENT = coded(LOINC, "LA9633-4", "Present")
ABSENT = coded(LOINC, "LA9634-2", "Absent")
#: Readers of results whose value is "was it found?".
_ANSWERED = frozenset({"variant_test", "fusion_test", "gene_test", "amplification_test", "allele_test", "gene_alleles"})


class Results:
    """Makes results of one cohort; what is drawn depends on the source of chance alone."""

    def __init__(self, notations: Notations) -> None:
        self._notations = notations
        self._genes = notations.tables.genes

    def of(self, entry: Json, chance: random.Random, day: str) -> Json:
        """A result of an entry of the cohort's data, drawn by its shares."""
        if "gene" in entry:
            change = _drawn(entry["found"], chance)
            if change is None:
                return self._negative(entry["gene"], chance, day)
            return self._variant(entry["gene"], change, entry.get("germline", False), chance, day)
        if "fusion" in entry:
            return self._fusion(entry["fusion"], chance.random() < entry["share"], chance, day)
        if "amplified" in entry:
            return self._amplified(entry["amplified"], chance.random() < entry["share"], chance, day)
        if "number" in entry:
            low, high, _ = chance.choices(entry["ranges"], [part[2] for part in entry["ranges"]])[0]
            return self._number(entry["number"], entry.get("score"), chance.randint(low, high), chance, day)
        answer = chance.choices(list(entry["answers"]), list(entry["answers"].values()))[0]
        return self._word(entry["word"], str(answer), chance, day)

    def dpyd(self, diplotype: str, chance: random.Random, day: str) -> Json:
        """A genotype of DPYD."""
        value: Json = text(diplotype) if chance.random() < 0.5 else {"coding": [{"display": f"DPYD {diplotype}"}]}
        return observation(
            coded(LOINC, "84413-4", "Genotype display name"),
            day,
            component=[component("48018-6", coded(HGNC, "HGNC:3012", "DPYD"))],
            valueCodeableConcept=value,
        )

    def next_code(self, number: int, chance: random.Random, day: str) -> Json:
        """A result under the next of all codes and names that are read, with a value that suits its reader."""
        notations = self._notations
        place = number % (len(notations.rules) + len(notations.names))
        if place < len(notations.rules):
            (system, code), rule = notations.rules[place]
            concept = coded(system_of(system), code, rule.name)
        else:
            name, rule = notations.names[place - len(notations.rules)]
            concept = text(name)
        return observation(concept, day, **self._value(rule, chance))

    def _value(self, rule: CodeRule, chance: random.Random) -> Json:
        levels = [step for name in rule.options.get("levels", ()) for step in self._notations.levels.get(name, ())]
        choices = [value for step in levels for value in values_of(step)]
        if choices and chance.random() < 0.8:
            return {"valueCodeableConcept": chance.choice(choices)}
        if rule.reader in _ANSWERED or not (rule.score or rule.unit):
            state = chance.choice(("present", "absent"))
            return {"valueCodeableConcept": chance.choice(self._notations.found(state))}
        return {"valueQuantity": quantity(chance.randint(0, 3), rule.unit)}

    def _variant(self, gene: str, change: Json, germline: bool, chance: random.Random, day: str) -> Json:
        protein, coding = change.get("protein"), change.get("coding")
        forms = [self._by_components, self._in_words, self._by_extension, self._by_gene_test]
        made = chance.choice(forms)(gene, str(protein), coding, chance, day)
        if "component" in made:
            origin = ("LA6683-2", "Germline") if germline else ("LA6684-0", "Somatic")
            made["component"].append(component("48002-0", coded(LOINC, *origin)))
            if significance := change.get("significance"):
                assert significance == "pathogenic"
                made["component"].append(component("53037-8", coded(LOINC, "LA6668-3", "Pathogenic")))
        return made

    def _by_components(self, gene: str, protein: str, coding: str | None, chance: random.Random, day: str) -> Json:
        written = chance.choice((protein, f"p.({protein.removeprefix('p.')})", _one_letter(protein)))
        parts = [self._gene(gene), component("48005-3", coded(HGVS, written))]
        if coding:
            parts.append(component("48004-6", coded(HGVS, coding)))
        if chance.random() < 0.5:
            frequency = quantity(round(chance.uniform(0.05, 0.6), 2), "1")
            parts.append({"code": coded(LOINC, "81258-6"), "valueQuantity": frequency})
        return variant(day, parts, chance.choice((PRESENT, *self._notations.found("present"))))

    def _in_words(self, gene: str, protein: str, coding: str | None, chance: random.Random, day: str) -> Json:
        words = f"{gene} {_one_letter(protein).removeprefix('p.')}"
        return variant(day, [self._gene(gene), component("81252-9", text(words))], PRESENT)

    def _by_extension(self, gene: str, protein: str, coding: str | None, chance: random.Random, day: str) -> Json:
        extensions = [
            {"url": f"{GENETICS}Gene", "valueCodeableConcept": coded(HGNC, self._identifier(gene), gene)},
            {
                "url": f"{GENETICS}AminoAcidChange",
                "extension": [{"url": "Name", "valueCodeableConcept": text(protein)}],
            },
        ]
        code = coded(LOINC, "55233-1", "Genetic analysis master panel")
        return observation(code, day, extension=extensions, valueCodeableConcept=PRESENT, component=[])

    def _by_gene_test(self, gene: str, protein: str, coding: str | None, chance: random.Random, day: str) -> Json:
        exact = [pair for pair in self._notations.of_genes("variant_test", gene) if pair[1].protein == protein]
        named = self._notations.of_genes("gene_test", gene)
        if exact and chance.random() < 0.5:
            concept, _ = chance.choice(exact)
            return observation(concept, day, valueCodeableConcept=chance.choice(self._notations.found("present")))
        if named:
            concept, _ = chance.choice(named)
            return observation(concept, day, valueCodeableConcept=text(chance.choice((protein, _one_letter(protein)))))
        return self._by_components(gene, protein, coding, chance, day)

    def _negative(self, gene: str, chance: random.Random, day: str) -> Json:
        answers = self._notations.found("absent")
        named = self._notations.of_genes("gene_test", gene)
        form = chance.random()
        if named and form < 0.3:
            return observation(chance.choice(named)[0], day, valueCodeableConcept=chance.choice(answers))
        if form < 0.4:
            parts = [self._gene(gene)]
            return variant(day, parts, None, interpretation=[coded(INTERPRETATION, chance.choice(("NEG", "ND")))])
        return variant(day, [self._gene(gene)], chance.choice((ABSENT, *answers)))

    def _fusion(self, genes: list[str], found: bool, chance: random.Random, day: str) -> Json:
        five, three = genes
        coded_tests = [
            *self._notations.of_genes("fusion_test", three),
            *self._notations.of_genes("fusion_test", *genes),
        ]
        if coded_tests and chance.random() < 0.5:
            answers = self._notations.found("present" if found else "absent")
            return observation(chance.choice(coded_tests)[0], day, valueCodeableConcept=chance.choice(answers))
        if not found:
            return variant(day, [self._gene(three), self._kind("SO:0001565", "gene_fusion")], ABSENT)
        if chance.random() < 0.5:
            words = chance.choice((f"{five}::{three}", f"{five}-{three} fusion"))
            return variant(day, [component("81252-9", text(words)), self._kind("SO:0001565", "gene_fusion")], PRESENT)
        return variant(day, [self._gene(five), self._gene(three), self._kind("SO:0001565", "gene_fusion")], PRESENT)

    def _amplified(self, gene: str, found: bool, chance: random.Random, day: str) -> Json:
        if not found:
            return variant(day, [self._gene(gene), self._kind("SO:0001742", "copy_number_gain")], ABSENT)
        copies = {"code": coded(LOINC, "82155-3"), "valueQuantity": quantity(chance.randint(8, 20), "1")}
        parts = [self._gene(gene), self._kind("SO:0001742", "copy_number_gain"), copies]
        return variant(day, parts, PRESENT)

    def _number(self, marker: str, score: str | None, number: int, chance: random.Random, day: str) -> Json:
        concepts = self._notations.measured(marker, score)
        unit = {"TMB": "{mutations}/{Mb}", "AFP": "ng/mL"}.get(marker, None if score == "CPS" else "%")
        return observation(chance.choice(concepts), day, valueQuantity=quantity(number, unit))

    def _word(self, marker: str, answer: str, chance: random.Random, day: str) -> Json:
        concepts = self._notations.graded(marker)
        # A bare digit is a number under some codes and a step of the scale under others.
        values = [value for value in self._notations.step(marker, answer) if not _is_bare_number(value)]
        return observation(chance.choice(concepts), day, valueCodeableConcept=chance.choice(values))

    def _gene(self, gene: str) -> Json:
        return component("48018-6", coded(HGNC, self._identifier(gene), gene))

    def _kind(self, code: str, display: str) -> Json:
        return component("48019-4", coded(SEQUENCE, code, display))

    def _identifier(self, gene: str) -> str:
        found = self._genes.by_symbol(gene)
        assert found is not None, gene
        return found.hgnc_id


def _is_bare_number(value: Json) -> bool:
    return str(value.get("text", "")).lstrip("+").isdigit()


def _one_letter(protein: str) -> str:
    return f"p.{short_protein(protein)}"


def _drawn(found: list[Any], chance: random.Random) -> Any:
    """One of the entries by its share, or none."""
    point = chance.random()
    for entry in found:
        point -= entry["share"]
        if point < 0:
            return entry
    return None
