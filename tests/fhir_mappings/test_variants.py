"""Every form in which a variant Observation arrives, as tables: what was sent, and the facts it gives."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service import Advisor
from fhir_mappings import PatientRecord
from knowledge import Fact, Kind, State
from tests.fhir import Json, bundle, coded, component, hgvs, observation, patient, protein

HGNC = "http://www.genenames.org"
MTB = "https://www.medizininformatik-initiative.de/fhir/ext/modul-mtb/CodeSystem/mii-cs-mtb-molekulare-biomarker"
BWHC = "http://bwhc.de/mtb/genetics-copy-number-variant"
REGISTRY = "https://example.org/CodeSystem/mii-cs-onko-genetische-variante-auspraegung"
CLINVAR = "http://www.ncbi.nlm.nih.gov/clinvar"
SO = "http://www.sequenceontology.org"
PRESENT, ABSENT = coded("LA9633-4"), coded("LA9634-2")


def gene(code: str, symbol: str | None = None, system: str | None = HGNC) -> Json:
    coding = {"code": code} | ({"display": symbol} if symbol else {}) | ({"system": system} if system else {})
    return component("48018-6", {"coding": [coding]})


def local(code: str, value: Json | str | float, system: str = MTB) -> Json:
    named = {"code": coded(code, system)}
    if isinstance(value, int | float):
        return named | {"valueQuantity": {"value": value, "code": "1", "system": "http://unitsofmeasure.org"}}
    return named | ({"valueString": value} if isinstance(value, str) else {"valueCodeableConcept": value})


def copies(value: float) -> Json:
    return {"code": coded("82155-3"), "valueQuantity": {"value": value}}


def variant(*components: Json, value: Json | None = PRESENT, **members: Any) -> Json:
    sent = {"valueCodeableConcept": value} if value else {}
    return observation("v1", coded("69548-6"), component=list(components), **sent, **members)


def record(advisor: Advisor, *resources: Json) -> PatientRecord:
    return advisor.record(bundle(patient(), *resources))


def facts(advisor: Advisor, *resources: Json) -> list[Fact]:
    return [fact for fact in record(advisor, *resources).facts if fact.kind is not Kind.DEMOGRAPHIC]


def one(advisor: Advisor, *resources: Json) -> Fact:
    (fact,) = facts(advisor, *resources)
    return fact


# --- genes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "symbol"),
    [
        (gene("HGNC:1097", "BRAF"), "BRAF"),
        (gene("1097", "BRAF"), "BRAF"),
        (gene("1097", "BRAF", "http://www.genenames.org/geneId"), "BRAF"),
        (gene("1097", None, "urn:oid:2.16.840.1.113883.6.281"), "BRAF"),
        (gene("673", None, "http://www.ncbi.nlm.nih.gov/gene"), "BRAF"),
        (gene("673", "BRAF", "https://www.ncbi.nlm.nih.gov/gene"), "BRAF"),
        (gene("C18252", "BRAF Gene", "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"), "BRAF"),
        (gene("164757", "BRAF", "http://www.omim.org"), "BRAF"),
        (component("48018-6", {"coding": [{"display": "BRAF"}]}), "BRAF"),
        (component("48018-6", {"text": "BRAF"}), "BRAF"),
        (component("48018-6", "BRAF"), "BRAF"),
        (gene("HGNC:3430", "HER2/neu"), "ERBB2"),
        (gene("HGNC:10471", "RUNx1"), "RUNX1"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_gene_in_every_coding(advisor: Advisor, sent: Json, symbol: str) -> None:
    fact = one(advisor, variant(sent, protein("p.Val600Glu")))
    assert (fact.genes, fact.protein, fact.conflict) == ((symbol,), "p.Val600Glu", None)


def test_a_bare_number_of_another_system_is_no_gene_id(advisor: Advisor) -> None:
    fact = one(advisor, variant(gene("3236", None, "http://www.omim.org"), protein("p.Leu858Arg")))
    assert fact.genes == ()


def test_id_and_symbol_that_disagree_make_a_conflict_unless_the_transcript_settles_it(advisor: Advisor) -> None:
    wrong = gene("HGNC:7127", "BRCA2")
    assert one(advisor, variant(wrong, protein("p.Ala938fs"))).conflict is True
    settled = one(advisor, variant(wrong, component("48004-6", hgvs("NM_000059.3:c.2808_2811delACAA"))))
    assert (settled.genes, settled.conflict) == (("BRCA2",), None)


# --- notations in slots -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("components", "members"),
    [
        ([component("48005-3", hgvs("c.9163>A p.(Gly306Arg)"))], {"protein": "p.Gly306Arg", "coding": None}),
        ([component("48004-6", hgvs("c.725G>A p.(Gly242Glu)"))], {"protein": "p.Gly242Glu", "coding": "c.725G>A"}),
        ([component("81290-9", hgvs("NM_005157.6:c.1076T>G"))], {"coding": "c.1076T>G"}),
        ([component("81290-9", hgvs("Chr8:g.38277170G>A"))], {"genomic": "Chr8:g.38277170G>A"}),
        ([component("81252-9", hgvs("NC_000007.14:140753335:A:T"))], {"genomic": "NC_000007.14:140753335:A:T"}),
        (
            [component("81252-9", coded("13961", CLINVAR, "NM_004333.4(BRAF):c.1799T>A (p.Val600Glu)"))],
            {"protein": "p.Val600Glu", "coding": "c.1799T>A", "transcript": "NM_004333.4"},
        ),
        (
            [component("81252-9", coded("13961", display="NM_004333.4(BRAF):c.1799T>A(p.Val600Glu)"))],
            {"protein": "p.Val600Glu", "coding": "c.1799T>A"},
        ),
        ([component("48005-3", hgvs("p.V600E/K"))], {"protein": "p.Val600"}),
        ([component("48005-3", hgvs("p.(Val600Glu^Lys)"))], {"protein": "p.Val600"}),
        ([component("81252-9", {"text": "BRAF V600E/K"})], {"protein": "p.Val600"}),
    ],
)  # fmt: skip
def test_notations_out_of_place_are_read(advisor: Advisor, components: list[Json], members: Json) -> None:
    fact = one(advisor, variant(gene("HGNC:1097", "BRAF"), *components))
    assert {name: getattr(fact, name) for name in members} == members


@pytest.mark.parametrize(
    "text", ["p.Trp24=/Cys", "p.[Val600Glu;Lys601Glu]", "p.Val600Glu;p.Lys601Glu", "NC_1:31162:T:<INS>"]
)
def test_what_is_not_one_change_is_kept_as_it_was_sent_and_never_cut(advisor: Advisor, text: str) -> None:
    fact = one(advisor, variant(gene("HGNC:1097", "BRAF"), component("48005-3", hgvs(text))))
    assert fact.protein is None
    assert any(text in warning or "several changes" in warning for warning in fact.warnings)


def test_identifiers_alone_name_no_change(advisor: Advisor) -> None:
    fact = one(advisor, variant(gene("HGNC:1097"), component("81252-9", coded("rs113488022", CLINVAR))))
    assert (fact.genes, fact.protein, fact.coding, fact.warnings) == (("BRAF",), None, None, ())


def test_a_coding_and_a_protein_change_that_cannot_be_one_variant_are_pointed_out(advisor: Advisor) -> None:
    sent = [component("48004-6", hgvs("NM_000540.3:c.4964G>A")), protein("NP_000531.2:p.Arg1655Leu")]
    fact = one(advisor, variant(gene("HGNC:10483", "RYR1"), *sent))
    assert fact.protein == "p.Arg1655Leu"
    assert any("disagree" in warning for warning in fact.warnings)


def test_several_changes_of_one_observation_each_become_a_fact(advisor: Advisor) -> None:
    panel = [gene("HGNC:3236", "EGFR"), gene("HGNC:1100", "BRCA1")]
    changes = [component("48004-6", hgvs(text)) for text in ("NM_005228.4:c.2573T>G", "NM_007294.3:c.5266dupC")]
    found = facts(advisor, variant(*panel, *changes))
    assert [(fact.genes, fact.coding) for fact in found] == [(("EGFR",), "c.2573T>G"), (("BRCA1",), "c.5266dup")]
    assert found[0].protein == "p.Leu858Arg"


def test_a_list_of_tested_genes_under_present_is_no_finding(advisor: Advisor) -> None:
    result = record(advisor, variant(gene("HGNC:1097", "BRAF"), gene("HGNC:1100", "BRCA1")))
    assert not [fact for fact in result.facts if fact.genes]
    assert [entry.reference for entry in result.unread] == ["Observation/v1"]


# --- state ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "state", "significance"),
    [
        ("M", State.PRESENT, None),
        ("W", State.ABSENT, None),
        ("P", State.PRESENT, "benign"),
        ("S", State.INDETERMINATE, None),
        ("N", State.INDETERMINATE, None),
        ("U", State.UNKNOWN, None),
    ],
)
def test_the_cancer_registry_answers_in_the_interpretation(
    advisor: Advisor, code: str, state: State, significance: str | None
) -> None:
    sent = variant(value=None, interpretation=[coded(code, REGISTRY)], note=[{"text": "BRCA 1"}])
    fact = one(advisor, sent)
    assert (fact.genes, fact.state, fact.significance) == (("BRCA1",), state, significance)
    assert fact.source.path == "interpretation[0]"


@pytest.mark.parametrize(
    ("note", "genes", "change"),
    [
        ("BRAF1 Class II Mutation", ("BRAF",), None),
        ("BRAF V600E", ("BRAF",), "p.Val600Glu"),
        ("BRAF: V600E Mutation", ("BRAF",), "p.Val600Glu"),
        ("BRAF kein V600E", ("BRAF",), None),
        ("BRAF non-V600E", ("BRAF",), None),
        ("BRAF, Verdacht auf BRAF V600E", ("BRAF",), None),
    ],
)
def test_a_note_names_gene_and_change_only_by_strict_patterns(
    advisor: Advisor, note: str, genes: tuple[str, ...], change: str | None
) -> None:
    fact = one(advisor, variant(value=None, interpretation=[coded("M", REGISTRY)], note=[{"text": note}]))
    assert (fact.genes, fact.protein) == (genes, change)


def test_a_note_that_names_no_gene_gives_nothing(advisor: Advisor) -> None:
    result = record(advisor, variant(value=None, interpretation=[coded("M", REGISTRY)], note=[{"text": "BLUB"}]))
    assert not [fact for fact in result.facts if fact.genes]
    assert result.unread


@pytest.mark.parametrize(
    "components",
    [
        [component("69547-8", "A"), component("69551-0", "A")],
        [protein("p.=")],
        [component("48004-6", hgvs("NM_004333.4:c.="))],
        [component("48019-4", coded("SO:0002073", SO))],
        [component("48019-4", coded("SO:1000002", SO, "wild type"))],
        [component("48019-4", coded("LA9658-1"))],
    ],
)
def test_present_without_a_change_is_no_mutation(advisor: Advisor, components: list[Json]) -> None:
    assert one(advisor, variant(gene("HGNC:1097", "BRAF"), *components)).state is State.ABSENT


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (coded("LA18198-4"), State.NO_CALL),
        (coded("LA11884-6"), State.INDETERMINATE),
        (coded("260385009", "http://snomed.info/sct"), State.ABSENT),
        (coded("10828004", "http://snomed.info/sct"), State.PRESENT),
        ({"text": "not detected"}, State.ABSENT),
    ],
)
def test_answers(advisor: Advisor, value: Json, state: State) -> None:
    assert one(advisor, variant(gene("HGNC:1097", "BRAF"), value=value)).state is state


def test_an_absent_with_several_genes_denies_each(advisor: Advisor) -> None:
    found = facts(
        advisor, variant(gene("HGNC:6342", "NRAS"), gene("HGNC:7989", "KIT"), gene("HGNC:1097"), value=ABSENT)
    )
    assert {(fact.genes, fact.state) for fact in found} == {((g,), State.ABSENT) for g in ("NRAS", "KIT", "BRAF")}


def test_an_absent_without_gene_gives_nothing(advisor: Advisor) -> None:
    assert not facts(advisor, variant(value=ABSENT))


# --- fusions --------------------------------------------------------------------------------------------------------

FUSIONS = {
    "German tumour board, no value": (
        variant(
            local("three-prime-gene", coded("HGNC:427", HGNC, "ALK")),
            local("five-prime-gene", coded("HGNC:1316", HGNC, "EML4")),
            value=None,
        ),
        ("EML4", "ALK"),
    ),
    "SNOMED CT genes": (
        variant(
            local("five-prime-gene", coded("15220000", "http://snomed.info/sct", "EML4 gene")),
            local("three-prime-gene", coded("259040001", "http://snomed.info/sct", "ALK gene")),
            value=None,
        ),
        ("EML4", "ALK"),
    ),
    "fusion transcript by ids": (
        variant(component("95123-6", coded("HGNC:3689::HGNC:2697", HGNC, "FGFR2::DBP")), value=None),
        ("FGFR2", "DBP"),
    ),
    "fusion transcript, two names": (variant(component("95123-6", "EML4-ALK")), ("EML4", "ALK")),
    "fusion transcript, exons": (variant(component("95123-6", "EML4(13)::ALK(20)")), ("EML4", "ALK")),
    "fusion of transcripts": (
        variant(component("95123-6", "NM_004304.4(ALK):r.1_100::NM_002944.2(ROS1):r.5_9")),
        ("ALK", "ROS1"),
    ),
    "two genes and a change type": (
        variant(
            gene("HGNC:3495", "ETV6"),
            gene("HGNC:10471", "RUNx1"),
            component("48019-4", coded("SO:1000044", SO)),
        ),
        ("ETV6", "RUNX1"),
    ),
    "underscore in the Sequence Ontology term": (
        variant(gene("HGNC:10261", "ROS1"), component("48019-4", coded("SO_0001565", SO))),
        ("ROS1",),
    ),
    "a name": (variant(component("81252-9", {"text": "KIF5B-RET fusion"})), ("KIF5B", "RET")),
    "one partner": (variant(component("81252-9", {"text": "ROS1 Fusion"})), ("ROS1",)),
    "both partners the same": (
        variant(gene("HGNC:76"), component("95123-6", "ABL1::ABL1")),
        ("ABL1",),
    ),
}


@pytest.mark.parametrize("form", FUSIONS)
def test_a_fusion_in_every_form(advisor: Advisor, form: str) -> None:
    sent, genes = FUSIONS[form]
    fact = one(advisor, sent)
    assert (fact.kind, fact.state, fact.genes) == (Kind.FUSION, State.PRESENT, genes)


@pytest.mark.parametrize(
    "text", ["ALK fusion: negative", "EML4-ALK fusion not detected", "EML4::ALK not found", "no ROS1 fusion"]
)
def test_a_denied_fusion_is_not_read_as_present(advisor: Advisor, text: str) -> None:
    assert not facts(advisor, variant(component("81252-9", {"text": text})))


def test_code_and_display_of_a_fusion_that_disagree_decide_nothing(advisor: Advisor) -> None:
    fact = one(advisor, variant(component("95123-6", coded("HGNC:3689::HGNC:2697", HGNC, "EML4::ALK"))))
    assert fact.conflict is True


@pytest.mark.parametrize(
    ("iscn", "genes"),
    [
        ("46,XX,t(9;22)(q34;q11.2)[20]", ("BCR", "ABL1")),
        ("46,XX,t(9;22)(q34.1;q11)", ("BCR", "ABL1")),
        ("46,XY,inv(16)(p13.1q22)[10]", ("CBFB", "MYH11")),
        ("46,XX,t(9;22)(q34;q4)", None),
        ("46,XX,t(9;22)", None),
        ("46,XX,t(1;22)(q34;q11.2)", None),
    ],
)
def test_a_karyotype_gives_a_fusion_only_by_exact_breakpoints(
    advisor: Advisor, iscn: str, genes: tuple[str, ...] | None
) -> None:
    found = facts(advisor, variant(component("81291-7", coded(iscn, "https://iscn.karger.com"))))
    assert (found[0].kind, found[0].value, found[0].state) == (Kind.KARYOTYPE, iscn, State.PRESENT)
    assert [fact.genes for fact in found[1:]] == ([genes] if genes else [])


def test_a_normal_karyotype_is_no_finding(advisor: Advisor) -> None:
    fact = one(advisor, variant(component("81291-7", coded("46,XX", "https://iscn.karger.com"))))
    assert (fact.kind, fact.state) == (Kind.KARYOTYPE, State.ABSENT)


def test_the_table_of_karyotypes_names_approved_genes_and_sources(advisor: Advisor) -> None:
    assert advisor.tables.karyotype_fusions
    for fusion in advisor.tables.karyotype_fusions:
        assert fusion.source
        for symbol in fusion.genes:
            assert advisor.tables.genes.by_symbol(symbol)


# --- copy numbers ---------------------------------------------------------------------------------------------------

HIGH_GAIN = local("type", coded("high-level-gain", BWHC), BWHC)
COPY_NUMBERS = {
    "high-level gain without copies": ([HIGH_GAIN], "gain", None),
    "high-level gain with copies": ([HIGH_GAIN, copies(7)], "amplification", 7),
    "high-level gain with few copies": ([HIGH_GAIN, copies(3)], "gain", 3),
    "low-level gain": ([local("type", coded("low-level-gain", BWHC), BWHC)], "gain", None),
    "loss": ([local("type", coded("loss", BWHC), BWHC)], "loss", None),
    "DNPM": ([local("cnv-type", coded("loss"), "https://x.example/tbd")], "loss", None),
    "copies zero": ([copies(0)], "deletion", 0),
    "alleles": ([local("copy-number-allele-a", 1), local("copy-number-allele-b", 0)], "loss", 1),
    "relative only": ([local("relative-copy-number", 1.5)], None, None),
    "fhirspark gain": ([component("62378-5", coded("LA14033-7"))], "gain", None),
    "fhirspark loss": ([component("62378-5", coded("LA14034-5"))], "loss", None),
    "in words": ([component("62378-5", "amplification")], "amplification", None),
    "range of copies": ([{"code": coded("82155-3"), "valueRange": {"low": {"value": 8}}}], "amplification", 8),
}  # fmt: skip


@pytest.mark.parametrize("form", COPY_NUMBERS)
@pytest.mark.parametrize("value", [PRESENT, None], ids=["present", "no value"])
def test_a_copy_number_change_in_every_form(advisor: Advisor, form: str, value: Json | None) -> None:
    components, name, count = COPY_NUMBERS[form]
    fact = one(advisor, variant(gene("HGNC:3430", "ERBB2"), *components, value=value))
    assert (fact.kind, fact.state, fact.genes) == (Kind.COPY_NUMBER, State.PRESENT, ("ERBB2",))
    assert (fact.variant_class, fact.copies) == (name, count)


def test_a_high_level_gain_says_that_it_may_be_an_amplification(advisor: Advisor) -> None:
    fact = one(advisor, variant(gene("HGNC:3430"), local("type", coded("high-level-gain", BWHC), BWHC)))
    assert any("may be an amplification" in warning for warning in fact.warnings)


def test_relative_copies_and_neutral_loss_are_kept(advisor: Advisor) -> None:
    sent = [local("relative-copy-number", 1.5), copies(3), local("copy-number-neutral-loh", coded("LA33-6"))]
    fact = one(advisor, variant(gene("HGNC:1100", "BRCA1"), *sent))
    assert (fact.copies, fact.value, fact.score) == (3, 1.5, "relative copy number")
    assert any("loss of heterozygosity" in warning for warning in fact.warnings)


def test_a_segment_with_several_genes_is_one_fact(advisor: Advisor) -> None:
    segment = [local("reported-affected-gene", coded(f"HGNC:{number}", HGNC)) for number in (3430, 1100, 1097)]
    fact = one(advisor, variant(*segment, copies(9), value=None))
    assert fact.genes == ("ERBB2", "BRCA1", "BRAF")
    assert any("segment" in warning for warning in fact.warnings)


def test_the_copy_number_variant_of_dnpm(advisor: Advisor) -> None:
    tbd = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes"
    parts = [local("reported-affected-gene", coded("HGNC:3430", "https://www.genenames.org/"), tbd), copies(9)]
    sent = observation("v1", coded("copy-number-variant", tbd), component=parts)
    fact = one(advisor, sent)
    assert (fact.kind, fact.genes, fact.variant_class) == (Kind.COPY_NUMBER, ("ERBB2",), "amplification")


def test_a_component_named_type_of_another_system_says_nothing(advisor: Advisor) -> None:
    fact = one(advisor, variant(gene("HGNC:3430"), local("type", coded("loss"), "https://x.example/other")))
    assert fact.kind is Kind.VARIANT


@pytest.mark.parametrize(
    ("region", "name"),
    [("Exon #19", "exon 19 deletion"), ("Ex 19", "exon 19 deletion"), ("Ex 19-21", "deletion"), ("19", "deletion")],
)
def test_exon_and_kind_of_change_make_the_class(advisor: Advisor, region: str, name: str) -> None:
    sent = [component("47999-8", region), component("48019-4", coded("SO:0000159", SO))]
    assert one(advisor, variant(gene("HGNC:3236", "EGFR"), *sent)).variant_class == name


def test_a_denied_class_in_words_is_not_read(advisor: Advisor) -> None:
    sent = component("81252-9", {"text": "no EGFR exon 19 deletion"})
    assert one(advisor, variant(gene("HGNC:3236", "EGFR"), sent)).variant_class is None


# --- specimen ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "specimen"),
    [
        (coded("TUMOR", "http://terminology.hl7.org/CodeSystem/v2-0487"), "tumour"),
        (coded("119361006", "http://snomed.info/sct"), "plasma"),
        (coded("119297000", "http://snomed.info/sct"), "blood"),
        (coded("MAR", "http://terminology.hl7.org/CodeSystem/v2-0487"), "marrow"),
        (coded("119376003", "http://snomed.info/sct", "Tissue specimen"), None),
    ],
)
def test_the_specimen_is_told_by_its_type(advisor: Advisor, kind: Json, specimen: str | None) -> None:
    taken = {"resourceType": "Specimen", "id": "s1", "type": kind}
    sent = variant(gene("HGNC:1097"), protein("p.Val600Glu"), specimen={"reference": "Specimen/s1"})
    assert one(advisor, sent, taken).specimen == specimen


# --- FHIR R4 core extensions ------------------------------------------------------------------------------------------


def _extension(name: str, **values: Any) -> Json:
    return {"url": f"http://hl7.org/fhir/StructureDefinition/observation-genetics{name}", **values}


def test_the_extensions_of_r4_core_with_their_parts(advisor: Advisor) -> None:
    parts = [{"url": "State", "valueCodeableConcept": coded("LA6706-1")}, {"url": "Frequency", "valueDecimal": 0.12}]
    extensions = [
        _extension("Gene", valueCodeableConcept=coded("3236", HGNC, "EGFR")),
        _extension("AminoAcidChange", extension=[{"url": "Name", "valueCodeableConcept": coded("p.Leu858Arg")}]),
        _extension("Allele", extension=parts),
    ]
    sent = observation("v1", coded("55233-1"), extension=extensions, valueCodeableConcept=PRESENT)
    fact = one(advisor, sent)
    assert (fact.genes, fact.protein, fact.zygosity, fact.vaf) == (("EGFR",), "p.Leu858Arg", "heterozygous", 0.12)
