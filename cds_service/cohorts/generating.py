"""An invented cohort as bulk data: the same for the same seed, whatever its size."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import IO, Any

from cds_service.codec import dumps
from cds_service.cohorts.notations import Notations
from cds_service.cohorts.results import Results
from cds_service.cohorts.shapes import (
    LOINC,
    SNOMED,
    UCUM,
    Json,
    coded,
    condition,
    observation,
    quantity,
    text,
)
from fhir_mappings import MappingTables
from knowledge.yaml_files import read_yaml

DATA = Path(__file__).parent / "data" / "cohort.yaml"
#: The cohort ends on this day: nothing in it depends on the clock.
LAST_DAY = date(2026, 11, 1)
#: The share of therapies that name their drug by a Medication.
_REFERS_TO_MEDICATION = 0.25


@dataclass(frozen=True)
class Cohort:
    """An invented cohort: every patient follows from the seed and the patient's number."""

    tables: MappingTables
    seed: int = 1

    @cached_property
    def _data(self) -> Any:
        return read_yaml(DATA)

    @cached_property
    def _notations(self) -> Notations:
        return Notations(self.tables)

    @cached_property
    def _results(self) -> Results:
        return Results(self._notations)

    def patient(self, number: int) -> list[Json]:
        """The resources of one patient, the Patient first."""
        chance = random.Random(f"{self.seed}/{number}")  # noqa: S311 (invented patients are no secret)
        data = self._data
        tumour = chance.choices(data["tumours"], [entry["share"] for entry in data["tumours"]])[0]
        diagnosed = LAST_DAY - timedelta(days=chance.randint(20, 1500))
        resources = [
            self._person(tumour, chance),
            self._diagnosis(tumour, chance, diagnosed),
            *self._course(chance, diagnosed),
            *self._biomarkers(tumour, number, chance, diagnosed),
            *self._therapies(tumour, chance, diagnosed),
            *self._chemistry(chance, diagnosed),
        ]
        return [self._named(resource, number, place) for place, resource in enumerate(resources)]

    def medications(self) -> Iterator[Json]:
        """The Medications to which therapies of several patients refer."""
        for inn in sorted({inn for tumour in self._data["tumours"] for drugs in tumour["therapies"] for inn in drugs}):
            ways = self._notations.drugs.get(inn) or [text(inn)]
            yield {"resourceType": "Medication", "id": _slug(inn), "code": ways[self.seed % len(ways)]}

    def _named(self, resource: Json, number: int, place: int) -> Json:
        """The resource with its id and the reference to its patient."""
        patient = f"p{number}"
        if resource["resourceType"] == "Patient":
            return {**resource, "id": patient}
        return {**resource, "id": f"{patient}-{place}", "subject": {"reference": f"Patient/{patient}"}}

    def _person(self, tumour: Json, chance: random.Random) -> Json:
        years = min(max(chance.gauss(*tumour["age"]), 18), 97)
        born = LAST_DAY - timedelta(days=int(years * 365.25))
        gender = "female" if chance.random() < tumour["women"] else "male"
        return {"resourceType": "Patient", "gender": gender, "birthDate": born.isoformat()}

    def _diagnosis(self, tumour: Json, chance: random.Random, day: date) -> Json:
        elements = chance.choice(self._notations.diagnoses[tumour["node"]])
        return condition(elements["code"], day.isoformat())

    def _course(self, chance: random.Random, day: date) -> Iterator[Json]:
        """Stage, metastases, performance status."""
        stages = self._data["stages"]
        stage = chance.choices(list(stages), list(stages.values()))[0]
        if chance.random() < 0.85:
            code = coded(
                LOINC, *chance.choice((("21908-9", "Stage group.clinical"), ("21902-2", "Stage group.pathology")))
            )
            yield observation(code, day.isoformat(), valueCodeableConcept=text(stage))
        if stage == "IV" and chance.random() < 0.6:
            code = coded(LOINC, "21907-1", "Distant metastases.clinical Cancer")
            yield observation(code, day.isoformat(), valueCodeableConcept=text("M1"))
        if chance.random() < 0.8:
            score = chance.choices(range(5), self._data["performance"])[0]
            code = coded(LOINC, "89247-1", "ECOG Performance Status score")
            yield observation(code, LAST_DAY.isoformat(), valueInteger=score)

    def _biomarkers(self, tumour: Json, number: int, chance: random.Random, day: date) -> Iterator[Json]:
        data = self._data
        asked = [entry for entry in tumour["results"] if chance.random() < entry["tested"]]
        made: list[Callable[[str], Json]] = [partial(self._results.of, entry, chance) for entry in asked]
        if chance.random() < data["dpyd"]["tested"]:
            found = data["dpyd"]["found"]
            diplotype = chance.choices(list(found), list(found.values()))[0]
            made.append(partial(self._results.dpyd, diplotype, chance))
        if chance.random() < data["further"]:
            made.append(partial(self._results.next_code, number, chance))
        for make in made:
            taken = day + timedelta(days=chance.randint(0, 40))
            issued = taken + timedelta(days=min(int(chance.lognormvariate(2.2, 0.6)), 90))
            yield make(taken.isoformat()) | {"issued": f"{issued.isoformat()}T09:30:00Z"}

    def _therapies(self, tumour: Json, chance: random.Random, day: date) -> Iterator[Json]:
        lines = chance.choices((0, 1, 2), (0.3, 0.45, 0.25))[0]
        for number, drugs in enumerate(chance.sample(tumour["therapies"], min(lines, len(tumour["therapies"])))):
            begin = day + timedelta(days=30 + 200 * number)
            for inn in drugs:
                written = chance.choice(self._notations.drugs.get(inn) or [text(inn)])
                refers = chance.random() < _REFERS_TO_MEDICATION
                yield {
                    "resourceType": chance.choice(("MedicationStatement", "MedicationAdministration")),
                    "status": "completed",
                    **(
                        {"medicationReference": {"reference": f"Medication/{_slug(inn)}"}}
                        if refers
                        else {"medicationCodeableConcept": written}
                    ),
                    "effectivePeriod": {
                        "start": begin.isoformat(),
                        "end": (begin + timedelta(days=chance.randint(40, 180))).isoformat(),
                    },
                }
        if chance.random() < 0.35:
            yield {
                "resourceType": "Procedure",
                "status": "completed",
                "code": coded(SNOMED, "387713003", "Surgical procedure"),
                "performedDateTime": (day + timedelta(days=20)).isoformat(),
            }

    def _chemistry(self, chance: random.Random, day: date) -> Iterator[Json]:
        chemistry = self._data["chemistry"]
        for result in chance.sample(chemistry["results"], chance.randint(0, chemistry["at_most"])):
            value = quantity(round(chance.uniform(result["low"], result["high"]), 1), result["unit"]) | {"system": UCUM}
            yield observation(coded(LOINC, result["code"], result["name"]), LAST_DAY.isoformat(), valueQuantity=value)


def write_cohort(
    cohort: Cohort, patients: int, folder: Path, *, compress: bool = False, advance: Callable[[int], None] | None = None
) -> int:
    """Write a cohort as bulk data, one file for each resource type; the number of resources. Raises ``OSError``."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    with ExitStack() as stack:
        files: dict[str, IO[bytes]] = {}
        for number in range(-1, patients):
            for resource in cohort.patient(number) if number >= 0 else cohort.medications():
                kind = resource["resourceType"]
                if kind not in files:
                    files[kind] = stack.enter_context(_opened(folder, kind, compress=compress))
                files[kind].write(dumps(resource) + b"\n")
                written += 1
            if advance and number >= 0:
                advance(1)
    return written


def _slug(inn: str) -> str:
    """The id of a drug's Medication."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", inn)


def _opened(folder: Path, kind: str, *, compress: bool) -> IO[bytes]:
    if compress:
        # Without the time of writing, so that the same cohort gives the same bytes.
        return gzip.GzipFile(folder / f"{kind}.ndjson.gz", "wb", mtime=0, compresslevel=6)  # type: ignore[return-value]
    return (folder / f"{kind}.ndjson").open("wb")
