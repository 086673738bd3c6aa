"""Protein markers from FHIR, as tables: what was sent and the facts that come of it."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service import Advisor
from fhir_mappings import PatientRecord
from knowledge import Fact, Kind, State
from tests.fhir import Json, bundle, coded, component, observation, patient

SCT = "http://snomed.info/sct"
NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"
NCIT_OF_MII = "https://nih-ncpi.github.io/ncpi-fhir-ig/CodeSystem-ncit.html"
DNPM_IHC = "dnpm-dip/mtb/ihc/protein-expression/result"
MII_HER2 = "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/CodeSystem/mii-cs-onko-mamma-her2neu-status"
PRESENT, ABSENT, INDETERMINATE = State.PRESENT, State.ABSENT, State.INDETERMINATE

MARKER_READERS = {"expression", "mmr_protein", "signature", "marker_panel", "immunohistochemistry", "immunophenotype"}
OPTIONS = {"levels", "presence", "number", "numbers", "absent_below", "beside", "class_marker", "present", "absent"}
OPTIONS |= {"part_of"}

POSITIVE = {"valueCodeableConcept": coded("10828004", SCT, "Positive")}
NEGATIVE = {"valueCodeableConcept": coded("260385009", SCT, "Negative")}


def text(value: str) -> Json:
    return {"valueString": value}


def quantity(value: float, unit: str | None = None, **members: Any) -> Json:
    return {"valueQuantity": {"value": value} | ({"unit": unit} if unit else {}) | members}


def answer(code: str, display: str | None = None, system: str = "http://loinc.org") -> Json:
    return {"valueCodeableConcept": coded(code, system, display)}


def part(code: Json, value: Json) -> Json:
    return {"code": code} | value


def named(name: str) -> Json:
    return {"text": name}


def read(advisor: Advisor, *resources: Json) -> PatientRecord:
    return advisor.record(bundle(patient(), *resources))


def expression(advisor: Advisor, code: Json | str, **members: Any) -> list[Fact]:
    code = coded(code) if isinstance(code, str) else code
    record = read(advisor, observation("o1", code, **members))
    return [fact for fact in record.facts if fact.kind is Kind.EXPRESSION]


def summary(fact: Fact) -> tuple[Any, ...]:
    return fact.marker, fact.score, fact.state, fact.comparator, fact.value


HER2_BY_STAIN = [
    (answer("LA6111-4", "0"), "IHC", PRESENT, 0),
    (answer("LA11841-6", "1+"), "IHC", PRESENT, 1),
    (answer("LA11842-4"), "IHC", PRESENT, 2),
    (answer("LA11843-2", "3+"), "IHC", PRESENT, 3),
    (answer("3", "HER2 3+ (positive)", "https://tx.hl7.lt/fhir/CodeSystem/her2-ihc-score"), "IHC", PRESENT, 3),
    (answer("0", None, "https://tx.hl7.lt/fhir/CodeSystem/her2-ihc-score"), "IHC", PRESENT, 0),
    (answer("2+", None, DNPM_IHC), "IHC", PRESENT, 2),
    (text("2+"), "IHC", PRESENT, 2),
    (text("Score 1+"), "IHC", PRESENT, 1),
    (text("2+ (equivocal)"), "IHC", PRESENT, 2),
    (text("+++"), "IHC", PRESENT, 3),
    ({"valueInteger": 0}, "IHC", PRESENT, 0),
    ({"valueInteger": 3}, "IHC", PRESENT, 3),
    (quantity(2), "IHC", PRESENT, 2),
    ({"valueInteger": 4}, "IHC", INDETERMINATE, 4),
    (quantity(1.5), "IHC", INDETERMINATE, 1.5),
    (text("equivocal"), None, INDETERMINATE, None),
    (answer("LA11884-6", "Indeterminate"), None, INDETERMINATE, None),
    (POSITIVE, None, PRESENT, None),
    (NEGATIVE, None, ABSENT, None),
    (answer("LA9633-4", "Present"), None, PRESENT, None),
    ({"dataAbsentReason": coded("not-performed")}, None, State.NOT_TESTED, None),
]


@pytest.mark.parametrize("code", ["18474-7", "85319-2"])
@pytest.mark.parametrize(("value", "score", "state", "number"), HER2_BY_STAIN)
def test_her2_by_stain(
    advisor: Advisor, code: str, value: Json, score: str | None, state: State, number: float | None
) -> None:
    (fact,) = expression(advisor, code, **value)
    assert summary(fact) == ("HER2", score, state, None, number)
    assert fact.genes == ("ERBB2",)
    assert fact.unit is None


@pytest.mark.parametrize("value", ["1+ to 2+", "2-3+", "see report", "3+ in 5 % of cells", "4+"])
def test_her2_in_other_words_is_unread(advisor: Advisor, value: str) -> None:
    record = read(advisor, observation("o1", coded("85319-2"), valueString=value))
    assert not [fact for fact in record.facts if fact.kind is Kind.EXPRESSION]
    assert [entry.reference for entry in record.unread] == ["Observation/o1"]


def test_a_code_that_means_something_else_is_no_score(advisor: Advisor) -> None:
    assert not expression(advisor, "85319-2", **answer("LA11840-8", "Mixed"))


def test_an_immunoassay_is_no_score_of_0_to_3(advisor: Advisor) -> None:
    (fact,) = expression(advisor, "72382-5", **quantity(3, "IU/mL"))
    assert (fact.score, fact.value, fact.unit) == ("immunoassay", 3, "IU/mL")


def her2_status(*pairs: tuple[str, str]) -> Json:
    return {
        "valueCodeableConcept": {"coding": [{"system": f"{MII_HER2}-{kind}", "code": code} for kind, code in pairs]}
    }


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (answer("LA6577-6", "Negative"), (None, ABSENT, None)),
        (her2_status(("obds", "P"), ("leitlinie", "positiv")), (None, PRESENT, None)),
        (her2_status(("obds", "N"), ("leitlinie", "low")), ("status", ABSENT, "low")),
        (her2_status(("obds", "N")), (None, ABSENT, None)),
        (her2_status(("leitlinie", "ultralow")), ("status", ABSENT, "ultralow")),
        (answer("1381317004", "Human epidermal growth factor receptor 2 low", SCT), ("status", ABSENT, "low")),
        (text("HER2-low"), ("status", ABSENT, "low")),
    ],
)
def test_her2_as_the_laboratory_interprets_it(advisor: Advisor, value: Json, expected: tuple[Any, ...]) -> None:
    (fact,) = expression(advisor, "48676-1", **value)
    assert (fact.score, fact.state, fact.value) == expected


def test_her2_interpretation_with_its_stain_and_hybridisation(advisor: Advisor) -> None:
    facts = expression(
        advisor,
        "48676-1",
        **her2_status(("obds", "P")),
        component=[
            part(coded("85319-2"), answer("LA11842-4", "2+")),
            part(coded("96893-3"), answer("LA6576-8", "Positive")),
        ],
    )
    assert {(fact.score, fact.state, fact.value) for fact in facts} == {
        (None, PRESENT, None),
        ("IHC", PRESENT, 2),
        ("ISH", PRESENT, None),
    }
    assert {fact.source.path for fact in facts} == {
        "valueCodeableConcept",
        "component[0].valueCodeableConcept",
        "component[1].valueCodeableConcept",
    }


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("31150-6", text("amplified"), ("ISH", PRESENT, None, None)),
        ("31150-6", text("not amplified"), ("ISH", ABSENT, None, None)),
        ("85318-4", NEGATIVE, ("ISH", ABSENT, None, None)),
        ("85318-4", text("equivocal"), ("ISH", INDETERMINATE, None, None)),
        ("85318-4", text("less than 1.8"), ("ISH ratio", ABSENT, "<", 1.8)),
        ("85318-4", text("1.2"), ("ISH ratio", ABSENT, None, 1.2)),
        ("85318-4", text("<= 1.8"), ("ISH ratio", PRESENT, "<=", 1.8)),
        ("85318-4", text("less than 2"), ("ISH ratio", PRESENT, "<", 2)),
        ("85318-4", text("2.4"), ("ISH ratio", PRESENT, None, 2.4)),
        ("49683-6", quantity(1.5), ("ISH ratio", PRESENT, None, 1.5)),
        (
            "49683-6",
            {"valueRatio": {"numerator": {"value": 4.2}, "denominator": {"value": 2}}},
            ("ISH ratio", PRESENT, None, 2.1),
        ),
        ("74860-8", quantity(5.5, "{copies}"), ("ISH copies", PRESENT, None, 5.5)),
    ],
)
def test_her2_by_hybridisation(advisor: Advisor, code: str, value: Json, expected: tuple[Any, ...]) -> None:
    (fact,) = expression(advisor, code, **value)
    assert (fact.score, fact.state, fact.comparator, fact.value) == expected
    assert fact.marker == "HER2"


def test_a_hybridisation_panel_is_read_by_its_components(advisor: Advisor) -> None:
    facts = expression(
        advisor,
        "74885-5",
        component=[
            part(coded("49683-6"), quantity(2.6)),
            part(coded("74860-8"), quantity(6.1)),
            part(coded("74861-6"), quantity(2.3)),
            part(coded("31150-6"), POSITIVE),
        ],
    )
    assert [(fact.score, fact.value) for fact in facts] == [
        ("ISH ratio", 2.6),
        ("ISH copies", 6.1),
        ("CEP17 copies", 2.3),
        ("ISH", None),
    ]


def test_a_ratio_with_the_answer_in_the_interpretation(advisor: Advisor) -> None:
    facts = expression(
        advisor,
        coded("1365744007", SCT),
        valueRatio={"numerator": {"value": 1.2}, "denominator": {"value": 1}},
        interpretation=[coded("260385009", SCT, "Negative (qualifier value)")],
        component=[component("48018-6", hgnc(3430, "ERBB2")), part(coded("74860-8"), quantity(2.4, "#"))],
    )
    assert [(fact.score, fact.state, fact.value) for fact in facts] == [
        ("ISH ratio", PRESENT, 1.2),
        ("ISH", ABSENT, None),
        ("ISH copies", PRESENT, 2.4),
    ]
    assert facts[1].source.path == "interpretation[0]"


def test_a_reason_for_no_value_gives_way_to_what_the_components_say(advisor: Advisor) -> None:
    parts = [part(coded("83053-9"), quantity(60, "%"))]
    (fact,) = expression(advisor, "85147-7", dataAbsentReason=coded("unknown"), component=parts)
    assert (fact.score, fact.value) == ("TPS", 60)


def test_a_panel_with_members_says_nothing_itself(advisor: Advisor) -> None:
    record = read(advisor, observation("o1", coded("74885-5"), hasMember=[{"reference": "Observation/o2"}]))
    assert not record.unread


RECEPTORS = [
    ("85337-4", POSITIVE, ("ER", None, PRESENT, None, None)),
    ("40557-1", NEGATIVE, ("PR", None, ABSENT, None, None)),
    ("85329-1", quantity(90, "%"), ("ER", "percent", PRESENT, None, 90)),
    ("85329-1", quantity(0, "%"), ("ER", "percent", PRESENT, None, 0)),
    ("14230-7", quantity(1, "%", comparator="<"), ("PR", "percent", PRESENT, "<", 1)),
    ("14230-7", quantity(0.3, code="1"), ("PR", "percent", PRESENT, None, 30)),
    ("85329-1", quantity(900, "%"), ("ER", "percent", INDETERMINATE, None, 900)),
    ("85329-1", text("95%"), ("ER", "percent", PRESENT, None, 95)),
    ("85337-4", quantity(70, "%"), ("ER", "percent", PRESENT, None, 70)),
    ("85337-4", text("Allred 7/8"), ("ER", "Allred", PRESENT, None, 7)),
    ("85337-4", text("Allred score: 9"), ("ER", "Allred", INDETERMINATE, None, 9)),
    ("85339-0", text("H-score 240"), ("PR", "H-score", PRESENT, None, 240)),
    ("85310-1", text("strong"), ("ER", "intensity", PRESENT, None, "strong")),
    ("14130-9", quantity(12, "fmol/mg"), ("ER", "ligand assay", PRESENT, None, 12)),
]


@pytest.mark.parametrize(("code", "value", "expected"), RECEPTORS)
def test_hormone_receptors(advisor: Advisor, code: str, value: Json, expected: tuple[Any, ...]) -> None:
    (fact,) = expression(advisor, code, **value)
    assert summary(fact) == expected


def test_a_receptor_with_percent_and_intensity(advisor: Advisor) -> None:
    facts = expression(
        advisor,
        "40556-3",
        **answer("LA6576-8", "Positive"),
        component=[
            part(coded("1234804006", SCT), quantity(95, "%", code="%")),
            part(coded("1236874005", SCT), answer("x", "Strong", "http://example.org/local")),
            part(coded("1236874005", SCT), answer("LA13035-3", "Impaired")),
            part(coded("irs-score", "https://www.senologie.org/fhir/CodeSystem/cs-senologie-biomarker"), quantity(12)),
        ],
    )
    assert [summary(fact) for fact in facts] == [
        ("ER", None, PRESENT, None, None),
        ("ER", "percent", PRESENT, None, 95),
        ("ER", "intensity", PRESENT, None, "strong"),
        ("ER", "IRS", PRESENT, None, 12),
    ]


def test_a_combined_receptor_answer_is_not_split(advisor: Advisor) -> None:
    record = read(advisor, observation("o1", coded("10480-2"), **NEGATIVE))
    assert not [fact for fact in record.facts if fact.marker in ("ER", "PR")]
    assert "cannot be split" in record.unread[0].reason


PD_L1 = [
    (coded("83053-9"), quantity(50, "%"), ("TPS", PRESENT, 50, "%")),
    (coded("105303-2"), quantity(10), ("CPS", PRESENT, 10, None)),
    (coded("105305-7"), quantity(5, "%"), ("IC", PRESENT, 5, "%")),
    (coded("83052-1"), POSITIVE, (None, PRESENT, None, None)),
    (coded("83057-0"), answer("LA26819-5", "High expression"), ("SP142 level", PRESENT, "high", None)),
    (coded("83057-0"), answer("LA26821-1", "No expression"), ("SP142 level", ABSENT, "none", None)),
    (named("PD-L1 TPS"), text("<1%"), ("TPS", PRESENT, 1, "%")),
    (named("pd-l1"), text("CPS 12"), ("CPS", PRESENT, 12, None)),
    (named("PD-L1"), quantity(40, "%"), (None, PRESENT, 40, "%")),
]


@pytest.mark.parametrize(("code", "value", "expected"), PD_L1)
def test_pd_l1(advisor: Advisor, code: Json, value: Json, expected: tuple[Any, ...]) -> None:
    (fact,) = expression(advisor, code, **value)
    assert (fact.score, fact.state, fact.value, fact.unit) == expected


@pytest.mark.parametrize("system", [NCIT, NCIT_OF_MII])
def test_pd_l1_of_the_german_tumour_board(advisor: Advisor, system: str) -> None:
    facts = expression(
        advisor,
        coded("1234806008", SCT),
        **answer("exp", "Exprimiert", DNPM_IHC),
        component=[
            component("48018-6", coded("HGNC:17635", "http://www.genenames.org/geneId", "CD274")),
            part(coded("C184941", system), quantity(5, "%")),
            part(coded("C176582", system), quantity(10, "%", code="%")),
            part(coded("C199175", system), quantity(1, "%", comparator=">=")),
            part(coded("83053-9"), quantity(25, "%", comparator=">=")),
        ],
    )
    assert [(fact.score, fact.comparator, fact.value, fact.unit) for fact in facts] == [
        (None, None, None, None),
        ("TPS", None, 5, "%"),
        ("CPS", None, 10, None),
        ("IC", ">=", 1, "%"),
        ("TC", ">=", 25, "%"),
    ]
    assert {fact.marker for fact in facts} == {"PD-L1"}


@pytest.mark.parametrize(
    ("code", "method", "expected"),
    [
        (named("PD-L1"), "CPS", ("CPS", PRESENT, 20, None)),
        (named("PD-L1"), "Tumor Proportion Score", ("TPS", PRESENT, 20, "%")),
        (named("PD-L1"), "TCE", (None, PRESENT, 20, "%")),
        (coded("83053-9"), "TC", ("TC", PRESENT, 20, "%")),
        (coded("83053-9"), "CPS", ("TPS", INDETERMINATE, 20, "%")),
    ],
)
def test_a_scoring_method_names_the_score(advisor: Advisor, code: Json, method: str, expected: tuple[Any, ...]) -> None:
    parts = [part(coded("105302-4"), answer("LA-x", method))]
    (fact,) = expression(advisor, code, **quantity(20, "%"), component=parts)
    assert (fact.score, fact.state, fact.value, fact.unit) == expected


def stain(gene: Json | None, value: Json, *more: Json, code: str = "1234806008") -> Json:
    system = SCT if code == "1234806008" else "http://loinc.org"
    parts = ([component("48018-6", gene)] if gene else []) + list(more)
    return observation("o1", coded(code, system), **value, component=parts)


def hgnc(number: int, symbol: str) -> Json:
    return coded(f"HGNC:{number}", "http://www.genenames.org/geneId", symbol)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (stain(hgnc(3430, "ERBB2"), answer("3+", "3+", DNPM_IHC)), ("HER2", "IHC", PRESENT, None, 3)),
        (stain(hgnc(3430, "ERBB2"), answer("not-exp", None, DNPM_IHC)), ("HER2", None, ABSENT, None, None)),
        (stain(hgnc(427, "ALK"), answer("exp", "Exprimiert", DNPM_IHC)), ("ALK", None, PRESENT, None, None)),
        (stain(hgnc(427, "ALK"), answer("1+", "1+", DNPM_IHC)), ("ALK", "IHC", PRESENT, None, 1)),
        (stain(hgnc(3467, "ESR1"), quantity(90, "%")), ("ER", "percent", PRESENT, None, 90)),
        (stain(hgnc(7127, "MLH1"), answer("not-exp", None, DNPM_IHC)), ("MLH1", None, ABSENT, None, None)),
        (stain(hgnc(3791, "FOLR1"), quantity(70, "%"), code="55229-9"), ("FOLR1", "percent", PRESENT, None, 70)),
        (stain(hgnc(3791, "FOLR1"), POSITIVE, code="55229-9"), ("FOLR1", None, PRESENT, None, None)),
    ],
)
def test_a_generic_stain_names_its_protein_by_the_gene(
    advisor: Advisor, resource: Json, expected: tuple[Any, ...]
) -> None:
    (fact,) = [fact for fact in read(advisor, resource).facts if fact.kind is Kind.EXPRESSION]
    assert summary(fact) == expected


def test_a_generic_stain_without_a_gene_or_with_two_is_unread(advisor: Advisor) -> None:
    without = read(advisor, stain(None, POSITIVE))
    both = read(advisor, stain(hgnc(3430, "ERBB2"), POSITIVE, component("48018-6", hgnc(427, "ALK"))))
    assert [len(record.unread) for record in (without, both)] == [1, 1]
    assert not [fact for record in (without, both) for fact in record.facts if fact.kind is Kind.EXPRESSION]


def test_a_generic_code_before_a_specific_one_gives_way(advisor: Advisor) -> None:
    code = {"coding": [*coded("1234806008", SCT)["coding"], *coded("85329-1")["coding"]]}
    (fact,) = expression(advisor, code, **quantity(90, "%"))
    assert (fact.marker, fact.score) == ("ER", "percent")


def test_a_gene_that_is_not_that_of_the_code_makes_the_result_unread(advisor: Advisor) -> None:
    resource = observation("o1", coded("18474-7"), **POSITIVE, component=[component("48018-6", hgnc(427, "ALK"))])
    record = read(advisor, resource)
    assert "not the gene of the code" in record.unread[0].reason
    assert not [fact for fact in record.facts if fact.kind is Kind.EXPRESSION]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("HER2 IHC", text("1+"), ("HER2", "IHC", PRESENT, None, 1)),
        ("her2/neu", text("3+"), ("HER2", "IHC", PRESENT, None, 3)),
        ("HER2 FISH", text("not amplified"), ("HER2", "ISH", ABSENT, None, None)),
        ("Estrogen receptor", text("positive"), ("ER", None, PRESENT, None, None)),
        ("Estrogen receptor", text("80%"), ("ER", "percent", PRESENT, None, 80)),
        ("CD20 expression", quantity(95, "%"), ("CD20", "percent", PRESENT, None, 95)),
        ("CLDN18.2", POSITIVE, ("CLDN18.2", None, PRESENT, None, None)),
        ("CLDN18.2", text("80 % 2+/3+"), ("CLDN18.2", "TC 2+/3+", PRESENT, None, 80)),
        ("CLDN18.2 IHC", quantity(80, "%"), ("CLDN18.2", "percent", PRESENT, None, 80)),
        ("FOLR1 PS2+", quantity(80, "%"), ("FOLR1", "PS2+", PRESENT, None, 80)),
        ("PSMA PET", text("negative"), ("PSMA", "imaging", ABSENT, None, None)),
        ("AFP", quantity(612, "ng/mL"), ("AFP", "serum ng/ml", PRESENT, None, 612)),
        ("AFP", quantity(0.612, "mg/L"), ("AFP", "serum ng/ml", PRESENT, None, 612)),
        ("AFP", quantity(612, None, code="ug/L"), ("AFP", "serum ng/ml", PRESENT, None, 612)),
        ("AFP", text("< 2,5 µg/l"), ("AFP", "serum ng/ml", PRESENT, "<", 2.5)),
        ("MRD", text("0.01 %"), ("MRD", "percent", PRESENT, None, 0.01)),
        ("MRD", text("negative"), ("MRD", None, ABSENT, None, None)),
        ("MSH6 IHC", text("Loss of MSH6 expression"), ("MSH6", None, ABSENT, None, None)),
    ],
)
def test_local_names(advisor: Advisor, name: str, value: Json, expected: tuple[Any, ...]) -> None:
    (fact,) = expression(advisor, named(name), **value)
    assert summary(fact) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CD200", POSITIVE),
        ("eGFR", quantity(88, "mL/min/{1.73_m2}")),
        ("CD19", quantity(12, "%")),
        ("CD20", quantity(250, "/uL")),
        ("HER2", quantity(2)),
        ("HER2", text("2")),
        ("HER2 FISH", quantity(1.4)),
        ("PR", quantity(160, "ms")),
        ("ER", POSITIVE),
        ("Estrogen receptor", quantity(12)),
        ("AFP", quantity(612, "kU/L")),
        ("AFP", quantity(612)),
        ("AFP", text("elevated")),
        ("MRD", quantity(0.5)),
        ("MRD", text("10^-4")),
        ("Plasma uracil", quantity(0.2, "umol/L")),
        ("PSMA PET", quantity(12.4)),
        ("EBV DNA", POSITIVE),
    ],
)
def test_names_and_numbers_that_may_mean_something_else_give_no_fact(advisor: Advisor, name: str, value: Json) -> None:
    assert not expression(advisor, named(name), **value)


@pytest.mark.parametrize(
    ("code", "value", "expected"),
    [
        ("10438-0", POSITIVE, ("CD20", None, PRESENT, None, None)),
        ("10432-3", NEGATIVE, ("CD30", None, ABSENT, None, None)),
        ("10432-3", quantity(40, "%"), ("CD30", "percent", PRESENT, None, 40)),
        ("51115-4", quantity(95, "%"), ("CD20", "percent", PRESENT, None, 95)),
    ],
)
def test_surface_antigens(advisor: Advisor, code: str, value: Json, expected: tuple[Any, ...]) -> None:
    (fact,) = expression(advisor, code, **value)
    assert summary(fact) == expected


IMMUNOPHENOTYPES = [
    ("positive for CD10, CD79a, TdT, CD19, and CD20", {"CD19": PRESENT, "CD20": PRESENT}),
    (
        "Positive for CD38 and BCMA; negative for CD19, CD20.",
        {"CD38": PRESENT, "BCMA": PRESENT, "CD19": ABSENT, "CD20": ABSENT},
    ),
    ("positive for CD200", {}),
    ("positive for CD19 and dim CD20", None),
    ("positive for CD19; partially negative for CD20", None),
    ("The blasts are positive for CD19", None),
    ("positive for CD19, CD20; negative for CD19", None),
    ("CD19+ CD20-", None),
    ("not positive for CD19", None),
]


@pytest.mark.parametrize(("sentence", "expected"), IMMUNOPHENOTYPES)
def test_an_immunophenotype_in_one_sentence(advisor: Advisor, sentence: str, expected: dict[str, State] | None) -> None:
    record = read(advisor, observation("o1", coded("101119-6"), valueString=sentence))
    found = {fact.marker: fact.state for fact in record.facts if fact.kind is Kind.EXPRESSION}
    assert found == (expected or {})
    assert bool(record.unread) == (expected is None)


BROKEN: list[Json] = [
    {"valueQuantity": {"value": "a lot"}},
    {"valueQuantity": {"value": True}},
    {"valueQuantity": []},
    {"valueQuantity": {"value": float("inf")}},
    {"valueQuantity": {"value": float("nan")}},
    {"valueInteger": "3"},
    {"valueInteger": None},
    {"valueRatio": {"numerator": {"value": 2}, "denominator": {"value": 0}}},
    {"valueRatio": "2:1"},
    {"valueString": ""},
    {"valueString": "?" * 5000},
    {"valueString": 3},
    {"valueCodeableConcept": None},
    {"valueCodeableConcept": {"coding": "3+"}},
    {"valueCodeableConcept": {"coding": [{"system": SCT, "code": "2667001"}]}},
    {"component": [None, {"code": None}, {"code": coded("83053-9"), "valueQuantity": {"value": None}}]},
    {"interpretation": "positive"},
    {"note": {"text": 5}},
    {},
]


@pytest.mark.parametrize("value", BROKEN)
def test_nothing_broken_raises_or_gives_a_fact(advisor: Advisor, value: Json) -> None:
    rules = [rule for rule in advisor.tables.rules.values() if rule.reader in MARKER_READERS]
    assert len(rules) > 80
    systems = {key[1]: key[0] for key in advisor.tables.rules}
    for rule in rules:
        resource = observation("o1", coded(rule.code, f"https://example.org/{systems[rule.code]}"), **value)
        record = read(advisor, resource)
        assert not [fact for fact in record.facts if fact.kind in (Kind.EXPRESSION, Kind.SIGNATURE)], rule.code
        assert not [entry for entry in record.unread if "malformed" in entry.reason], rule.code


def test_every_gene_of_the_tables_is_an_approved_symbol(advisor: Advisor) -> None:
    markers = advisor.tables.markers
    genes = {gene for rule in advisor.tables.expression_names.values() for gene in rule.genes}
    genes |= {gene for protein in (*markers.proteins.values(), *markers.antigens.values()) for gene in protein.genes}
    for gene in genes:
        match = advisor.tables.genes.resolve(gene)
        assert match is not None
        assert (match.symbol, match.how) == (gene, "approved")


def test_every_option_of_a_rule_is_one_that_a_reader_knows(advisor: Advisor) -> None:
    rules = [*advisor.tables.rules.values(), *advisor.tables.expression_names.values()]
    for rule in (rule for rule in rules if rule.reader in MARKER_READERS):
        assert set(rule.options) <= OPTIONS, rule.code
        assert set(rule.options.get("levels", ())) <= set(advisor.tables.markers.levels), rule.code
