"""The curated files: medicines, alteration classes and drug classes, alone and against the label texts.

With ``ONCOHOOKS_CORPUS`` naming the folder of reference material, every anchor is looked up in the dated
label text, and every lung row of the reference table must be claimed by its own medicine. What the member states
authorise has no such text, unless its file was read in the label of another medicine.
"""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import pytest

from knowledge.coding_change import parse_coding_change
from knowledge.facts import Fact, Kind, Source, State
from knowledge.genetic_code import contradiction
from knowledge.loading import CASES, DATA, load_knowledge_base
from knowledge.protein_change import parse_protein_change
from knowledge.statements import Anchor, Indication
from knowledge.yaml_files import read_yaml
from tests.loaded_scripts import load_script

LUNG = {"NSCLC", "LUAD", "LUSC"}
LONGEST_ANCHOR = 300
COMPLETE_ATC = 7
#: Labels of which every indication is held, with the reason why more sentences are counted in section 4.1.
ALL_HELD = {
    "Augtyro": "the sentence before the two groups with an NTRK fusion is counted too",
    "Caprelsa": "the ages are a sentence of their own",
    "Enhertu": "the sentence before the two groups with low HER2 is counted too",
    "Faslodex": "the item before the two groups with monotherapy is counted too",
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
ALTERATION_FILES = sorted((DATA / "alterations").glob("*.yaml"))


@pytest.fixture(scope="module")
def knowledge():
    return load_knowledge_base()


@pytest.fixture(scope="module")
def statements(knowledge):
    return [statement for _, statement in knowledge.statements]


# --- the files alone -------------------------------------------------------------------------------------------------


def test_knowledge_base_loads(knowledge):
    indications = sum(len(medicine.indications) for medicine in knowledge.medicines)
    safety = sum(len(medicine.safety) for medicine in knowledge.medicines)
    print(f"{len(knowledge.medicines)} medicines, {indications} indications, {safety} safety statements")
    assert len(knowledge.medicines) == len(MEDICINE_FILES) > 0


def test_each_file_is_named_after_its_medicine_and_its_statements_after_the_file():
    for path in MEDICINE_FILES:
        document = read_yaml(path)
        brand = re.sub(r"[^a-z0-9]+", "-", document["medicine"]["brand"].lower()).strip("-")
        assert path.stem == brand
        for item in (*document["indications"], *document["safety"]):
            assert re.fullmatch(rf"{path.stem}-[1-9][0-9]*", item["id"])


def test_each_statement_is_unsigned_and_has_an_anchor_and_a_row(statements):
    for statement in statements:
        assert statement.review.curated, statement.id
        assert statement.review.second_review is None, statement.id
        assert statement.review.clinical_signoff is None, statement.id
        assert statement.anchors, statement.id
        assert statement.rows, statement.id


def test_no_statement_copies_a_long_passage(statements):
    for statement in statements:
        anchors = [*statement.anchors, *(test.anchor for test in statement.tests if test.anchor)]
        assert all(len(anchor.text) <= LONGEST_ANCHOR for anchor in anchors), statement.id
        said = statement.summary if isinstance(statement, Indication) else statement.consequence
        assert all(_plain(said) != _plain(anchor.text) for anchor in anchors), statement.id


def test_no_other_statement_is_proved_by_the_same_anchors(statements):
    proofs: dict[tuple[tuple[Anchor, ...], tuple[str, ...]], str] = {}
    for statement in statements:
        other = proofs.setdefault((statement.anchors, statement.rows), statement.id)
        assert other == statement.id, f"{statement.id} and {other}"


def test_partners_name_defined_classes_and_lower_case_inns(knowledge, statements):
    for statement in statements:
        for partner in statement.partners:
            assert partner.drug_class is None or partner.drug_class in knowledge.reference.drug_classes, statement.id
            assert all(inn == inn.lower() for inn in partner.inns), statement.id
            assert partner.inns or partner.drug_class or partner.text, statement.id


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
        ("Cabometyx", {"RCC", "HCC", "PANET"}),
        ("Keytruda", {"MEL", "CHL", "NSCLC", "RCC"}),
        ("Lenvima", {"HCC", "RCC"}),
        ("MabThera", {"FL", "CLLSLL"}),
        ("Taxotere", {"BREAST", "NSCLC", "PROSTATE", "GEJ", "HNSC"}),
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


def test_alteration_files_name_only_classes_that_they_define():
    for path in ALTERATION_FILES:
        document = read_yaml(path)
        defined = {item["name"] for item in document["classes"]}
        assert path.stem == document["gene"]
        for item in document["classes"]:
            assert set(item.get("includes", ())) <= defined, path.name
        for item in document.get("resistance", ()):
            assert item.get("class", item.get("protein")) is not None, path.name
            assert "class" not in item or item["class"] in defined, path.name


def test_same_changes_are_canonical_and_unambiguous():
    for path in ALTERATION_FILES:
        entries = read_yaml(path).get("same_change", ())
        assert len({entry["coding"] for entry in entries}) == len(entries), path.name
        for entry in entries:
            coding, protein = parse_coding_change(entry["coding"]), parse_protein_change(entry["protein"])
            assert str(coding) == entry["coding"], path.name
            assert str(protein) == entry["protein"], path.name
            assert contradiction(coding, protein) is None, path.name


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
    with (corpus / "kb" / "ema" / "smpc_sections.jsonl").open(encoding="utf-8") as lines:
        return {label["file"]: label for label in map(json.loads, lines)}


@pytest.fixture(scope="module")
def rows(corpus):
    with (corpus / "kb" / "eu_biomarker_indications.tsv").open(encoding="utf-8", newline="") as table:
        return {row["row_id"]: row for row in csv.DictReader(table, delimiter="\t")}


@pytest.mark.corpus
@pytest.mark.parametrize("path", MEDICINE_FILES, ids=lambda path: path.stem)
def test_each_anchor_stands_in_the_dated_label(labels, rows, path):
    document = read_yaml(path)
    label = labels.get(document["label"]["document"])
    if label is None:
        assert document["medicine"]["status"] == "national"
        return
    assert document["label"]["date"] == label["date"]
    assert document["medicine"]["brand"] in (_brand(label["medicine"]), document["medicine"]["inn"])
    verified = {(row["smpc_section"], row["anchor"]) for row in rows.values() if row["medicine"] == label["medicine"]}
    for anchor in _anchors(document):
        versions = [_one_space(text) for text in label["sections"].get(anchor["section"], ())]
        # The table's own anchors were looked up in the whole label, the corpus holds its sections 4.1 to 5.1.
        known = anchor["section"] not in label["sections"] and (anchor["section"], anchor["text"]) in verified
        assert known or any(_one_space(anchor["text"]) in text for text in versions), anchor


@pytest.mark.corpus
@pytest.mark.parametrize("path", MEDICINE_FILES, ids=lambda path: path.stem)
def test_a_label_with_more_indications_than_statements_says_for_which_tumours(labels, path):
    """What is counted are sentences and list items, so that some labels seem to have more than they have."""
    document = read_yaml(path)
    medicine = document["medicine"]
    if medicine["status"] == "national":
        assert not document["indications"]  # so that nothing is said of its indications
        return
    counted = _indications_in(labels[document["label"]["document"]]["sections"]["4.1"])
    seems_complete = counted <= len(document["indications"]) or medicine["brand"] in ALL_HELD
    assert seems_complete != ("not_held" in medicine), f"{counted} in the label"
    assert medicine["brand"] not in ALL_HELD or counted > len(document["indications"]), "needs no entry in ALL_HELD"


@pytest.mark.corpus
def test_each_lung_row_is_claimed_by_its_own_medicine_alone(rows, knowledge):
    claimed: dict[str, set[str]] = defaultdict(set)
    for medicine, statement in knowledge.statements:
        for row in statement.rows:
            claimed[row].add(medicine.brand)
    for row_id, brands in claimed.items():
        row = rows[row_id]
        assert brands == {row["inn"] if _is_national(row) else _brand(row["medicine"])}, row_id
    wanted = {row_id for row_id, row in rows.items() if set(re.findall(r"[A-Z]+", row["oncotree"])) & LUNG}
    assert wanted
    assert not wanted - set(claimed)


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


def _indications_in(texts: list[str]) -> int:
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


def _anchors(node: Any) -> Iterator[dict[str, str]]:
    if isinstance(node, dict):
        if set(node) == {"section", "text"}:
            yield node
        for child in node.values():
            yield from _anchors(child)
    elif isinstance(node, list):
        for child in node:
            yield from _anchors(child)


def _one_space(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()
