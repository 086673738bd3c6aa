"""What is taken over from CIViC, what is refused and why, and that the shipped table is what the command makes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_service.cli import main
from cds_service.import_civic import import_civic_command, inn_of
from fhir_mappings.drugs import DrugTable
from fhir_mappings.tables import DATA as MAPPING_DATA
from knowledge import KnowledgeBase
from knowledge.civic import CivicFileError, CivicImport, InvalidMap, ReviewedMap, VariantReader, read_map
from knowledge.civic import import_civic as run_import
from knowledge.civic.profiles import profile_document
from knowledge.civic.refusal import NotExact
from knowledge.civic.tables import read_civic_files
from knowledge.evidence import EvidenceStatement, Regimen
from knowledge.evidence_table import COLUMNS, InvalidEvidence, read_evidence
from knowledge.loading import DATA, EVIDENCE, load_genes
from knowledge.reading import CriterionReader
from knowledge.terminology import GeneTable
from knowledge.yaml_files import read_yaml
from tests.civic import assertion, evidence, release, table

Row = Mapping[str, str]
MAP = DATA / "evidence" / "civic_map.yaml"
INNS = {"Gefitinib": "gefitinib", "Erlotinib": "erlotinib", "Dabrafenib": "dabrafenib", "Trametinib": "trametinib"}


@pytest.fixture(scope="module")
def genes() -> GeneTable:
    return load_genes()


@pytest.fixture(scope="module")
def reviewed(knowledge: KnowledgeBase) -> ReviewedMap:
    return read_map(read_yaml(MAP), knowledge.reference.tumours)


@pytest.fixture
def imported(knowledge: KnowledgeBase, genes: GeneTable, reviewed: ReviewedMap):
    """Imports made-up rows: what the import says, and the statements of its table."""

    def run(
        rows: Iterable[Row], assertions: Iterable[Row] = (), profiles: Iterable[Row] = (), levels: str = "AB"
    ) -> tuple[CivicImport, tuple[EvidenceStatement, ...]]:
        files = read_civic_files(release(rows, assertions, profiles))
        variants = VariantReader.of(genes, knowledge.reference.alterations, files.variants, files.features)
        result = run_import(files, levels, variants, reviewed, INNS.get)
        return result, read_evidence(result.table("made up"), CriterionReader(knowledge.reference.drug_classes, {}))

    return run


# --- what is taken over ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "criterion"),
    [
        ("EGFR L858R", {"variant": {"gene": "EGFR", "protein": ["p.Leu858Arg"]}}),
        ("EGFR Exon 19 Deletion", {"variant": {"gene": "EGFR", "class": "exon 19 deletion"}}),
        ("KRAS Q61", {"variant": {"gene": "KRAS", "codon": 61}}),
        (
            "KRAS G12/G13",
            {"any_of": [{"variant": {"gene": "KRAS", "codon": 12}}, {"variant": {"gene": "KRAS", "codon": 13}}]},
        ),
        ("MET Amplification", {"copy_number": {"gene": "MET", "change": "amplification"}}),
        ("EGFR Deletion", {"copy_number": {"gene": "EGFR", "change": "deletion"}}),
        ("EML4::ALK Fusion", {"fusion": {"gene": "ALK", "partner": "EML4"}}),
        ("v::ALK Fusion", {"fusion": {"gene": "ALK"}}),
        ("v::ALK Fusion OR ?::ALK Fusion", {"fusion": {"gene": "ALK"}}),
        ("MSI High", {"signature": {"name": "MSI", "is": ["MSI-H"]}}),
        ("NOT EGFR T790M", {"not": {"variant": {"gene": "EGFR", "protein": ["p.Thr790Met"]}}}),
        (
            "EGFR L858R AND NOT ( KRAS G12C OR MET Amplification )",
            {
                "all_of": [
                    {"variant": {"gene": "EGFR", "protein": ["p.Leu858Arg"]}},
                    {
                        "not": {
                            "any_of": [
                                {"variant": {"gene": "KRAS", "protein": ["p.Gly12Cys"]}},
                                {"copy_number": {"gene": "MET", "change": "amplification"}},
                            ]
                        }
                    },
                ]
            },
        ),
    ],
)
def test_a_profile_becomes_exactly_its_criterion(imported, profile: str, criterion: dict[str, object]) -> None:
    result, statements = imported([evidence(7, profile)])
    assert not result.refused
    assert json.loads(result.rows[0][COLUMNS.index("when")]) == criterion
    assert statements[0].id == "civic-EID7"
    assert statements[0].tumours == ("NSCLC",)


def test_a_solid_tumour_is_every_tumour_but_those_of_the_blood(imported) -> None:
    _, statements = imported([evidence(1, "v::ALK Fusion", disease="Solid Tumor", doid="")])
    assert (statements[0].tumours, statements[0].excluded) == (("TISSUE",), ("LYMPH", "MYELOID"))


def test_germline_evidence_asks_for_a_germline_variant(imported) -> None:
    result, _ = imported([evidence(1, "BRAF V600E", variant_origin="Rare Germline")])
    assert json.loads(result.rows[0][2])["variant"]["origin"] == "germline"


def test_equal_evidence_is_one_statement_and_contrary_evidence_is_another(imported) -> None:
    _, statements = imported(
        [
            evidence(30, "EGFR L858R", evidence_level="A", rating=""),
            evidence(4, "EGFR L858R"),
            evidence(5, "EGFR L858R", evidence_direction="Does Not Support"),
            evidence(6, "EGFR L858R", significance="Resistance"),
            evidence(8, "EGFR L858R", significance="Reduced Sensitivity"),
            evidence(9, "EGFR L858R", significance="Adverse Response"),
        ]
    )
    found = {statement.id: statement for statement in statements}
    assert set(found) == {f"civic-EID{number}" for number in (4, 5, 6, 8, 9)}
    grouped = found["civic-EID4"]
    assert [(item.id, item.level, item.rating) for item in grouped.items] == [("EID30", "A", None), ("EID4", "B", 3)]
    assert grouped.levels == ("A", "B")
    assert found["civic-EID5"].direction == "does-not-support"
    assert {s.significance for s in statements} == {
        "sensitivity",
        "resistance",
        "reduced-sensitivity",
        "adverse-response",
    }


def test_how_therapies_belong_together_is_kept(imported) -> None:
    pair = "Gefitinib,Erlotinib"
    _, statements = imported(
        [
            evidence(1, "EGFR L858R", therapies=pair, therapy_interaction_type="Substitutes"),
            evidence(2, "EGFR L858R", therapies=pair, therapy_interaction_type="Combination"),
            evidence(3, "EGFR L858R", therapies=pair, therapy_interaction_type="Sequential"),
            evidence(4, "EGFR L858R", therapies="Gefitinib,Chemotherapy", therapy_interaction_type="Combination"),
            evidence(5, "EGFR L858R", therapies="Gefitinib,Unheardofinib", therapy_interaction_type="Combination"),
        ]
    )
    found = {statement.id: statement for statement in statements}
    both = Regimen(frozenset({"gefitinib", "erlotinib"}))
    assert [(found[f"civic-EID{number}"].regimen, found[f"civic-EID{number}"].regimens) for number in range(1, 6)] == [
        ("erlotinib or gefitinib", (Regimen(frozenset({"erlotinib"})), Regimen(frozenset({"gefitinib"})))),
        ("erlotinib + gefitinib", (both,)),
        ("erlotinib and, in sequence, gefitinib", ()),
        ("Chemotherapy + gefitinib", (Regimen(frozenset({"gefitinib"}), with_group=True),)),
        ("gefitinib + Unheardofinib", ()),
    ]


def test_an_assertion_stands_beside_the_evidence_that_it_cites(imported) -> None:
    pair = {"therapies": "Trametinib,Dabrafenib", "disease": "Melanoma", "doid": "1909"}
    combined = pair | {"therapy_interaction_type": "Combination"}
    result, statements = imported(
        [
            evidence(1, "BRAF V600E", **combined),
            evidence(2, "BRAF V600E", evidence_level="D", **combined),
        ],
        [
            assertion(7, "BRAF V600E", "1,2", **pair),
            assertion(8, "BRAF V600E", "", **pair),
            assertion(9, "BRAF V600E", "1", amp_category="Tier II - Level C", **pair),
        ],
    )
    found = {statement.id: statement for statement in statements}
    assert set(found) == {"civic-EID1", "civic-AID7"}
    stated = found["civic-AID7"]
    assert (stated.tier, stated.levels) == ("Tier I - Level A", ())
    assert (stated.regimen, stated.tumours) == ("dabrafenib + trametinib", ("MEL",))
    assert [(item.id, item.level) for item in stated.items] == [("EID1", "B"), ("EID2", "D")]
    assert result.outside == {"level C": 1, "level D": 1}
    assert [refusal.id for refusal in result.refused] == ["AID8"]


def test_only_what_was_asked_for_is_read(imported) -> None:
    rows = [
        evidence(1, "EGFR L858R", evidence_level="A"),
        evidence(2, "EGFR L858R", evidence_level="C", therapies="Erlotinib"),
        evidence(3, "EGFR L858R", evidence_type="Prognostic"),
        evidence(4, "EGFR L858R", evidence_status="submitted"),
    ]
    result, statements = imported(rows)
    assert [statement.id for statement in statements] == ["civic-EID1"]
    assert result.outside == {"not predictive": 1, "not accepted": 1, "level C": 1}
    _, wider = imported(rows, levels="ABC")
    assert {statement.id for statement in wider} == {"civic-EID1", "civic-EID2"}


# --- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "reason"),
    [
        ("EGFR Mutation", "variant: any mutation of the gene"),
        ("EGFR L858R OR EGFR Mutation", "variant: any mutation of the gene"),
        ("EGFR Overexpression", "variant: expression, methylation or a level without a score"),
        ("EGFR Wildtype", "variant: wild type of the whole gene"),
        ("EGFR Gain-of-function", "variant: a functional class, which each study defines for itself"),
        ("EGFR Activating Mutation", "variant: a functional class, which each study defines for itself"),
        ("EGFR VIII", "variant: a class that the alteration catalogue does not define"),
        ("EGFR RS123", "variant: a polymorphism, genotype or coding change"),
        ("EGFR Loss", "variant: a loss or deletion of which it is not said what is lost"),
        (
            "EGFR K860fs",
            "variant: a protein change that is not told in full",
        ),
        ("EGFR intron 9 rearrangement", "variant: a rearrangement without its fusion"),
        ("EGFR vEGFR", "variant: not understood"),
        ("EGFR G719A", "variant: not described in the file of variants"),
        ("MET D1228V", "variant: its name and its HGVS description differ (another numbering)"),
        ("BRAF V600K", "variant: the name and the id of the gene do not agree"),
        ("?::ALK Fusion", "variant: a fusion whose partner is not known"),
        ("EML4::ALK e20::e20", "variant: a fusion of certain exons"),
        ("TMB High", "variant: a factor without a defined value (TMB without a bound)"),
        ("EGFR L858R AND KRAS G12C OR BRAF V600E", "profile: AND and OR stand together without brackets"),
        ("EGFR L858R AND ( KRAS G12C OR BRAF V600E", "profile: the brackets do not close"),
        ("EGFR L858R )", "profile: the brackets do not close"),
        ("EGFR L858R AND", "profile: a connective joins nothing"),
    ],
)
def test_a_profile_that_cannot_be_said_exactly_is_refused(imported, profile: str, reason: str) -> None:
    result, statements = imported([evidence(1, profile), evidence(2, "EGFR T790M")])
    assert result.reasons == [(reason, 1)]
    assert [statement.id for statement in statements] == ["civic-EID2"]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"is_flagged": "true"}, "flagged in CIViC as in need of correction"),
        ({"significance": "N/A"}, "significance or direction: not stated"),
        ({"evidence_direction": "N/A"}, "significance or direction: not stated"),
        (
            {"phenotypes": "Adult onset"},
            "phenotype: of the patients, which no criterion asks",
        ),
        ({"therapies": ""}, "therapy: none is named"),
        (
            {"therapies": "Gefitinib,Erlotinib"},
            "therapy: several, and not said whether as a combination or as substitutes",
        ),
        ({"disease": "Cancer", "doid": "162"}, "disease: no OncoTree node is known to be it"),
        ({"disease": "Glioma", "doid": ""}, "disease: no OncoTree node is known to be it"),
    ],
)
def test_evidence_that_is_not_told_exactly_is_refused(imported, members: dict[str, str], reason: str) -> None:
    result, statements = imported([evidence(1, "EGFR L858R", **members)])
    assert result.reasons == [(reason, 1)]
    assert not statements
    (refusal,) = result.refused
    assert (refusal.id, refusal.profile) == ("EID1", "EGFR L858R")


def test_the_variants_that_civic_lists_for_a_profile_must_be_those_of_its_name(imported) -> None:
    listed = {"name": "EGFR L858R", "molecular_profile_id": "1"}
    assert imported([evidence(1, "EGFR L858R")], profiles=[listed | {"variant_ids": "1"}])[0].items == 1
    result, _ = imported([evidence(1, "EGFR L858R")], profiles=[listed | {"variant_ids": "1, 2"}])
    assert result.reasons == [("profile: its name and the variants listed for it differ", 1)]


def test_brackets_inside_the_name_of_a_variant_are_no_brackets() -> None:
    assert profile_document("VHL A149fs (c.445del)", lambda name: {"is": name}) == {"is": "VHL A149fs (c.445del)"}
    with pytest.raises(NotExact):
        profile_document("", lambda name: {"is": name})


# --- files -----------------------------------------------------------------------------------------------------------


def test_of_two_evidence_files_the_newer_counts_alone() -> None:
    texts = release([evidence(1, "EGFR L858R"), evidence(2, "EGFR L858R")])
    texts["zz_newer.tsv"] = table("evidence", [evidence(1, "EGFR L858R", last_review_date="2026-05-01 00:00:00 UTC")])
    texts["groups.tsv"] = "variant_group_id\tvariant_group\n"
    files = read_civic_files(texts)
    assert [row["evidence_id"] for row in files.evidence] == ["1"]
    assert files.newest_review == "2026-05-01"
    assert dict(files.unused) == {
        "evidence.tsv": "older than the other evidence file",
        "groups.tsv": "no table that the import reads",
    }


def test_a_missing_or_doubled_table_is_named() -> None:
    texts = release([evidence(1, "EGFR L858R")])
    with pytest.raises(CivicFileError, match="variants is needed, given: none"):
        read_civic_files({name: text for name, text in texts.items() if name != "variants.tsv"})
    with pytest.raises(CivicFileError, match=r"variants is needed, given: variants\.tsv, again\.tsv"):
        read_civic_files(texts | {"again.tsv": texts["variants.tsv"]})


def test_the_order_of_rows_and_therapies_does_not_change_the_table(imported) -> None:
    rows = [
        evidence(1, "EGFR L858R", therapies="Gefitinib,Erlotinib", therapy_interaction_type="Substitutes"),
        evidence(2, "EGFR L858R", therapies="Erlotinib,Gefitinib", therapy_interaction_type="Substitutes"),
        evidence(3, "BRAF V600E"),
    ]
    assert imported(rows)[0].table("x") == imported(reversed(rows))[0].table("x")
    assert len(imported(rows)[1]) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("sensitivity", "cure"), "row civic-EID1: 'cure'"),
        (('{"variant"', '{"vari'), "row civic-EID1"),
        (("p.Leu858Arg", "Leu858?Arg"), "row civic-EID1"),
        (("1:B:3", "1:B"), "row civic-EID1"),
        (("id\tprofile", "number\tprofile"), "expected the columns id, profile"),
    ],
)
def test_a_damaged_table_is_refused_with_its_row(
    imported, knowledge: KnowledgeBase, change: tuple[str, str], message: str
) -> None:
    text = imported([evidence(1, "EGFR L858R")])[0].table("x").replace(*change)
    with pytest.raises(InvalidEvidence, match=re.escape(message)):
        read_evidence(text, CriterionReader(knowledge.reference.drug_classes, {}))


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_writes_the_table_and_reports(tmp_path: Path) -> None:
    rows = [evidence(1, "EGFR L858R", therapies="Imatinib Mesylate"), evidence(2, "EGFR Mutation")]
    for name, text in release(rows).items():
        (tmp_path / name).write_text(text)
    output, refused = tmp_path / "out" / "civic.tsv", tmp_path / "refused.tsv"
    result = CliRunner().invoke(
        main, ["kb", "import-civic", str(tmp_path), "--output", str(output), "--refused", str(refused)]
    )
    assert result.exit_code == 0, result.output
    header, columns, row = output.read_text().splitlines()
    assert header.startswith("# CIViC (civicdb.org), CC0 1.0, evidence reviewed up to 2026-01-02. Made by: oncohooks")
    assert header.endswith("--levels A,B assertions.tsv evidence.tsv features.tsv profiles.tsv variants.tsv")
    assert columns.split("\t") == list(COLUMNS)
    assert row.split("\t")[6:8] == ["Imatinib Mesylate", "imatinib"]
    assert "imported: 1 evidence items in 1 statements, 0 assertions" in result.output
    assert "not imported: 1: variant: any mutation of the gene" in result.output
    assert refused.read_text().splitlines()[1].split("\t")[0] == "EID2"


def test_the_command_says_what_is_missing_and_which_levels_there_are(tmp_path: Path) -> None:
    (tmp_path / "evidence.tsv").write_text(table("evidence", []))
    result = CliRunner().invoke(import_civic_command, [str(tmp_path / "evidence.tsv")])
    assert result.exit_code == 1
    assert "one file of assertions is needed" in result.output
    assert CliRunner().invoke(import_civic_command, [str(tmp_path), "--levels", "Z"]).exit_code == 2


@pytest.mark.parametrize(
    ("name", "inn"),
    [
        ("Trastuzumab Deruxtecan", "trastuzumab deruxtecan"),
        ("Regorafenib Anhydrous", "regorafenib"),
        ("Larotrectinib Regimen", None),
        ("FOLFOX Regimen", None),
        ("Ipilimumab/Nivolumab Regimen", None),
        ("Chemotherapy", None),
        ("Dovitinib", None),
    ],
)
def test_a_therapy_has_an_inn_only_if_it_is_one_known_drug(name: str, inn: str | None) -> None:
    assert inn_of(name, DrugTable.load(MAPPING_DATA)) == inn


# --- the reviewed map and the shipped table --------------------------------------------------------------------------


def test_the_map_is_refused_if_it_names_a_disease_twice_or_an_unknown_tumour(knowledge: KnowledgeBase) -> None:
    tree = knowledge.reference.tumours
    entry = {"doid": "1", "name": "A", "tumours": ["NSCLC"]}
    for diseases in ([entry, entry], [entry | {"tumours": ["NOWHERE"]}], [entry | {"none_of": ["NOWHERE"]}]):
        with pytest.raises(InvalidMap):
            read_map({"diseases": diseases, "therapy_groups": []}, tree)


def test_every_disease_of_the_map_says_why() -> None:
    for entry in read_yaml(MAP)["diseases"]:
        assert set(entry) - {"ncit", "because", "none_of"} == {"doid", "name", "tumours"}
        assert ("ncit" in entry) != ("because" in entry), entry["name"]


@pytest.mark.corpus
def test_the_map_and_the_disease_ontology_agree(corpus: Path, knowledge: KnowledgeBase) -> None:
    ontology = (corpus / "kb" / "disease" / "DO_cancer_slim.obo").read_text(encoding="utf-8")
    terms = {term.partition("\n")[0]: term for term in ontology.split("\nid: DOID:")[1:]}
    for entry in read_yaml(MAP)["diseases"]:
        assert entry["doid"] in terms or entry["name"] == "Solid Tumor"
        if "ncit" in entry:
            assert f"xref: NCI:{entry['ncit']}\n" in terms[entry["doid"]], entry["name"]
            assert [knowledge.reference.tumours.by_nci(entry["ncit"])] == entry["tumours"], entry["name"]


@pytest.mark.corpus
def test_the_command_makes_the_shipped_table_byte_for_byte(corpus: Path, tmp_path: Path) -> None:
    output = tmp_path / "civic.tsv"
    result = CliRunner().invoke(main, ["kb", "import-civic", str(corpus / "kb" / "civic"), "--output", str(output)])
    assert result.exit_code == 0, result.output
    assert output.read_bytes() == (DATA / EVIDENCE).read_bytes(), "run `oncohooks kb import-civic` again"


@pytest.mark.corpus
def test_every_shipped_row_is_what_civic_says(corpus: Path, knowledge: KnowledgeBase) -> None:
    """Read independently of the import: each item of a row has the row's disease, direction and significance."""
    files = read_civic_files({path.name: path.read_text("utf-8") for path in (corpus / "kb" / "civic").glob("*.tsv")})
    items = {row["evidence_id"]: row for row in files.evidence}
    assert len(knowledge.evidence) > 200
    for statement in knowledge.evidence:
        for item in () if statement.tier else statement.items:
            row = items[str(item.number)]
            assert (row["molecular_profile"], row["doid"]) == (statement.profile, statement.doid)
            assert row["evidence_direction"].lower().replace(" ", "-") == statement.direction
            assert row["significance"].partition("/")[0].lower().replace(" ", "-") == statement.significance
            assert set(row["therapies"].split(",")) == {therapy.name for therapy in statement.therapies}
            assert row["evidence_level"] in "AB"
