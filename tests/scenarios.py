"""The table of scenarios: who the patient is, what is drafted, which cards must come.

Patients are made of FHIR resources, so that reading, judging and wording are all part of the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.fhir import (
    Json,
    bundle,
    coded,
    component,
    condition,
    observation,
    patient,
    protein,
    request,
    variant,
    variation,
)

ICD10 = "http://hl7.org/fhir/sid/icd-10"
SNOMED = "http://snomed.info/sct"
V3 = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row. ``drafts`` are drugs in words; ``cards`` are (indicator, topic, kinds of suggestions).

    ``resources`` may hold the patient, where the usual one will not do.
    """

    name: str
    hook: str
    resources: tuple[Json, ...]
    drafts: tuple[str, ...] = ()
    cards: tuple[tuple[str, str, str], ...] = ()

    def request(self) -> Json:
        """The CDS Hooks request."""
        body = request(*self.resources, patient()) | {"hook": self.hook}
        orders = [resource for resource in self.resources if resource["resourceType"] == "ServiceRequest"]
        medications = [resource for resource in self.resources if resource["resourceType"] == "MedicationStatement"]
        body["prefetch"] |= {"serviceRequests": bundle(*orders), "medicationStatements": bundle(*medications)}
        if self.hook != "patient-view":
            drafts = [draft(f"m{number}", name) for number, name in enumerate(self.drafts, 1)]
            body["context"] = body["context"] | {"draftOrders": bundle(*drafts)}
        if self.hook == "order-select":
            body["context"]["selections"] = ["MedicationRequest/m1"]
        return body


def draft(identifier: str, name: str, **members: Any) -> Json:
    """A drafted order of a medicine in words."""
    resource = {
        "resourceType": "MedicationRequest",
        "id": identifier,
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": {"text": name},
        "subject": {"reference": "Patient/p1"},
    }
    return resource | members


def ordered_test(text: str, status: str = "active") -> Json:
    """A test that somebody has ordered."""
    return {
        "resourceType": "ServiceRequest",
        "id": "s1",
        "status": status,
        "intent": "order",
        "code": {"text": text},
        "subject": {"reference": "Patient/p1"},
    }


def tumour(code: str) -> Json:
    """A diagnosis by ICD-10."""
    return condition(code, ICD10)


def given(name: str, status: str = "active") -> Json:
    """A medicine that the patient receives or received."""
    return {
        "resourceType": "MedicationStatement",
        "id": f"given-{name}",
        "status": status,
        "medicationCodeableConcept": {"text": name},
        "subject": {"reference": "Patient/p1"},
        "effectivePeriod": {"start": "2026-03-01"},
    }


def phenotype(gene: str, hgnc: str, words: str, identifier: str = "pgx") -> Json:
    """A pharmacogenomic phenotype as the Genomics Reporting guide writes it."""
    return observation(
        identifier,
        coded("53040-2"),
        valueCodeableConcept={"text": words},
        component=[component("48018-6", coded(hgnc, "http://www.genenames.org", gene))],
    )


def genotype(gene: str, hgnc: str, diplotype: str) -> Json:
    """A diplotype in star alleles."""
    return observation(
        "genotype",
        coded("84413-4"),
        valueCodeableConcept={"text": diplotype},
        component=[component("48018-6", coded(hgnc, "http://www.genenames.org", gene))],
    )


def stain(code: str, answer: str, identifier: str) -> Json:
    """An immune stain with a plain answer."""
    return observation(identifier, coded(code), valueCodeableConcept=coded(answer, SNOMED))


POSITIVE, NEGATIVE = "10828004", "260385009"
LUAD, LUSC, UROTHELIAL = condition("254626006"), condition("254634000"), condition("255109008")
CHILD = patient("2014-04-12")
CLL, METASTASIS = tumour("C91.1"), tumour("C79.3") | {"id": "c2"}
NSCLC, CRC, BREAST, MELANOMA = condition(), tumour("C18.7"), tumour("C50.4"), tumour("C43.5")
L858R = variant("egfr", "EGFR", protein("p.Leu858Arg"))
T790M = variant("t790m", "EGFR", protein("p.Thr790Met"))
EXON20 = variant("egfr", "EGFR", protein("p.Asp770_Asn771insSerValAsp"))
NO_EGFR, NO_ALK = variant("egfr", "EGFR", present=False), variant("alk", "ALK", present=False)
ALK = variant("alk", "ALK", variation("EML4-ALK fusion"))
KRAS_G12D = variant("kras", "KRAS", protein("p.Gly12Asp"))
KRAS_G12C = variant("kras", "KRAS", protein("p.Gly12Cys"))
NO_KRAS = variant("kras", "KRAS", present=False)
NO_NRAS = observation("nras", coded("21719-0"), valueCodeableConcept=coded(NEGATIVE, SNOMED))
V600E = variant("braf", "BRAF", protein("p.Val600Glu"))
V600K = variant("braf", "BRAF", protein("p.Val600Lys"))
MSI_H = observation("msi", coded("81695-9"), valueCodeableConcept=coded("LA26203-2"))
MSS = observation("msi", coded("81695-9"), valueCodeableConcept=coded("LA14122-8"))
ER, NO_ER = stain("16112-5", POSITIVE, "er"), stain("16112-5", NEGATIVE, "er")
PR, NO_PR = stain("16113-3", POSITIVE, "pr"), stain("16113-3", NEGATIVE, "pr")
HER2_3 = observation("her2", coded("85319-2"), valueCodeableConcept=coded("LA11843-2"))
HER2_0 = observation("her2", coded("85319-2"), valueCodeableConcept=coded("LA6111-4"))
DPYD_POOR = phenotype("DPYD", "HGNC:3012", "Poor metabolizer")
DPYD_INTERMEDIATE = phenotype("DPYD", "HGNC:3012", "Intermediate metabolizer")
DPYD_NORMAL = phenotype("DPYD", "HGNC:3012", "Normal metabolizer")
