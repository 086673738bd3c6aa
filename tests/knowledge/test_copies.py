"""Generics and biosimilars carry what their own label proves, and nothing else."""

from __future__ import annotations

from datetime import date
from types import ModuleType

import pytest

from knowledge import KnowledgeBase
from knowledge.copies import Copy, read_copies
from knowledge.documents import read_documents
from knowledge.labels import Anchor
from knowledge.sources import DATA
from knowledge.staleness import LabelText
from tests.loaded_scripts import load_script


@pytest.fixture(scope="module")
def copies() -> dict[str, Copy]:
    return {copy.name: copy for copy in read_copies(read_documents(DATA)["eu_copies.yaml"], {})}


def test_there_are_copies_of_many_medicines(copies: dict[str, Copy]):
    assert len(copies) >= 44
    assert len({copy.reference for copy in copies.values()}) >= 14


def test_bevacizumab_for_the_eye_carries_no_indication_in_cancer(knowledge: KnowledgeBase, copies: dict[str, Copy]):
    assert copies["Lytenava"].inn == "bevacizumab"
    assert copies["Lytenava"].rows == frozenset()
    (avastin,) = [medicine for medicine in knowledge.medicines if medicine.brand == "Avastin"]
    carried = {copy.brand for copy in avastin.copies_with(avastin.indications[0])}
    assert "Abevmy" in carried
    assert "Lytenava" not in carried


def test_one_lenalidomide_lacks_the_deletion_5q(copies: dict[str, Copy]):
    deletion = ("EU0267",)
    assert not copies["Lenalidomide Krka d.d. Novo mesto"].carries(deletion)
    assert copies["Lenalidomide Krka d.d. Novo mesto"].lacks == deletion
    for other in ("Lenalidomide Krka", "Lenalidomide Accord", "Lenalidomide Mylan"):
        assert copies[other].carries(deletion), other


def test_lenvatinib_for_the_kidney_has_no_endometrial_indication(copies: dict[str, Copy]):
    assert copies["Kisplyx"].rows == frozenset()


def test_a_row_whose_section_was_not_read_is_not_carried(copies: dict[str, Copy]):
    ecansya = copies["Ecansya"]
    assert ecansya.unproved == ("EU0276", "EU0277", "EU0278")
    assert not any(ecansya.carries((row,)) for row in ecansya.unproved)


def test_a_statement_on_several_rows_needs_all_of_them(copies: dict[str, Copy]):
    glivec = copies["Imatinib Accord"]
    assert glivec.carries(("EU0169", "EU0170"))
    assert not glivec.carries(("EU0169", "EU9999"))
    assert not glivec.carries(())


def test_named_tests_belong_to_their_medicine(knowledge: KnowledgeBase):
    for medicine in knowledge.medicines:
        assert all(test.medicine == medicine.brand for test in medicine.named_tests)


# --- the script ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("compile_copies")


@pytest.mark.parametrize(
    ("anchor", "own"),
    [
        (
            "HER2 positive metastatic adenocarcinoma of the stomach",
            "HER2-positive metastatic adenocarcinoma of the stomach",
        ),
        ("followed by adjuvant Herceptin therapy in adults", "followed by adjuvant Herzuma therapy in adults"),
        (
            "chronic eosinophilic leukaemia (CEL) with FIP1L1-PDGFR",
            "chronic eosinophilic leukaemia (CEL) with FIP1L1PDGFRα",
        ),
        ("CD20 positive diffuse large B-cell non-Hodgkin", "CD20 positive diffuse large B cell nonHodgkin"),
    ],
)
def test_the_same_words_in_another_spelling_are_a_proof(script: ModuleType, anchor: str, own: str):
    assert script.own_words(anchor, "Herceptin", (f"It is indicated for {own}, and others.",)) == own


@pytest.mark.parametrize(
    "text",
    [
        "",
        "EGFR positive metastatic adenocarcinoma of the stomach",
        "metastatic adenocarcinoma of the stomach",
        "HER2 positive breast cancer; other cancers: adenocarcinoma, metastatic, of the pancreas",
    ],
)
def test_other_words_are_none(script: ModuleType, text: str):
    assert script.own_words("HER2 positive metastatic adenocarcinoma of the stomach", "Herceptin", (text,)) is None


@pytest.mark.corpus
def test_every_copy_is_what_the_script_gives(corpus, script: ModuleType):
    folder = corpus / "kb"
    texts = script.read_texts(folder / "ema" / "smpc_sections.jsonl", folder / "ema" / "smpc_4_1_oncology.jsonl")
    rows = {row["row_id"]: row for row in script._rows(folder / "eu_biomarker_indications.tsv")}
    items = list(script._rows(folder / "eu_generics_biosimilars.tsv"))
    text = script.file_text([script.compile_copy(item, rows, texts) for item in items])
    assert (DATA / "eu_copies.yaml").read_text(encoding="utf-8") == text


@pytest.mark.corpus
def test_every_proof_stands_in_the_copys_own_label(corpus, script: ModuleType, copies: dict[str, Copy]):
    folder = corpus / "kb" / "ema"
    texts = script.read_texts(folder / "smpc_sections.jsonl", folder / "smpc_4_1_oncology.jsonl")
    proved = 0
    for copy in copies.values():
        found = texts[copy.brand]
        label = LabelText(copy.brand, found.document, date.fromisoformat(found.date), found.sections)
        assert copy.label.date == label.date
        for carried in copy.carried:
            assert label.holds(carried.anchor), (copy.brand, carried)
            proved += 1
    assert proved > 100
    assert not label.holds(Anchor("4.1", "words that stand in no label at all"))
