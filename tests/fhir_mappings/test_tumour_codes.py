"""Tumour codes, histologies and names to OncoTree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from fhir_mappings.tumour_codes import TumourCodes
from fhir_mappings.tumour_tables import TumourDataError
from knowledge.terminology import TumourTree

ROOT = Path(__file__).parents[2]
DATA = ROOT / "fhir_mappings" / "data" / "tumours.yaml"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
GERMAN = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
AMERICAN = "http://hl7.org/fhir/sid/icd-10-cm"
ICDO3 = "http://terminology.hl7.org/CodeSystem/icd-o-3"
SNOMED = "http://snomed.info/sct"
ONCOTREE = "http://oncotree.mskcc.org/oncotree"
NCIT = "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"


@pytest.fixture(scope="module")
def tree():
    return TumourTree.load(ROOT / "knowledge" / "data" / "terminology" / "oncotree.tsv")


@pytest.fixture(scope="module")
def codes(tree):
    return TumourCodes.load(DATA, tree)


@pytest.fixture(scope="module")
def data():
    return yaml.load(DATA.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def _nodes(data) -> Iterator[str]:
    for table in (data["sites"]["entries"], data["icd10"]["rules"], data["icd10_cm"]["rules"]):
        yield from (entry["node"] for entry in table.values() if "node" in entry)
    for family in ("snomed", "ncit"):
        yield from (entry["node"] for entry in data[family]["diagnoses"].values() if "node" in entry)
    yield from data["icdo3"]["anywhere"]
    for nodes in data["icdo3"]["by_site"].values():
        yield from nodes
    yield from data["oncotree"]["former_codes"].values()
    yield from data["oncotree"]["not_invasive"]
    yield from data["names"]["nodes"]
    yield from data["names"]["assumed"]
    yield from data["names"]["not_used"]


def test_every_node_is_in_the_tree(data, tree):
    nodes = set(_nodes(data))
    assert len(nodes) > 300
    assert [node for node in nodes if node not in tree] == []


def test_every_block_has_a_source(data):
    assert [name for name, block in data.items() if name != "systems" and not block.get("source")] == []
    assert [name for name, block in data["systems"].items() if not block.get("source")] == []


def test_every_snomed_code_was_seen_somewhere(data):
    tables = ("diagnoses", "morphologies", "sites")
    assert [code for table in tables for code, entry in data["snomed"][table].items() if not entry["seen_in"]] == []


def test_every_chapter_of_malignant_neoplasms_has_a_rule(codes):
    for number in range(98):
        reading = codes.for_coding(ICD10, f"C{number:02}", None)
        assert reading.kind in ("primary", "secondary", "neoplasm"), number


@pytest.mark.parametrize(
    ("system", "code", "kind", "node"),
    [
        (ICD10, "C34.1", "primary", "LUNG"),
        (ICD10, "C34.9", "primary", "LUNG"),
        (GERMAN, "C50.4", "primary", "BREAST"),
        (GERMAN, "c50.-", "primary", "BREAST"),
        ("http://fhir.de/CodeSystem/dimdi/icd-10-gm", "C20", "primary", "COADREAD"),
        (AMERICAN, "C50.811", "primary", "BREAST"),
        ("urn:oid:2.16.840.1.113883.6.90", "C3411", "primary", "LUNG"),
        (ICD10 + "|2019", "C61", "primary", "PROSTATE"),
        (AMERICAN, "C02.0", "primary", "HEAD_NECK"),
        (AMERICAN, "C16.0", "primary", "STOMACH"),
        (ICD10, "C18.2", "primary", "COADREAD"),
        (ICD10, "C18.1", "primary", "BOWEL"),
        (ICD10, "C22.0", "primary", "HCC"),
        (ICD10, "C22.1", "primary", "IHCH"),
        (ICD10, "C43.5", "primary", "MEL"),
        (ICD10, "C73", "primary", "THYROID"),
        (ICD10, "C83.3", "primary", "DLBCLNOS"),
        (ICD10, "C90.0", "primary", "PCM"),
        (ICD10, "C91.1", "primary", "CLLSLL"),
        (ICD10, "C92.0", "primary", "AML"),
        (ICD10, "C92.1", "primary", "CMLBCRABL1"),
        (ICD10, "D45", "primary", "PV"),
        (ICD10, "D46.9", "primary", "MDS"),
        (ICD10, "D47.1", "primary", "MPN"),
        (ICD10, "D47.3", "primary", "ET"),
        (ICD10, "D47.4", "primary", "PMF"),
        (GERMAN, "C80.0", "primary", "CUP"),
        (GERMAN, "C80.9", "neoplasm", None),
        (AMERICAN, "C80.0", "neoplasm", None),
        (AMERICAN, "C44.311", "primary", "BCC"),
        (AMERICAN, "C49.A1", "primary", "GIST"),
        (AMERICAN, "C7B.02", "secondary", None),
        (ICD10, "C79.3", "secondary", None),
        (ICD10, "C46.9", "neoplasm", None),
        (ICD10, "D05.1", "neoplasm", None),
        (ICD10, "D48.6", "neoplasm", None),
        (ICD10, "Z85.3", "history", None),
        (ICD10, "D25.9", "none", None),
        (ICD10, "Z80.3", "none", None),
        (AMERICAN, "I50.32", "none", None),
        (ICDO3, "C50.4", "primary", "BREAST"),
        (ICDO3, "C77.3", "neoplasm", None),
        (ICDO3, "8140/3", "morphology", None),
        (ICDO3, "8140/3-C34.1", "primary", "LUAD"),
        (ICDO3, "80463/3", "primary", "NSCLC"),
        (ICDO3, "9823/3", "primary", "CLLSLL"),
        (ICDO3, "8500/2", "neoplasm", None),
        (ICDO3, "8140/6", "secondary", None),
        (ICDO3, "8140/0", "none", None),
        (SNOMED, "254637007", "primary", "NSCLC"),
        (SNOMED, "254632001", "primary", "SCLC"),
        (SNOMED, "363358000", "primary", "LUNG"),
        (SNOMED, "254837009", "primary", "BREAST"),
        (SNOMED, "408643008", "primary", "IDC"),
        (SNOMED, "92814006", "primary", "CLLSLL"),
        (SNOMED, "424132000", "primary", "NSCLC"),
        ("urn:oid:2.16.840.1.113883.6.96", "254637007", "primary", "NSCLC"),
        (SNOMED, "94225005", "secondary", None),
        (SNOMED, "128462008", "secondary", None),
        (SNOMED, "363346000", "neoplasm", None),
        (SNOMED, "1187332001", "morphology", None),
        (SNOMED, "39607008", "none", None),
        (ONCOTREE, "LUAD", "primary", "LUAD"),
        ("https://data.mskcc.org/ontologies/oncotree/", "GBM", "primary", "GB"),
        (ONCOTREE, "FA", "neoplasm", None),
        (ONCOTREE, "XYZ", "neoplasm", None),
        (NCIT, "C3512", "primary", "LUAD"),
        (NCIT, "C9305", "neoplasm", None),
        (NCIT, "C12468", "none", None),  # the organ lung
        (None, None, "none", None),
    ],
)
def test_codes(codes, system, code, kind, node):
    reading = codes.for_coding(system, code, None)
    assert (reading.kind, reading.node) == (kind, node)
    assert reading.why


@pytest.mark.parametrize(
    ("display", "kind"),
    [
        ("Adenocarcinoma of jejunum (disorder)", "neoplasm"),
        ("Primary malignant neoplasm of prostate metastatic to bone", "neoplasm"),
        ("Akute myeloische Leukämie", "neoplasm"),
        ("Bösartige Neubildung der Brust", "neoplasm"),
        ("Secondary malignant neoplasm of eye", "secondary"),
        ("Hirnmetastasen", "secondary"),
        ("History of malignant neoplasm of bladder (situation)", "history"),
        ("Family history of malignant neoplasm of breast", "none"),
        ("Benign neoplasm of colon", "none"),
        ("Malignant hypertension", "none"),
        ("Type 2 diabetes mellitus", "none"),
        (None, "none"),
    ],
)
def test_an_unknown_code_is_read_by_its_display(codes, display, kind):
    reading = codes.for_coding(SNOMED, "999999999", display)
    assert (reading.kind, reading.node) == (kind, None)
    assert codes.for_coding("urn:local", "X1", display).kind == kind


@pytest.mark.parametrize(
    "written", ["8140/3", "8140/3 Adenocarcinoma", "M8140/3", "M-8140/3", "81403", "8140/31", "81403/3", " 8140/3 "]
)
def test_spellings_of_a_morphology(codes, written):
    assert codes.for_coding(ICDO3, written, None).morphology == "8140/3"


@pytest.mark.parametrize(
    ("node", "morphology", "site", "expected"),
    [
        ("LUNG", "8140/3", "C34.1", "LUAD"),
        ("LUNG", "8140/3", None, "LUAD"),
        (None, "8140/3", "C34.1", "LUAD"),
        ("NSCLC", "8140/3", None, "LUAD"),
        ("NSCLC", "8070/3", "C34", "LUSC"),
        ("LUNG", "80463/3", None, "NSCLC"),
        ("LUNG", "8041/3", None, "SCLC"),
        ("BREAST", "8500/3", "C50.4", "IDC"),
        ("BREAST", "8520/3", None, "ILC"),
        ("COADREAD", "8140/3", "C18.2", "COAD"),
        ("COADREAD", "8140/3", "C20.9", "READ"),
        ("COADREAD", "8140/3", None, "COADREAD"),  # colon or rectum is not known
        ("STOMACH", "8140/3", "C16.2", "STAD"),
        ("STOMACH", "8140/3", None, "EGC"),
        ("STOMACH", "8936/3", "C16.2", "GIST"),
        ("PROSTATE", "8140/3", None, "PRAD"),
        ("SKIN", "8743/3", None, "SKCM"),
        ("HEAD_NECK", "8070/3", "C32.0", "LXSC"),
        ("HEAD_NECK", "8070/3", None, "HEAD_NECK"),  # nasopharyngeal carcinoma is squamous as well
        ("EYE", "8720/3", "C69.3", "UM"),
        ("NHL", "9680/3", None, "DLBCLNOS"),
        ("LUNG", "9680/3", "C34", "DLBCLNOS"),
        ("LUAD", "8046/3", None, "LUAD"),
        ("LUAD", "8070/3", None, "NSCLC"),  # what the two agree on
        ("LUAD", "9680/3", None, None),  # they agree on nothing
        ("LUNG", "8140/2", None, "LUNG"),
        ("LUNG", "adenocarcinoma", None, "LUNG"),
        ("LUNG", "8140/3", "C12468", "LUAD"),  # the site is no ICD code and is not used
        (None, "8140/3", None, None),
    ],
)
def test_histology_refines_a_diagnosis(codes, node, morphology, site, expected):
    assert codes.refine(node, morphology, site) == expected


@pytest.mark.parametrize(
    ("code", "morphology", "expected"),
    [
        ("C18.2", "8140/3", ("COAD", None)),
        ("C18.2", "8240/3", ("GINET", None)),  # that it was a carcinoma had only been assumed
        ("C18.2", "8010/3", ("COADREAD", "carcinoma")),
        ("C34.1", "8140/3", ("LUAD", None)),
        ("C77.0", "8140/3", (None, None)),
    ],
)
def test_a_reading_with_its_histology(codes, code, morphology, expected):
    reading = codes.with_histology(codes.for_coding(ICD10, code, None), morphology)
    assert (reading.node, reading.assumes) == expected


def test_a_snomed_diagnosis_with_a_snomed_histology(codes):
    diagnosis = codes.for_coding(SNOMED, "254637007", None)
    histology = codes.for_coding(SNOMED, "1187332001", None)
    assert codes.refine(diagnosis.node, histology.morphology) == "LUAD"


def test_a_cancer_without_type_gets_the_organ_of_its_site(codes):
    cancer = codes.for_coding(SNOMED, "363346000", None)
    breast = codes.for_coding(SNOMED, "80248007", None).topography
    assert codes.at_site(cancer, breast).node == "BREAST"
    in_situ = codes.for_coding(ICD10, "D05.1", None)
    assert codes.at_site(in_situ, breast) == in_situ


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("NSCLC", "NSCLC"),
        ("Non-small cell lung cancer", "NSCLC"),
        ("Non-small cell lung cancer (disorder)", "NSCLC"),
        ("nicht-kleinzelliges Lungenkarzinom", "NSCLC"),
        ("Adenocarcinoma of the lung.", "LUAD"),
        ("Lung Adenocarcinoma", "LUAD"),
        ("squamous cell carcinoma of lung", "LUSC"),
        ("breast cancer", "BREAST"),
        ("Colorectal cancer", "COADREAD"),
        ("MELANOMA", "MEL"),
        ("Breast Invasive Ductal Carcinoma", "IDC"),
    ],
)
def test_names(codes, text, node):
    assert codes.for_text(text).node == node


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Lung",
        "Teratoma",
        "Adenocarcinoma, NOS",
        "Mucinous Carcinoma",
        "Fibroadenoma",
        "NSCLC, left upper lobe",
        "Suspected NSCLC",
        "V.a. NSCLC",
        "Z.n. Mammakarzinom",
        "history of breast cancer",
        "rule out melanoma",
        "metastatic breast cancer",
        "breast cancer in family",
    ],
)
def test_texts_that_are_not_matched(codes, text):
    assert codes.for_text(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Karzinom unklarer Lokalisation", True),
        ("carcinome du sein", True),
        ("Leukaemia", True),
        ("multiples Myelom", True),
        ("Neuroblastoma", True),
        ("Krebs", True),
        ("Myelomeningocele", False),
        ("Carcinoembryonic antigen raised", False),
        ("Cancer screening", False),
        ("Essential hypertension", False),
    ],
)
def test_what_looks_like_a_cancer(codes, text, expected):
    assert codes.looks_like_cancer(text) is expected


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("{codes: [C34], node: LUNG,", "{codes: [C34], node: NOWHERE,", "NOWHERE"),
        ("    LUAS: [8560]", "    LUAS: [8560, 8012]", "8012/3"),
        ("    thymus: {THYM:", "    thymos: {THYM:", "thymos"),
        ("    SCLC: [SCLC,", "    SCLC: [SCLC, NSCLC,", "NSCLC"),
    ],
)
def test_contradictory_data_are_refused(tmp_path, tree, before, after, complaint):
    text = DATA.read_text(encoding="utf-8")
    assert before in text
    (tmp_path / "tumours.yaml").write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(TumourDataError, match=complaint):
        TumourCodes.load(tmp_path / "tumours.yaml", tree)
