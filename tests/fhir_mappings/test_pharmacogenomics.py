"""Pharmacogenomic genotypes and phenotypes: what is read, and what must never follow from it."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service import Advisor
from fhir_mappings import PatientRecord
from fhir_mappings.tables import DATA
from knowledge import Fact, Kind, State
from tests.fhir import PATIENT, Json, bundle, coded, component, condition, observation

GENES = "http://www.genenames.org"
TBD = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs"
HGNC = {"CYP2C19": "HGNC:2621", "CYP2C9": "HGNC:2623", "CYP2D6": "HGNC:2625", "DPYD": "HGNC:3012"}
HGNC |= {"TPMT": "HGNC:12014", "UGT1A1": "HGNC:12530", "VKORC1": "HGNC:23663", "NUDT15": "HGNC:23063"}


def gene(symbol: str) -> Json:
    return component("48018-6", coded(HGNC[symbol], GENES, symbol))


def genotype(value: Json | str, *genes: str, identifier: str = "g1", code: str = "84413-4", **members: Any) -> Json:
    sent = {"valueString": value} if isinstance(value, str) else {"valueCodeableConcept": value}
    return observation(identifier, coded(code), component=[gene(symbol) for symbol in genes], **sent, **members)


def derived(*identifiers: str) -> list[Json]:
    return [{"reference": f"Observation/{identifier}"} for identifier in identifiers]


def implication(value: Json, *components: Json, name: str = "therapeutic-implication", **members: Any) -> Json:
    phenotype = {"code": coded(name, TBD), "valueCodeableConcept": value}
    return observation("i1", coded(name, TBD), component=[phenotype, *components], **members)


def read(advisor: Advisor, *resources: Json) -> PatientRecord:
    return advisor.record(bundle(*resources))


def facts(record: PatientRecord, kind: Kind) -> list[Fact]:
    return [fact for fact in record.facts if fact.kind is kind]


def lab(record: PatientRecord) -> list[Fact]:
    """Phenotypes that the record itself states."""
    return [fact for fact in facts(record, Kind.PHENOTYPE) if "CPIC" not in (fact.source.path or "")]


def by_table(record: PatientRecord) -> list[Fact]:
    return [fact for fact in facts(record, Kind.PHENOTYPE) if "CPIC" in (fact.source.path or "")]


@pytest.mark.parametrize(
    ("value", "genes", "expected_gene", "diplotype"),
    [
        ("*1/*4", ["TPMT"], "TPMT", "*1/*4"),
        ("*1/*2A", ["DPYD"], "DPYD", "*1/*2A"),
        ("CYP2C19*2/*2", [], "CYP2C19", "*2/*2"),
        ("CYP2C19 *1/*17", ["CYP2C19"], "CYP2C19", "*1/*17"),
        ("CYP2D6_*1/*1", [], "CYP2D6", "*1/*1"),
        ("CYP2D6*7.001 / CYP2D6*1.001", ["CYP2D6"], "CYP2D6", "*7/*1"),
        ("CYP2D6*1x2/*4", ["CYP2D6"], "CYP2D6", "*1x2/*4"),
        ("CYP2C19*1+CYP2C19*2", [], "CYP2C19", "*1/*2"),
        ("UGT1A1 *80+*28/*1", ["UGT1A1"], "UGT1A1", "*80+*28/*1"),
        ("Reference/c.1905+1G>A (*2A)", ["DPYD"], "DPYD", "*1/*2A"),
        ("DPYD *1/c.2846A>T", [], "DPYD", "*1/c.2846A>T"),
        ("c.1129-5923C>G, c.1236G>A (HapB3)/Reference", ["DPYD"], "DPYD", "HapB3/*1"),
        ("IVS14+1G>A/wild type", ["DPYD"], "DPYD", "*2A/*1"),
        ("(TA)6/(TA)7", ["UGT1A1"], "UGT1A1", "*1/*28"),
        ("C/T", ["VKORC1"], "VKORC1", "C/T"),
        ("VKORC1 rs9923231 C/T", [], "VKORC1", "C/T"),
    ],
)
def test_a_diplotype_is_read_in_every_spelling(
    advisor: Advisor, value: str, genes: list[str], expected_gene: str, diplotype: str
) -> None:
    found = facts(read(advisor, genotype(value, *genes)), Kind.GENOTYPE)
    assert [(fact.genes, fact.diplotype, fact.allele, fact.state) for fact in found] == [
        ((expected_gene,), diplotype, None, State.PRESENT)
    ]
    assert found[0].source.raw == value


@pytest.mark.parametrize(
    "value",
    [
        coded("638797", "http://www.ncbi.nlm.nih.gov/clinvar", "CYP2C19*2/*2"),
        coded("CYP2C19 *2/*2", "https://www.pharmvar.org"),
        coded('"CYP2C19', "http://www.pharmvar.org", "CYP2C19 *2/*2"),
        {"text": '"CYP2C19 *2/*2"'},
    ],
)
def test_a_diplotype_is_read_from_any_coding(advisor: Advisor, value: Json) -> None:
    [fact] = facts(read(advisor, genotype(value, "CYP2C19")), Kind.GENOTYPE)
    assert (fact.genes, fact.diplotype) == (("CYP2C19",), "*2/*2")


def test_the_core_specification_puts_the_gene_in_an_extension(advisor: Advisor) -> None:
    url = "http://hl7.org/fhir/StructureDefinition/observation-geneticsGene"
    call = observation(
        "d1",
        coded("363779003", "http://snomed.info/sct"),
        valueString="*1/*3A",
        extension=[{"url": url, "valueCodeableConcept": coded("12014", GENES, "TPMT")}],
    )
    [fact] = facts(read(advisor, call), Kind.GENOTYPE)
    assert (fact.genes, fact.diplotype) == (("TPMT",), "*1/*3A")


def test_one_haplotype_is_an_allele_and_no_diplotype(advisor: Advisor) -> None:
    value = coded("PV00155", "http://www.pharmvar.org", "CYP2D6*7.001")
    [fact] = facts(read(advisor, genotype(value, "CYP2D6", code="84414-2")), Kind.GENOTYPE)
    assert (fact.allele, fact.diplotype) == ("*7.001", None)


@pytest.mark.parametrize(
    "value",
    [
        "CYP2C19*1/CYP2C19*2+CYP2C19*4",
        "CYP2C19*1/*2|CYP2C19*3/*4",
        "*1/*2 or *1/*3",
    ],
)
def test_an_ambiguous_genotype_is_indeterminate(advisor: Advisor, value: str) -> None:
    record = read(advisor, genotype(value, "CYP2C19"))
    assert [(fact.state, fact.diplotype) for fact in facts(record, Kind.GENOTYPE)] == [(State.INDETERMINATE, None)]


def test_a_genotype_that_groups_variants_keeps_its_text(advisor: Advisor) -> None:
    text = "NM_022787.3(NMNAT1):c.[53A>G];[769G>A] AND Cone-rod dystrophy"
    value = coded("RCV000664188.1", "http://www.ncbi.nlm.nih.gov/clinvar", text)
    record = read(advisor, genotype(value, hasMember=derived("v1", "v2")))
    [fact] = facts(record, Kind.GENOTYPE)
    assert (fact.genes, fact.value, fact.diplotype, fact.allele) == (("NMNAT1",), text, None, None)
    assert not facts(record, Kind.VARIANT)


def test_the_value_tells_which_of_two_genes_the_alleles_belong_to(advisor: Advisor) -> None:
    [fact] = facts(read(advisor, genotype("CYP2C9 *2/*5", "CYP2C9", "VKORC1")), Kind.GENOTYPE)
    assert (fact.genes, fact.conflict) == (("CYP2C9",), None)


@pytest.mark.parametrize(("value", "genes"), [("*2/*5", ["CYP2C9", "VKORC1"]), ("CYP2C9*1/*1", ["CYP2D6"])])
def test_alleles_of_a_disputed_gene_decide_nothing(advisor: Advisor, value: str, genes: list[str]) -> None:
    [fact] = facts(read(advisor, genotype(value, *genes)), Kind.GENOTYPE)
    assert fact.conflict is True


def test_a_star_allele_is_given_the_gene_of_its_variants_only_if_that_gene_has_star_alleles(advisor: Advisor) -> None:
    behind = observation("v1", coded("69548-6"), valueCodeableConcept=coded("LA9633-4"), component=[gene("TPMT")])
    named = read(advisor, behind, genotype("*1/*3A", derivedFrom=derived("v1")))
    assert [fact.genes for fact in facts(named, Kind.GENOTYPE)] == [("TPMT",)]
    other = component("48018-6", coded("HGNC:21497", GENES, "ACAD9"))
    unrelated = observation("v1", coded("69548-6"), valueCodeableConcept=coded("LA9633-4"), component=[other])
    unnamed = read(advisor, unrelated, genotype("*2", code="84414-2", derivedFrom=derived("v1")))
    assert [(fact.genes, fact.allele) for fact in facts(unnamed, Kind.GENOTYPE)] == [((), "*2")]


@pytest.mark.parametrize(
    ("members", "state"),
    [
        ({"valueCodeableConcept": {"text": "No call"}}, State.NO_CALL),
        ({"valueCodeableConcept": {"text": "Indeterminate"}}, State.INDETERMINATE),
    ],
)
def test_no_result_is_no_diplotype(advisor: Advisor, members: Json, state: State) -> None:
    result = observation("g1", coded("84413-4"), component=[gene("DPYD")], **members)
    record = read(advisor, result)
    assert [(fact.state, fact.diplotype) for fact in facts(record, Kind.GENOTYPE)] == [(state, None)]
    assert not facts(record, Kind.PHENOTYPE)


def test_a_genotype_without_a_value_is_reported(advisor: Advisor) -> None:
    record = read(advisor, observation("g1", coded("84413-4"), component=[gene("DPYD")]))
    assert not record.facts
    assert [entry.reference for entry in record.unread] == ["Observation/g1"]


@pytest.mark.parametrize(
    ("code", "phenotype"),
    [
        ("LA10315-2", "ultrarapid metaboliser"),
        ("LA25390-8", "rapid metaboliser"),
        ("LA25391-6", "normal metaboliser"),
        ("LA10317-8", "intermediate metaboliser"),
        ("LA9657-3", "poor metaboliser"),
        ("LA25392-4", "increased function"),
        ("LA25395-7", "decreased function"),
    ],
)
@pytest.mark.parametrize("name", ["therapeutic-implication", "predicted-therapeutic-implication"])
def test_a_claim_about_a_drug_carries_a_phenotype(advisor: Advisor, name: str, code: str, phenotype: str) -> None:
    medication = component("51963-7", coded("32968", "http://www.nlm.nih.gov/research/umls/rxnorm", "clopidogrel"))
    claim = implication(coded(code), medication, name=name, derivedFrom=derived("g1"))
    record = read(advisor, genotype("*2/*2", "CYP2C19"), claim)
    assert [(fact.genes, fact.phenotype) for fact in lab(record)] == [(("CYP2C19",), phenotype)]
    assert not facts(record, Kind.THERAPY)


@pytest.mark.parametrize("code", ["LA6676-6", "LA6677-4", "LA19541-4"])
def test_what_a_claim_says_about_the_drug_is_no_fact(advisor: Advisor, code: str) -> None:
    record = read(advisor, implication(coded(code)))
    assert not record.facts
    assert not record.unread


@pytest.mark.parametrize(
    ("symbol", "text", "phenotype"),
    [
        ("CYP2C9", "Extensive metabolizer", "normal metaboliser"),
        ("CYP2D6", "Ultra-rapid metaboliser", "ultrarapid metaboliser"),
        ("CYP2D6", "CYP2D6 Poor Metabolizer", "poor metaboliser"),
        ("TPMT", "High activity", "normal metaboliser"),
        ("TPMT", "Low or deficient activity", "poor metaboliser"),
        ("CYP2C19", "Intermediate function", "decreased function"),
    ],
)
def test_a_phenotype_in_words(advisor: Advisor, symbol: str, text: str, phenotype: str) -> None:
    effect = observation("p1", coded("53040-2"), valueCodeableConcept={"text": text}, derivedFrom=derived("g1"))
    record = read(advisor, genotype("*1/*41", symbol), effect)
    assert [(fact.genes, fact.phenotype, fact.source.raw) for fact in lab(record)] == [((symbol,), phenotype, text)]


@pytest.mark.parametrize("text", ["High activity", "Low activity", "see report", "not a poor metabolizer"])
def test_words_that_no_table_knows_are_reported(advisor: Advisor, text: str) -> None:
    effect = observation("p1", coded("53040-2"), valueCodeableConcept={"text": text}, derivedFrom=derived("g1"))
    record = read(advisor, genotype("*1/*1", "CYP2C9"), effect)
    assert not lab(record)
    assert [entry.reference for entry in record.unread] == ["Observation/p1"]


def test_a_phenotype_of_two_genes_decides_about_neither(advisor: Advisor) -> None:
    effect = observation(
        "p1", coded("53040-2"), valueCodeableConcept=coded("LA9657-3"), derivedFrom=derived("g1", "g2")
    )
    record = read(advisor, genotype("*1/*3", "CYP2C9"), genotype("C/T", "VKORC1", identifier="g2"), effect)
    [fact] = lab(record)
    assert (set(fact.genes), fact.conflict) == ({"CYP2C9", "VKORC1"}, True)
    assert any("CYP2C9+VKORC1 together" in warning for warning in fact.warnings)


@pytest.mark.parametrize(
    "effect",
    [
        observation("p1", coded("53040-2"), valueCodeableConcept=coded("LA9657-3"), derivedFrom=derived("g1", "g9")),
        implication(coded("LA9657-3"), derivedFrom=derived("g2")),
    ],
    ids=["one genotype behind is missing", "the genotype behind is filed under two genes"],
)
def test_a_phenotype_that_may_rest_on_two_genes_decides_about_neither(advisor: Advisor, effect: Json) -> None:
    two = genotype("CYP2C9 *2/*5", "CYP2C9", "VKORC1", identifier="g2")
    [fact] = lab(read(advisor, genotype("*1/*3", "CYP2C9"), two, effect))
    assert fact.conflict is True


def test_a_phenotype_without_a_gene_is_shown_without_one(advisor: Advisor) -> None:
    [fact] = lab(read(advisor, implication(coded("LA9657-3"), derivedFrom=derived("elsewhere"))))
    assert (fact.genes, fact.phenotype) == ((), "poor metaboliser")
    assert "the gene is not stated" in fact.warnings


@pytest.mark.parametrize(
    "code",
    [
        coded("79713-4"),
        coded("x1", "http://lab.example", "TPMT gene product metabolic activity interpretation"),
        {"text": "TPMT gene product metabolic activity interpretation in Blood or Tissue"},
        {"text": "TPMT phenotype"},
    ],
)
def test_the_code_names_the_gene_of_a_phenotype(advisor: Advisor, code: Json) -> None:
    [fact] = lab(read(advisor, observation("p1", code, valueCodeableConcept=coded("LA10317-8"))))
    assert (fact.genes, fact.phenotype) == (("TPMT",), "intermediate metaboliser")


def test_a_local_code_is_read_by_its_whole_name(advisor: Advisor) -> None:
    record = read(advisor, observation("g1", {"text": "DPYD genotype"}, valueString="*1/*2A"))
    assert [(fact.genes, fact.diplotype) for fact in facts(record, Kind.GENOTYPE)] == [(("DPYD",), "*1/*2A")]


POOR = coded("738542003", "http://snomed.info/sct", "Dihydropyrimidine dehydrogenase poor metabolizer (finding)")


def report(**members: Any) -> Json:
    shell = {"resourceType": "DiagnosticReport", "id": "r1", "status": "final", "subject": {"reference": PATIENT}}
    return shell | {"code": coded("51969-4")} | members


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        (report(conclusionCode=[coded("260385009", "http://snomed.info/sct"), POOR]), "conclusionCode[1]"),
        (condition("738542003"), "code"),
        (observation("o1", {"text": "Conclusion"}, valueCodeableConcept=POOR), "valueCodeableConcept"),
    ],
    ids=["conclusion code", "diagnosis", "value"],
)
def test_a_poor_dpd_metaboliser_is_found_wherever_it_is_coded(advisor: Advisor, resource: Json, path: str) -> None:
    [fact] = lab(read(advisor, resource))
    assert (fact.genes, fact.phenotype, fact.source.path) == (("DPYD",), "poor metaboliser", path)


def test_g6pd_deficiency_is_a_phenotype(advisor: Advisor) -> None:
    [fact] = lab(read(advisor, condition("D55.0", "http://fhir.de/CodeSystem/bfarm/icd-10-gm")))
    assert (fact.genes, fact.phenotype) == (("G6PD",), "deficient")


def test_a_refuted_diagnosis_is_no_phenotype(advisor: Advisor) -> None:
    refuted = coded("refuted", "http://terminology.hl7.org/CodeSystem/condition-ver-status")
    assert not lab(read(advisor, condition("738542003", verificationStatus=refuted)))


@pytest.mark.parametrize(
    "resource",
    [
        report(code={"text": "DPYD genotyping report"}),
        report(conclusion="DPYD *13/*13: fluoropyrimidines are contraindicated."),
        report(code={"text": "DPD"}, result=[{"reference": "Observation/missing"}]),
        observation("o1", {"text": "DPYD result"}, valueString="see attached letter"),
        observation("o1", coded("45284-7"), valueString="see attached letter"),
        genotype("see attached letter", "DPYD"),
        condition() | {"code": {"text": "Partial DPD deficiency"}},
    ],
)
def test_what_speaks_of_dpyd_and_is_not_understood_is_reported(advisor: Advisor, resource: Json) -> None:
    record = read(advisor, resource)
    assert not facts(record, Kind.PHENOTYPE)
    assert f"{resource['resourceType']}/{resource['id']}" in {entry.reference for entry in record.unread}


def test_a_report_whose_result_is_read_is_not_reported_again(advisor: Advisor) -> None:
    whole = report(conclusion="DPYD *1/*1", result=derived("g1"))
    assert not read(advisor, genotype("*1/*1", "DPYD"), whole).unread


@pytest.mark.parametrize(
    ("symbol", "diplotype", "phenotype", "score"),
    [
        ("DPYD", "*1/*1", "normal metaboliser", 2.0),
        ("DPYD", "*1/HapB3", "intermediate metaboliser", 1.5),
        ("DPYD", "c.2846A>T/*2A", "poor metaboliser", 0.5),
        ("DPYD", "*13/*13", "poor metaboliser", 0.0),
        ("TPMT", "*3A/*1", "intermediate metaboliser", None),
        ("TPMT", "*3A/*3C", "poor metaboliser", None),
        ("TPMT", "*2/*8", "possible intermediate metaboliser", None),
        ("NUDT15", "*1/*3", "intermediate metaboliser", None),
        ("UGT1A1", "*28/*28", "poor metaboliser", None),
        ("UGT1A1", "*1/*80+*28", "intermediate metaboliser", None),
    ],
)
def test_cpic_tells_the_phenotype_of_a_diplotype(
    advisor: Advisor, symbol: str, diplotype: str, phenotype: str, score: float | None
) -> None:
    [fact] = by_table(read(advisor, genotype(diplotype, symbol)))
    assert (fact.genes, fact.phenotype, fact.value) == ((symbol,), phenotype, score)
    assert fact.source.reference == "Observation/g1"


def test_a_derived_normal_phenotype_says_that_it_depends_on_what_was_tested(advisor: Advisor) -> None:
    [fact] = by_table(read(advisor, genotype("*1/*1", "DPYD")))
    assert any("as far as alleles were tested" in warning for warning in fact.warnings)


def test_what_cpic_calls_indeterminate_is_indeterminate(advisor: Advisor) -> None:
    [fact] = by_table(read(advisor, genotype("*1/*8", "TPMT")))
    assert (fact.state, fact.phenotype) == (State.INDETERMINATE, None)


@pytest.mark.parametrize(
    "resource",
    [
        genotype("*1/*99", "TPMT"),
        genotype("*2A", "DPYD", code="84414-2"),
        genotype("*1/*2", "CYP2C9", "TPMT"),
        genotype("*1/*2", "CYP2C19"),
        observation("o1", coded("45284-7"), valueCodeableConcept={"text": "No mutations detected"}),
    ],
    ids=["unknown allele", "one allele", "two genes", "a gene without a table", "a negative"],
)
def test_no_phenotype_follows_without_a_certain_diplotype(advisor: Advisor, resource: Json) -> None:
    assert not facts(read(advisor, resource), Kind.PHENOTYPE)


def test_where_laboratory_and_cpic_differ_both_stay_and_say_so(advisor: Advisor) -> None:
    effect = observation("p1", coded("53040-2"), valueCodeableConcept=coded("LA25391-6"), derivedFrom=derived("g1"))
    record = read(advisor, genotype("*1/*2A", "DPYD"), effect)
    [stated], [table] = lab(record), by_table(record)
    assert stated.phenotype == "normal metaboliser"
    assert "CPIC's table says intermediate metaboliser" in stated.warnings
    assert table.phenotype == "intermediate metaboliser"
    assert "the laboratory says normal metaboliser" in table.warnings


def test_where_laboratory_and_cpic_agree_nothing_is_said(advisor: Advisor) -> None:
    effect = observation("p1", coded("53040-2"), valueCodeableConcept=coded("LA10317-8"), derivedFrom=derived("g1"))
    record = read(advisor, genotype("*1/*2A", "DPYD"), effect)
    assert [fact.warnings for fact in facts(record, Kind.PHENOTYPE)] == [(), ()]


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("45284-7", "*1/*2A", {"genes": ("DPYD",), "diplotype": "*1/*2A"}),
        ("45284-7", "c.1905+1G>A", {"genes": ("DPYD",), "allele": "*2A", "diplotype": None}),
        ("80738-8", "*1/*3C", {"genes": ("TPMT",), "diplotype": "*1/*3C"}),
        ("72508-5", "6/7", {"genes": ("UGT1A1",), "diplotype": "*1/*28"}),
        ("72508-5", "(TA)7/(TA)7", {"genes": ("UGT1A1",), "diplotype": "*28/*28"}),
        ("72508-5", "Homozygous", {"diplotype": "*28/*28", "zygosity": "homozygous"}),
        ("72508-5", "Heterozygous", {"allele": "*28", "diplotype": None, "zygosity": "heterozygous"}),
        ("72508-5", "Present", {"allele": "*28", "diplotype": None, "state": State.PRESENT}),
        ("72508-5", "Not detected", {"allele": "*28", "diplotype": None, "state": State.ABSENT}),
        ("100663-4", "Present", {"genes": ("TPMT",), "allele": "*3A", "state": State.PRESENT}),
        ("100664-2", "Absent", {"genes": ("NUDT15",), "allele": "*2", "state": State.ABSENT}),
        ("100669-1", "Absent", {"genes": ("NUDT15",), "allele": "*9", "state": State.ABSENT}),
    ],
)
def test_codes_of_single_pharmacogenes(advisor: Advisor, code: str, value: str, expected: dict[str, Any]) -> None:
    [fact] = facts(read(advisor, observation("o1", coded(code), valueCodeableConcept={"text": value})), Kind.GENOTYPE)
    assert {name: getattr(fact, name) for name in expected} == expected


def test_no_mutation_found_is_a_negative_for_the_gene_and_no_genotype(advisor: Advisor) -> None:
    negative = observation("o1", coded("45284-7"), valueCodeableConcept={"text": "No mutations detected"})
    [fact] = read(advisor, negative).facts
    assert (fact.kind, fact.state, fact.genes) == (Kind.VARIANT, State.ABSENT, ("DPYD",))


def test_an_enzyme_activity_is_a_number_and_no_phenotype_of_our_own(advisor: Advisor) -> None:
    measured = {"valueQuantity": {"value": 0, "unit": "nmol/mL/h"}}
    [fact] = lab(read(advisor, observation("o1", coded("91141-2"), **measured)))
    assert (fact.genes, fact.value, fact.unit, fact.phenotype) == (("TPMT",), 0, "nmol/mL/h", None)
    interpreted = observation("o1", coded("91141-2"), interpretation=[{"text": "Intermediate activity"}], **measured)
    assert [fact.phenotype for fact in lab(read(advisor, interpreted))] == ["intermediate metaboliser"]


def answer(item: str, name: str, presence: object, *parts: Json) -> Json:
    asked = [{"name": name, "valueString": item}, {"name": "presence", "valueBoolean": presence}, *parts]
    return {"resourceType": "Parameters", "parameter": [{"name": "answers", "part": asked}]}


@pytest.mark.parametrize(
    ("item", "name", "presence", "expected"),
    [
        ("HLA-B*27", "haplotypeItem", False, (Kind.HLA, State.ABSENT, ("HLA-B",), "HLA-B*27", None)),
        ("HLA-B*27", "haplotypeItem", True, (Kind.HLA, State.PRESENT, ("HLA-B",), "HLA-B*27", None)),
        ("CYP2D6 *41", "haplotypeItem", False, (Kind.GENOTYPE, State.ABSENT, ("CYP2D6",), "*41", None)),
        ("NC_000005.9:g.112102032A>T", "variantItem", False,
         (Kind.VARIANT, State.ABSENT, (), None, "NC_000005.9:g.112102032A>T")),
    ],
)  # fmt: skip
def test_an_operation_answers_for_what_was_asked_only(
    advisor: Advisor, item: str, name: str, presence: bool, expected: tuple[object, ...]
) -> None:
    [fact] = advisor.record(answer(item, name, presence)).facts
    assert (fact.kind, fact.state, fact.genes, fact.allele, fact.genomic) == expected


@pytest.mark.parametrize(
    ("item", "name"),
    [
        ("HLA-A*01:01 and HLA-B*08:01", "haplotypeItem"),
        ("NM_001354609.2:c.1802=", "variantItem"),
        ("NC_000010.10:g.1G>A AND NC_000011.10:g.2T>C", "variantItem"),
        ("NC_000017.11:39688093-39728660", "rangeItem"),
    ],
)
def test_an_answer_about_several_things_or_a_range_is_no_fact(advisor: Advisor, item: str, name: str) -> None:
    record = advisor.record(answer(item, name, False))
    assert not record.facts
    assert len(record.unread) == 1


@pytest.mark.parametrize("broken", [None, "x", 1, {}, [None], [{"part": [{"name": "presence"}]}], [{"part": 5}]])
def test_broken_parameters_are_no_fact(advisor: Advisor, broken: object) -> None:
    assert not advisor.record({"resourceType": "Parameters", "parameter": broken}).facts


def test_an_allele_that_was_found_is_present_even_if_the_genotype_is_ambiguous(advisor: Advisor) -> None:
    typed = genotype("HLA-A*23:01/HLA-A*23:17")
    record = advisor.record(answer("HLA-A*23", "haplotypeItem", True, {"name": "genotype", "resource": typed}))
    assert [(fact.allele, fact.state) for fact in facts(record, Kind.HLA)] == [
        (None, State.INDETERMINATE),
        ("HLA-A*23", State.PRESENT),
    ]


def test_an_answer_code_of_another_system_is_no_phenotype(advisor: Advisor) -> None:
    assert not lab(read(advisor, implication(coded("LA9657-3", "http://local.example"))))


@pytest.mark.parametrize(
    ("change", "zygosity", "phenotypes"),
    [
        ("c.1679T>G", "LA6705-3", ["poor metaboliser"]),
        ("c.1905+1G>A", "LA6705-3", ["poor metaboliser"]),
        ("c.1905+1G>A", "LA6706-1", []),
        ("c.2846A>T", "LA6705-3", []),
        ("c.85T>C", "LA6705-3", []),
    ],
)
def test_only_a_variant_without_function_on_both_copies_tells_the_phenotype(
    advisor: Advisor, change: str, zygosity: str, phenotypes: list[str]
) -> None:
    found = observation(
        "v1",
        coded("69548-6"),
        valueCodeableConcept=coded("LA9633-4"),
        component=[
            gene("DPYD"),
            component("48004-6", coded(f"NM_000110.4:{change}", "http://varnomen.hgvs.org")),
            component("53034-5", coded(zygosity)),
        ],
    )
    assert [fact.phenotype for fact in by_table(read(advisor, found))] == phenotypes


def test_every_phenotype_of_cpic_has_its_word(advisor: Advisor) -> None:
    rows = (DATA / "cpic" / "phenotypes.tsv").read_text(encoding="utf-8").splitlines()
    phenotypes = {row.split("\t")[4] for row in rows if not row.startswith("#")} - {"phenotype", "Indeterminate"}
    assert phenotypes
    assert all(advisor.tables.pharmacogenes.phenotype_of_words(phenotype, ()) for phenotype in phenotypes)


@pytest.mark.parametrize(
    ("name", "score"), [("*2A", 0.0), ("*13", 0.0), ("HapB3", 1.0), ("*1", 2.0), ("c.2846A>T", 1.0)]
)
def test_the_usual_names_are_those_of_the_table(advisor: Advisor, name: str, score: float) -> None:
    found = advisor.tables.pharmacogenes.cpic_phenotype("DPYD", f"{name}/{name}")
    assert found is not None
    assert found.activity_score == score
