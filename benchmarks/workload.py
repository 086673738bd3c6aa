"""Synthetic patient-view requests of a given number of Observations, the same bytes in every run.

Each patient has non-small cell lung cancer (SNOMED CT 254637007), an EGFR p.Leu858Arg and a panel's worth of
other results. Of 100 Observations, in shuffled order:

====  ==========================================================================================
  40  variants found (Genomics Reporting, LOINC 69548-6) with 8 components each: gene, change in words,
      protein, coding, change type, transcript, source class, allele frequency; the first is EGFR
      p.Leu858Arg, the others are changes of uncertain significance in nineteen genes
  20  genes without a finding: 69548-6 "Absent" with the gene
   3  PD-L1 tumour proportion score; ALK and ROS1 rearrangements not detected (one each at any size)
  37  chemistry and haematology that has nothing to do with a tumour's biology
====  ==========================================================================================

No narrative (``text``) is sent; it would make bodies larger for the floor and the service alike. Patients
differ in their uncertain variants and in the values and order of their results.
"""

from __future__ import annotations

import json
import random
from typing import Any

Json = dict[str, Any]

SEED = 20261124
#: With fewer Observations the mix leaves nothing for one of its kinds.
FEWEST = 6

#: Observations in all bodies of one size together. 40 % are variants: more than any cache of the service keeps,
#: so that what is measured is a patient who is new to it.
_DISTINCT_OBSERVATIONS = 30_000

PATIENT_VIEW = "/cds-services/oncology-patient-view"

_LOINC = "http://loinc.org"
_HGNC = "http://www.genenames.org/geneId"
_HGVS = "http://varnomen.hgvs.org"
_UCUM = "http://unitsofmeasure.org"
_REFSEQ = "http://www.ncbi.nlm.nih.gov/refseq"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
_SECTION = "http://terminology.hl7.org/CodeSystem/v2-0074"

#: Gene, HGNC id, transcript, number of codons from which a position is drawn.
_MUTATED = (
    ("TP53", 11998, "NM_000546.6", 393),
    ("STK11", 11389, "NM_000455.5", 433),
    ("KEAP1", 23177, "NM_203500.2", 624),
    ("RB1", 9884, "NM_000321.3", 928),
    ("ARID1A", 11110, "NM_006015.6", 2285),
    ("SMARCA4", 11100, "NM_003072.5", 1647),
    ("NF1", 7765, "NM_001042492.3", 2839),
    ("ATM", 795, "NM_000051.4", 3056),
    ("BRCA2", 1101, "NM_000059.4", 3418),
    ("BRCA1", 1100, "NM_007294.4", 1863),
    ("KMT2D", 7133, "NM_003482.4", 5537),
    ("PIK3CA", 8975, "NM_006218.4", 1068),
    ("CDKN2A", 1787, "NM_000077.5", 156),
    ("PTEN", 9588, "NM_000314.8", 403),
    ("APC", 583, "NM_000038.6", 2843),
    ("SETD2", 18420, "NM_014159.7", 2564),
    ("NOTCH1", 7881, "NM_017617.5", 2555),
    ("FAT1", 3595, "NM_005245.4", 4588),
    ("LRP1B", 6693, "NM_018557.3", 4599),
)

_NOT_MUTATED = (
    ("KRAS", 6407),
    ("BRAF", 1097),
    ("MET", 7029),
    ("ERBB2", 3430),
    ("RET", 9967),
    ("NTRK1", 8031),
    ("NTRK2", 8032),
    ("NTRK3", 8033),
    ("NRAS", 7989),
    ("HRAS", 5173),
    ("MAP2K1", 6840),
    ("FGFR1", 3688),
    ("FGFR2", 3689),
    ("FGFR3", 3690),
    ("KIT", 6342),
    ("PDGFRA", 8803),
    ("IDH1", 5382),
    ("IDH2", 5383),
)

#: Reference residue, alternative residue, position of the changed base in the codon, the two bases.
_SUBSTITUTIONS = (
    ("Arg", "Gln", 2, "G", "A"),
    ("Arg", "Trp", 1, "C", "T"),
    ("Gly", "Asp", 2, "G", "A"),
    ("Pro", "Leu", 2, "C", "T"),
    ("Glu", "Lys", 1, "G", "A"),
    ("Ala", "Val", 2, "C", "T"),
    ("Arg", "Ter", 1, "C", "T"),
)

#: LOINC code, name, unit, lowest and highest value.
_LABORATORY = (
    ("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 9.0, 16.0),
    ("6690-2", "Leukocytes [#/volume] in Blood by Automated count", "10*3/uL", 2.5, 12.0),
    ("777-3", "Platelets [#/volume] in Blood by Automated count", "10*3/uL", 110.0, 420.0),
    ("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", "mg/dL", 0.5, 1.8),
    ("1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "U/L", 8.0, 90.0),
    ("1920-8", "Aspartate aminotransferase [Enzymatic activity/volume] in Serum or Plasma", "U/L", 8.0, 80.0),
    ("1975-2", "Bilirubin.total [Mass/volume] in Serum or Plasma", "mg/dL", 0.2, 1.6),
    ("2823-3", "Potassium [Moles/volume] in Serum or Plasma", "mmol/L", 3.3, 5.3),
    ("2951-2", "Sodium [Moles/volume] in Serum or Plasma", "mmol/L", 131.0, 146.0),
    ("17861-6", "Calcium [Mass/volume] in Serum or Plasma", "mg/dL", 8.0, 10.9),
    ("2532-0", "Lactate dehydrogenase [Enzymatic activity/volume] in Serum or Plasma", "U/L", 120.0, 480.0),
    ("1988-5", "C reactive protein [Mass/volume] in Serum or Plasma", "mg/L", 0.3, 60.0),
)


def request_bodies(observations: int, patients: int | None = None) -> list[bytes]:
    """Bodies of different patients, by default so many that nothing is known of one when its turn comes again."""
    number = patients or -(-_DISTINCT_OBSERVATIONS // observations)
    return [request_body(observations, SEED + index) for index in range(number)]


def request_body(observations: int, seed: int = SEED) -> bytes:
    """The body of a patient-view request with so many Observations in its prefetch (at least 6)."""
    resources = patient_observations(observations, seed)
    body = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/d1", "patientId": "p1"},
        "prefetch": {
            "patient": {"resourceType": "Patient", "id": "p1", "birthDate": "1961-04-12", "gender": "female"},
            "conditions": _bundle([_lung_cancer()]),
            "observations": _bundle(resources),
            "reports": _bundle([]),
        },
    }
    return json.dumps(body, separators=(",", ":")).encode()


def patient_observations(count: int, seed: int = SEED) -> list[Json]:
    """So many Observations in the documented mix, in shuffled order."""
    chance = random.Random(seed)
    variants, negatives = count * 40 // 100, count * 20 // 100
    single = [_pd_l1(), _not_rearranged("78205-2", "ALK"), _not_rearranged("102038-7", "ROS1")]
    laboratory = count - variants - negatives - len(single)
    if count < FEWEST:
        raise ValueError(f"the mix needs at least {FEWEST} Observations")
    made = [
        _egfr_l858r(chance),
        *(_uncertain_variant(chance) for _ in range(variants - 1)),
        *(_gene_without_finding(index) for index in range(negatives)),
        *single,
        *(_laboratory_value(chance, index) for index in range(laboratory)),
    ]
    chance.shuffle(made)
    return [{"resourceType": "Observation", "id": f"o{index}"} | resource for index, resource in enumerate(made)]


def _egfr_l858r(chance: random.Random) -> Json:
    return _variant(chance, ("EGFR", 3236, "NM_005228.5"), "p.Leu858Arg", "c.2573T>G", "EGFR L858R")


def _uncertain_variant(chance: random.Random) -> Json:
    gene, identifier, transcript, codons = chance.choice(_MUTATED)
    codon = chance.randint(2, codons - 1)
    before, after, place, old, new = chance.choice(_SUBSTITUTIONS)
    protein, coding = f"p.{before}{codon}{after}", f"c.{3 * (codon - 1) + place}{old}>{new}"
    return _variant(chance, (gene, identifier, transcript), protein, coding, f"{gene} {protein}")


def _variant(chance: random.Random, gene: tuple[str, int, str], protein: str, coding: str, words: str) -> Json:
    symbol, identifier, transcript = gene
    frequency = {"value": round(chance.uniform(0.03, 0.6), 3), "unit": "1", "system": _UCUM, "code": "1"}
    return _molecular("LA9633-4", "Present") | {
        "component": [
            _component("48018-6", "Gene studied [ID]", _coded(_HGNC, f"HGNC:{identifier}", symbol)),
            _component("81252-9", "Discrete genetic variant", {"text": words}),
            _component("48005-3", "Amino acid change (pHGVS)", _coded(_HGVS, protein)),
            _component("48004-6", "DNA change (c.HGVS)", _coded(_HGVS, f"{transcript}:{coding}")),
            _component("48019-4", "DNA change type", _coded("http://www.sequenceontology.org", "SO:0001483", "SNV")),
            _component("51958-7", "Transcript reference sequence [ID]", _coded(_REFSEQ, transcript)),
            _component("48002-0", "Genomic source class [Type]", _coded(_LOINC, "LA6684-0", "Somatic")),
            {
                "code": _coded(_LOINC, "81258-6", "Sample variant allelic frequency [NFr]"),
                "valueQuantity": frequency,
            },
        ]
    }


def _gene_without_finding(index: int) -> Json:
    symbol, identifier = _NOT_MUTATED[index % len(_NOT_MUTATED)]
    gene = _component("48018-6", "Gene studied [ID]", _coded(_HGNC, f"HGNC:{identifier}", symbol))
    return _molecular("LA9634-2", "Absent") | {"component": [gene]}


def _molecular(code: str, display: str) -> Json:
    """What every result of the sequencing panel shares."""
    return {
        "meta": {"profile": ["http://hl7.org/fhir/uv/genomics-reporting/StructureDefinition/variant"]},
        "status": "final",
        "category": [_coded(_CATEGORY, "laboratory"), _coded(_SECTION, "GE")],
        "code": _coded(_LOINC, "69548-6", "Genetic variant assessment"),
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2026-10-01",
        "performer": [{"reference": "Organization/molecular-pathology"}],
        "valueCodeableConcept": _coded(_LOINC, code, display),
        "method": _coded(_LOINC, "LA26398-0", "Sequencing"),
    }


def _pd_l1() -> Json:
    return {
        "status": "final",
        "category": [_coded(_CATEGORY, "laboratory")],
        "code": _coded(_LOINC, "83053-9", "PD-L1 by immune stain"),
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2026-10-01",
        "valueQuantity": {"value": 30, "unit": "%", "system": _UCUM, "code": "%"},
    }


def _not_rearranged(code: str, gene: str) -> Json:
    return {
        "status": "final",
        "category": [_coded(_CATEGORY, "laboratory")],
        "code": _coded(_LOINC, code, f"{gene} gene rearrangements"),
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2026-10-01",
        "valueCodeableConcept": _coded(_LOINC, "LA11883-8", "Not detected"),
    }


def _laboratory_value(chance: random.Random, index: int) -> Json:
    code, name, unit, low, high = _LABORATORY[index % len(_LABORATORY)]
    amount = {"unit": unit, "system": _UCUM, "code": unit}
    return {
        "meta": {"versionId": "1", "lastUpdated": "2026-11-02T08:00:00Z"},
        "status": "final",
        "category": [_coded(_CATEGORY, "laboratory", "Laboratory")],
        "code": _coded(_LOINC, code, name) | {"text": name.partition(" [")[0]},
        "subject": {"reference": "Patient/p1", "display": "Example patient"},
        "encounter": {"reference": f"Encounter/e{index // len(_LABORATORY)}"},
        "effectiveDateTime": f"2026-{1 + index % 11:02d}-{1 + index % 28:02d}T07:45:00Z",
        "issued": f"2026-{1 + index % 11:02d}-{1 + index % 28:02d}T09:30:00Z",
        "valueQuantity": {"value": round(chance.uniform(low, high), 1)} | amount,
        "interpretation": [_coded("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "N")],
        "referenceRange": [{"low": {"value": low} | amount, "high": {"value": high} | amount}],
    }


def _lung_cancer() -> Json:
    return {
        "resourceType": "Condition",
        "id": "c1",
        "clinicalStatus": _coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
        "verificationStatus": _coded("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
        "code": _coded("http://snomed.info/sct", "254637007", "Non-small cell lung cancer"),
        "subject": {"reference": "Patient/p1"},
        "recordedDate": "2026-09-01",
    }


def _component(code: str, display: str, value: Json) -> Json:
    return {"code": _coded(_LOINC, code, display), "valueCodeableConcept": value}


def _coded(system: str, code: str, display: str | None = None) -> Json:
    return {"coding": [{"system": system, "code": code} | ({"display": display} if display else {})]}


def _bundle(resources: list[Json]) -> Json:
    entries = [
        {"fullUrl": f"https://ehr.example/fhir/{resource['resourceType']}/{resource['id']}", "resource": resource}
        for resource in resources
    ]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}
