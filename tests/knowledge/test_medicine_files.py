"""The curated files: medicines, alteration classes and drug classes, alone and against the label texts.

What ``oncohooks kb validate`` finds is not tested a second time here: the tests ask the same functions. With
``ONCOHOOKS_CORPUS`` naming the folder of reference material, every anchor is looked up in the dated label text, and
every row of the reference table must be answered by its own medicine. What the member states authorise has no such
text, unless its file was read in the label of another medicine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations

import pytest

from cds_service.curation import read_label_texts, read_table, vocabulary
from knowledge.facts import Fact, Kind, Source, State
from knowledge.loading import CASES, DATA
from knowledge.problems import Severity
from knowledge.reference_checks import requirement_problems, row_problems
from knowledge.staleness import Standing, check_labels
from knowledge.validation import validate
from knowledge.yaml_files import read_yaml
from tests.conftest import TODAY
from tests.loaded_scripts import load_script

COMPLETE_ATC = 7
#: Labels of which every indication is held, with the reason why more sentences are counted in section 4.1.
ALL_HELD = {
    "Augtyro": "the sentence before the two groups with an NTRK fusion is counted too",
    "Caprelsa": "the ages are a sentence of their own",
    "Enhertu": "the sentence before the two groups with low HER2 is counted too",
    "Faslodex": "the item before the two groups with monotherapy is counted too",
    "Giotrif": "the line before the two groups is counted too",
    "Herceptin": "the sentence before the list for early breast cancer is counted too",
    "Kadcyla": "what must have gone before is a list",
    "Lorviqua": "what must have gone before is a list",
    "Rozlytrek": "what the disease must be like is a list",
    "Talzenna": "that chemotherapy is not indicated is counted too",
    "Tyverb": "the sentence before the list is counted too",
    "Vitrakvi": "what the disease must be like is a list",
    "Votubia": "seizures are no tumour",
}
MEDICINE_FILES = sorted(path for path in (DATA / "eu").glob("*.yaml") if not path.name.endswith(CASES))


@pytest.fixture(scope="module")
def statements(knowledge):
    return [statement for _, statement in knowledge.statements]


# --- the files alone -------------------------------------------------------------------------------------------------


def test_knowledge_base_loads(knowledge):
    indications = sum(len(medicine.indications) for medicine in knowledge.medicines)
    safety = sum(len(medicine.safety) for medicine in knowledge.medicines)
    print(f"{len(knowledge.medicines)} medicines, {indications} indications, {safety} safety statements")
    assert len(knowledge.medicines) == len(MEDICINE_FILES) > 0


def test_the_files_have_no_error(advisor):
    result = validate(DATA, vocabulary(advisor.tables), TODAY)
    assert [str(problem) for problem in result.problems if problem.severity is Severity.ERROR] == []


def test_each_statement_is_unsigned(statements):
    for statement in statements:
        assert statement.review.second_review is None, statement.id
        assert statement.review.clinical_signoff is None, statement.id


def test_composed_drug_classes_hold_their_parts(knowledge):
    members = knowledge.reference.drug_classes.members
    assert members("egfr-or-alk-targeted-therapy") == members("egfr-tki") | members("alk-inhibitor") | {"amivantamab"}
    assert members("immunotherapy") == members("pd1-or-pdl1-inhibitor") | {"ipilimumab", "relatlimab", "tremelimumab"}
    assert members("platinum-based-chemotherapy") == members("platinum-compound")
    parts = ("chemotherapy", "fluoropyrimidine", "immunotherapy", "ret-inhibitor", "ros1-inhibitor")
    systemic = members("systemic-anticancer-therapy")
    assert systemic >= members("egfr-or-alk-targeted-therapy").union(*(members(part) for part in parts))
    assert members("chemotherapy") >= members("platinum-compound") | members("fluoropyrimidine")
    lung = [m for m in knowledge.medicines if any("NSCLC" in item.tumours for item in m.indications)]
    assert systemic >= {drug for medicine in lung for drug in medicine.drugs}


@pytest.mark.parametrize(
    ("brand", "tumours"),
    [
        ("Avastin", {"COADREAD", "RCC", "OVT", "CERVIX"}),
        ("Calquence", {"MCL"}),
        ("Cabometyx", {"RCC", "HCC", "PANET"}),
        ("Keytruda", {"MEL", "CHL", "RCC"}),
        ("Lenvima", {"HCC", "RCC"}),
        ("MabThera", {"FL", "CLLSLL"}),
        ("Taxotere", {"NSCLC", "PROSTATE", "GEJ", "HNSC"}),
        ("Tagrisso", set()),
    ],
)
def test_tumours_of_indications_that_are_not_held(knowledge, brand, tumours):
    (medicine,) = (medicine for medicine in knowledge.medicines if medicine.brand == brand)
    assert set(medicine.not_held) >= tumours
    assert bool(medicine.not_held) == bool(tumours)


def test_no_tumour_that_is_not_held_is_covered_by_another(knowledge):
    tree = knowledge.reference.tumours
    for medicine in knowledge.medicines:
        pairs = permutations(medicine.not_held, 2)
        assert not [pair for pair in pairs if tree.is_a(*pair)], medicine.brand


# --- alteration classes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gene", "notation", "expected"),
    [
        ("EGFR", {"protein": "p.Glu746_Ala750del"}, {"exon 19 deletion", "sensitising", "activating", "driver"}),
        ("EGFR", {"protein": "p.Gly719Cys"}, {"sensitising", "activating", "driver"}),
        ("EGFR", {"protein": "p.Asp770_Asn771insGly"}, {"exon 20 insertion", "driver"}),
        ("EGFR", {"protein": "p.Thr790Met"}, {"driver"}),
        ("EGFR", {"protein": "p.Arg521Lys"}, set()),
        ("ERBB2", {"protein": "p.Tyr772_Ala775dup"}, {"exon 20 insertion", "activating"}),
        ("ERBB2", {"protein": "p.Gly776delinsValCys"}, {"exon 20 insertion", "activating"}),
        ("ERBB2", {"protein": "p.Ser310Phe"}, {"activating"}),
        ("ERBB2", {"protein": "p.Ile655Val"}, set()),
        ("MET", {"coding": "c.3028+1G>T"}, {"exon 14 skipping"}),
        ("MET", {"coding": "c.3082+2T>C"}, {"exon 14 skipping"}),
        ("MET", {"coding": "c.2888-2A>G", "transcript": "NM_000245.4"}, {"exon 14 skipping"}),
        ("MET", {"coding": "c.3082+1G>T", "transcript": "NM_000245.4"}, set()),
        ("MET", {"coding": "c.3028G>A", "protein": "p.Asp1010Asn"}, {"exon 14 skipping"}),
        ("MET", {"protein": "p.Leu964_Asp1010del"}, {"exon 14 skipping"}),
        ("MET", {"protein": "p.Thr992Ile"}, set()),
        ("KRAS", {"protein": "p.Gly12Cys"}, {"exon 2-4"}),
        ("KRAS", {"protein": "p.Ala146Thr"}, {"exon 2-4"}),
        ("KRAS", {"protein": "p.Arg164Gln"}, set()),
        ("NRAS", {"protein": "p.Gln61Lys"}, {"exon 2-4"}),
        ("BRAF", {"protein": "p.Val600Lys"}, {"V600"}),
        ("PIK3CA", {"protein": "p.His1047Arg"}, {"activating", "inavolisib-listed"}),
        ("PIK3CA", {"protein": "p.Glu545Asp", "coding": "c.1635G>T"}, {"activating", "inavolisib-listed"}),
        ("PIK3CA", {"protein": "p.Glu545Asp", "coding": "c.1635G>C"}, {"inavolisib-listed"}),
        ("PIK3CA", {"protein": "p.Glu545Asp"}, {"inavolisib-listed"}),
        ("PIK3CA", {"protein": "p.Arg88Gln"}, {"inavolisib-listed"}),
        ("PIK3CA", {"protein": "p.Glu726Lys"}, set()),
        ("ESR1", {"protein": "p.Asp538Gly"}, {"activating", "camizestrant-listed"}),
        ("ESR1", {"protein": "p.Leu536Arg"}, {"activating"}),
        ("ESR1", {"protein": "p.Leu563Arg"}, set()),
        ("AKT1", {"protein": "p.Glu17Lys"}, {"activating"}),
        ("AKT1", {"protein": "p.Gln79Lys"}, set()),
        ("PTEN", {"protein": "p.Arg130Ter"}, {"loss-of-function"}),
        ("ALK", {"protein": "p.Gly1202Arg"}, {"resistance mutation"}),
        ("ABL1", {"protein": "p.Thr315Ile"}, {"resistance mutation"}),
        ("ABL1", {"protein": "p.Met244Val"}, set()),
        ("FLT3", {"protein": "p.Tyr597_Glu598insAspTyrValAspPheArgGluTyr"}, {"internal tandem duplication"}),
        ("FLT3", {"protein": "p.Phe594_Asp600dup"}, {"internal tandem duplication"}),
        ("FLT3", {"protein": "p.Asp593del"}, set()),
        ("FLT3", {"protein": "p.Asp835Tyr"}, {"Asp835 or Ile836"}),
        ("FLT3", {"protein": "p.Ile836del"}, {"Asp835 or Ile836"}),
        ("FLT3", {"protein": "p.Tyr842Cys"}, set()),
        ("TP53", {"protein": "p.Arg273His"}, {"hotspot"}),
        ("TP53", {"protein": "p.Pro72Arg"}, set()),
        ("DPYD", {"coding": "c.1905+1G>A"}, {"reduced DPD activity"}),
        ("DPYD", {"coding": "c.2846A>T", "transcript": "NM_000110.4"}, {"reduced DPD activity"}),
        ("DPYD", {"coding": "c.1905C>G"}, set()),
        ("FGFR3", {"protein": "p.Tyr373Cys"}, {"susceptible"}),
        ("FGFR3", {"protein": "p.Lys650Glu"}, set()),
        ("IDH1", {"protein": "p.Arg132Gly"}, {"R132"}),
        ("IDH2", {"protein": "p.Arg140Gln"}, set()),
        ("KIT", {"protein": "p.Trp557_Lys558del"}, {"exon 11 deletion", "exon 11 mutation", "activating"}),
        ("KIT", {"protein": "p.Ala502_Tyr503dup"}, {"exon 9 insertion", "exon 9 mutation", "activating"}),
        ("KIT", {"protein": "p.Asp816Val"}, {"activating"}),
        ("KIT", {"protein": "p.Met541Leu"}, set()),
        ("PDGFRA", {"protein": "p.Asp842Tyr"}, set()),
        ("EGFR", {"coding": "c.2466_2467insGGT", "transcript": "NM_005228.5"}, {"exon 20 insertion", "driver"}),
        ("EGFR", {"coding": "c.2472_2473insGGT", "transcript": "NM_005228.5"}, set()),
        ("RET", {"protein": "p.Met918Thr"}, {"activating"}),
        ("RET", {"protein": "p.Gly691Ser"}, set()),
    ],
)
def test_alteration_classes_hold_known_changes(knowledge, gene, notation, expected):
    assert knowledge.reference.alterations.classes_of(gene, _variant(gene, notation)) == expected


@pytest.mark.parametrize(
    ("gene", "protein", "drugs"),
    [
        ("ALK", "p.Gly1202Arg", {"alectinib", "brigatinib", "ceritinib", "crizotinib"}),
        ("EGFR", "p.Cys797Ser", {"osimertinib"}),
        ("EGFR", "p.Thr790Met", {"afatinib", "dacomitinib", "erlotinib", "gefitinib"}),
        ("EGFR", "p.Asp770_Asn771insGlyLeu", {"afatinib", "erlotinib", "gefitinib"}),
        ("EGFR", "p.Leu858Arg", set()),
        ("KIT", "p.Asp816Val", {"imatinib", "regorafenib", "sunitinib"}),
        ("PDGFRA", "p.Asp842Val", {"imatinib", "regorafenib", "sunitinib"}),
        ("PDGFRA", "p.Asp842Tyr", set()),
        ("RET", "p.Gly810Ser", {"selpercatinib"}),
        ("ABL1", "p.Thr315Ile", {"asciminib", "bosutinib", "dasatinib", "imatinib", "nilotinib"}),
        ("ABL1", "p.Phe317Leu", {"dasatinib"}),
        ("ABL1", "p.Tyr253His", {"imatinib", "nilotinib"}),
        ("FLT3", "p.Asp835Tyr", {"quizartinib"}),
        ("PML", "p.Ala216Val", {"arsenic trioxide"}),
        ("RET", "p.Val804Met", set()),
        ("ALK", "p.Leu1196Met", {"crizotinib"}),
        ("BRAF", "p.Leu505His", {"vemurafenib"}),
        ("NTRK1", "p.Gly595Arg", {"entrectinib", "larotrectinib"}),
        ("NTRK1", "p.Gly667Cys", {"entrectinib"}),
        ("NTRK2", "p.Gly639Arg", set()),
        ("NTRK3", "p.Gly623Lys", {"entrectinib"}),
        ("NTRK3", "p.Phe617Leu", {"larotrectinib"}),
        ("ROS1", "p.Gly2032Arg", {"crizotinib", "entrectinib"}),
    ],
)
def test_resistance_entries(knowledge, gene, protein, drugs):
    fact = _variant(gene, {"protein": protein})
    catalogue = knowledge.reference.alterations
    asked = catalogue.resistant_drugs(gene) | {"lorlatinib", "repotrectinib", "amivantamab"}
    assert {drug for drug in asked if catalogue.resistances(gene, frozenset({drug}), fact)} == drugs


# --- the files against the label texts -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def labels(corpus):
    return read_label_texts(corpus / "kb" / "ema" / "smpc_sections.jsonl")


@pytest.fixture(scope="module")
def rows(corpus):
    return {row["row_id"]: row for row in read_table(corpus / "kb" / "eu_biomarker_indications.tsv")}


@pytest.mark.corpus
@pytest.mark.parametrize("path", MEDICINE_FILES, ids=lambda path: path.stem)
def test_each_anchor_stands_in_the_dated_label(knowledge, labels, rows, path):
    document = read_yaml(path)
    (medicine,) = [found for found in knowledge.medicines if found.brand == document["medicine"]["brand"]]
    (check,) = check_labels([replace(medicine, copies=())], labels)
    if check.text is None:
        assert medicine.status == "national"
        return
    assert (check.standing, check.lost) == (Standing.STANDS, ())
    assert check.document == medicine.label.document
    # Of a section that is not in the corpus the table's own anchors stand: they were looked up in the whole label.
    verified = {(row["smpc_section"], row["anchor"]) for row in rows.values()}
    assert {(anchor.section, anchor.text) for _, anchor in check.unread} <= verified


@pytest.mark.corpus
@pytest.mark.parametrize("path", MEDICINE_FILES, ids=lambda path: path.stem)
def test_a_label_with_more_indications_than_statements_says_for_which_tumours(labels, path):
    """What is counted are sentences and list items, so that some labels seem to have more than they have."""
    document = read_yaml(path)
    medicine = document["medicine"]
    if medicine["status"] == "national":
        assert not document["indications"]  # so that nothing is said of its indications
        return
    counted = _indications_in(labels[document["label"]["document"]].sections["4.1"])
    seems_complete = counted <= len(document["indications"]) or medicine["brand"] in ALL_HELD
    assert seems_complete != ("not_held" in medicine), f"{counted} in the label"
    assert medicine["brand"] not in ALL_HELD or counted > len(document["indications"]), "needs no entry in ALL_HELD"


@pytest.mark.corpus
def test_the_anchors_that_were_looked_up_are_counted(knowledge, labels):
    checks = list(check_labels(knowledge.medicines, labels))
    found, unread = sum(check.found for check in checks), sum(len(check.unread) for check in checks)
    without = sum(check.anchors for check in checks if check.text is None)
    print(f"{found} anchors found, {unread} in a section that is not at hand, {without} without a text")
    assert found > 20 * (unread + without)


@pytest.mark.corpus
def test_every_row_of_the_reference_table_is_answered_by_its_own_medicine(knowledge, rows):
    names = {row_id: row["medicine"] for row_id, row in rows.items()}
    assert names
    assert [str(problem) for problem in row_problems(knowledge, names)] == []


@pytest.mark.corpus
def test_every_test_requirement_is_said(corpus, knowledge):
    requirements = read_table(corpus / "kb" / "eu_test_requirement.tsv")
    assert [str(problem) for problem in requirement_problems(knowledge, requirements)] == []
    named = {_brand(item["medicine"]) for item in requirements if item["wording_class"] != "not-stated"}
    silent = {medicine.brand for medicine in knowledge.medicines if not any(part.tests for part in medicine.statements)}
    assert not named & silent


@pytest.mark.corpus
def test_each_medicine_agrees_with_the_reference_table(rows, knowledge):
    central = {_brand(row["medicine"]): row for row in rows.values() if not _is_national(row)}
    components = load_script("compile_drugs").drugs_of
    for medicine in knowledge.medicines:
        if medicine.status == "national":
            continue
        row = central[medicine.brand]
        assert medicine.inn == " / ".join(components(row["inn"]))
        if len(row["atc"]) == COMPLETE_ATC:  # of others the table knows a group, which may be a former one
            assert medicine.atc == row["atc"]
        assert medicine.ema_number == row["ema_product_number"]
        assert (medicine.status, str(medicine.status_date)) == (row["ma_status"].lower(), row["ma_status_date"])
        assert medicine.conditional == (row["conditional_ma"] == "yes")
        assert medicine.label.url == row["epar_url"]


def _brand(medicine: str) -> str:
    """``Xaluprine (previously Mercaptopurine Nova Laboratories)`` to the present name."""
    return medicine.partition(" (")[0]


def _indications_in(texts: Iterable[str]) -> int:
    """The number of different list items, and of "indicated" in sentences that do not lead to a list."""
    found: dict[str, int] = {}
    for line in (line.strip() for text in texts for line in text.splitlines()):
        is_item = re.match(r"-\s|\d\.\s", line) is not None
        if line.startswith("#") or (line.endswith(":") and not is_item):
            continue
        number = 1 if is_item else len(re.findall(r"\bindicated\b", line))
        found[re.sub(r"\W+", "", line).lower()] = number
    return sum(found.values()) or 1  # a section may do without the word


def _is_national(row: dict[str, str]) -> bool:
    return row["ma_status"].startswith("nationally")


def _variant(gene: str, notation: dict[str, str]) -> Fact:
    return Fact(kind=Kind.VARIANT, state=State.PRESENT, source=Source("Observation/1"), genes=(gene,), **notation)  # type: ignore[arg-type]
