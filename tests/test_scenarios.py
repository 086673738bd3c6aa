"""Scenarios for all three hooks, as a table, and every safety statement at the moment of ordering.

A row holds the patient, the drafts, and the cards that must come: urgency, topic, kinds of suggestions in order. No row
means that nothing else may be said.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from cards import DEFAULT_STYLE, CardMaker, order_cards
from cards.details import Basis
from cds_service import Advisor
from cds_service.hooks import BY_HOOK
from knowledge import Outcome, evaluate
from knowledge.cases import Case, case_files, read_cases
from knowledge.loading import DATA
from knowledge.orders import DrugDraft, Orders
from knowledge.prescribing import judge_drafts
from knowledge.statements import SafetyStatement
from tests.conftest import TODAY
from tests.fhir import coded, coding_dna, condition, observation, pd_l1_tps, protein, variant
from tests.scenarios import (
    ALK,
    BREAST,
    CHILD,
    CLL,
    CRC,
    DPYD_INTERMEDIATE,
    DPYD_NORMAL,
    DPYD_POOR,
    ER,
    EXON20,
    HER2_0,
    HER2_3,
    KRAS_G12C,
    KRAS_G12D,
    L858R,
    LUAD,
    LUSC,
    MELANOMA,
    METASTASIS,
    MSI_H,
    MSS,
    NO_ALK,
    NO_EGFR,
    NO_ER,
    NO_KRAS,
    NO_NRAS,
    NO_PR,
    NSCLC,
    POSITIVE,
    T790M,
    UROTHELIAL,
    V600E,
    V600K,
    Scenario,
    genotype,
    given,
    ordered_test,
    phenotype,
    tumour,
)

SCENARIOS = (
    Scenario("label met: silence", "order-sign", (NSCLC, L858R), ("osimertinib",), ()),
    Scenario(
        "documented negative",
        "order-sign",
        (NSCLC, NO_EGFR),
        ("osimertinib",),
        (("warning", "orderosimertinibfailing", "delete"),),
    ),
    Scenario(
        "required test missing",
        "order-sign",
        (NSCLC,),
        ("osimertinib",),
        (("warning", "orderosimertinibtest", "create delete"),),
    ),
    Scenario(
        "the test is ordered already",
        "order-sign",
        (NSCLC, ordered_test("EGFR mutation analysis")),
        ("osimertinib",),
        (("info", "orderosimertinibtest", ""),),
    ),
    Scenario(
        "a panel is ordered already",
        "order-sign",
        (NSCLC, ordered_test("NGS panel lung")),
        ("osimertinib",),
        (("info", "orderosimertinibtest", ""),),
    ),
    Scenario(
        "the order of the test was revoked",
        "order-sign",
        (NSCLC, ordered_test("EGFR mutation analysis", "revoked")),
        ("osimertinib",),
        (("warning", "orderosimertinibtest", "create delete"),),
    ),
    Scenario(
        "recorded resistance",
        "order-sign",
        (NSCLC, L858R, T790M),
        ("gefitinib",),
        (("warning", "ordergefitinibresistant", "delete"),),
    ),
    Scenario("the resistance that the drug is made for", "order-sign", (NSCLC, L858R, T790M), ("osimertinib",), ()),
    Scenario(
        "an insertion that the inhibitor does not reach",
        "order-sign",
        (NSCLC, EXON20),
        ("afatinib",),
        (("warning", "orderafatinibresistant", "delete"),),
    ),
    Scenario(
        "exon 20 insertion, with its partners",
        "order-sign",
        (NSCLC, EXON20),
        ("amivantamab", "carboplatin", "pemetrexed"),
        (),
    ),
    Scenario(
        "a variant of unknown meaning",
        "order-sign",
        (NSCLC, variant("egfr", "EGFR", protein("p.Arg521Lys"))),
        ("osimertinib",),
        (("warning", "orderosimertinibtest", "delete"),),
    ),
    Scenario(
        "another tumour", "order-sign", (CRC, L858R), ("osimertinib",), (("info", "orderosimertinibothertumour", ""),)
    ),
    Scenario(
        "tumour type unclear",
        "order-sign",
        (tumour("C80.9"), L858R),
        ("osimertinib",),
        (("info", "orderosimertinibtumourunclear", ""),),
    ),
    Scenario("ALK rearrangement", "order-sign", (NSCLC, ALK), ("alectinib",), ()),
    Scenario(
        "alk neg", "order-sign", (NSCLC, NO_ALK), ("alectinib",), (("warning", "orderalectinibfailing", "delete"),)
    ),
    Scenario("KRAS G12C", "order-sign", (NSCLC, KRAS_G12C), ("sotorasib",), ()),
    Scenario(
        "g12d", "order-sign", (NSCLC, KRAS_G12D), ("sotorasib",), (("warning", "ordersotorasibfailing", "delete"),)
    ),
    Scenario(
        "PD-L1 80 %, no driver", "order-sign", (NSCLC, pd_l1_tps("pd", 80), NO_EGFR, NO_ALK), ("pembrolizumab",), ()
    ),
    Scenario(
        "PD-L1 10 %, a later line may fit",
        "order-sign",
        (NSCLC, pd_l1_tps("pd", 10), NO_EGFR, NO_ALK),
        ("pembrolizumab",),
        (),
    ),
    Scenario(
        "PD-L1 10 %, with chemotherapy",
        "order-sign",
        (NSCLC, pd_l1_tps("pd", 10), NO_EGFR, NO_ALK),
        ("pembrolizumab", "pemetrexed", "carboplatin"),
        (),
    ),
    Scenario(
        "PD-L1 80 %, EGFR-mutant: after targeted therapy",
        "order-sign",
        (NSCLC, pd_l1_tps("pd", 80), L858R),
        ("pembrolizumab",),
        (),
    ),
    Scenario(
        "RAS mutant, with oxaliplatin",
        "order-sign",
        (CRC, KRAS_G12D),
        ("panitumumab", "oxaliplatin", "fluorouracil"),
        (
            ("critical", "orderpanitumumabvectibix4", "delete"),
            ("warning", "orderfluorouracilfluorouracil3", "create delete"),
        ),
    ),
    Scenario(
        "RAS mutant",
        "order-sign",
        (CRC, KRAS_G12D),
        ("panitumumab",),
        (("warning", "orderpanitumumabfailing", "delete"),),
    ),
    Scenario(
        "RAS unknown, with oxaliplatin",
        "order-sign",
        (CRC,),
        ("panitumumab", "oxaliplatin"),
        (("critical", "orderpanitumumabvectibix4", "create create delete"),),
    ),
    Scenario(
        "RAS unknown",
        "order-sign",
        (CRC,),
        ("panitumumab",),
        (("warning", "orderpanitumumabtest", "create create delete"),),
    ),
    Scenario("RAS wild type", "order-sign", (CRC, NO_KRAS, NO_NRAS), ("panitumumab",), ()),
    Scenario(
        "cetuximab, RAS mutant",
        "order-sign",
        (CRC, KRAS_G12D),
        ("cetuximab", "irinotecan"),
        (("warning", "ordercetuximaberbitux7", "delete"),),
    ),
    Scenario(
        "cetuximab, RAS wild type, EGFR expression untested",
        "order-sign",
        (CRC, NO_KRAS, NO_NRAS),
        ("cetuximab", "irinotecan"),
        (("warning", "ordercetuximabtest", "create delete"),),
    ),
    Scenario(
        "encorafenib with cetuximab, RAS unknown",
        "order-sign",
        (CRC, V600E),
        ("encorafenib", "cetuximab"),
        (("warning", "ordercetuximaberbitux7", "create create delete"),),
    ),
    Scenario(
        "enco alone crc", "order-sign", (CRC, V600E), ("encorafenib",), (("info", "orderencorafenibpartner", ""),)
    ),
    Scenario("MSI-H", "order-sign", (CRC, MSI_H), ("pembrolizumab",), ()),
    Scenario(
        "MSS, mismatch repair untested",
        "order-sign",
        (CRC, MSS),
        ("pembrolizumab",),
        (("warning", "orderpembrolizumabtest", "create delete"),),
    ),
    Scenario(
        "capecitabine without DPD result",
        "order-sign",
        (CRC,),
        ("capecitabine",),
        (("warning", "ordercapecitabinexeloda3", "create delete"),),
    ),
    Scenario(
        "capecitabine, DPD test ordered",
        "order-sign",
        (CRC, ordered_test("DPD testing")),
        ("capecitabine",),
        (("warning", "ordercapecitabinexeloda3", "delete"),),
    ),
    Scenario(
        "capecitabine, DPD deficient",
        "order-sign",
        (CRC, DPYD_POOR),
        ("capecitabine",),
        (("critical", "ordercapecitabinexeloda1", "delete"),),
    ),
    Scenario(
        "capecitabine, DPD partially deficient",
        "order-sign",
        (CRC, DPYD_INTERMEDIATE),
        ("capecitabine",),
        (("warning", "ordercapecitabinexeloda2", "delete"),),
    ),
    Scenario("capecitabine, DPD normal", "order-sign", (CRC, DPYD_NORMAL), ("capecitabine",), ()),
    Scenario(
        "fluorouracil, DPD deficient",
        "order-sign",
        (CRC, DPYD_POOR),
        ("fluorouracil 2500 mg",),
        (("critical", "orderfluorouracilfluorouracil1", "delete"),),
    ),
    Scenario(
        "5fu none", "order-sign", (CRC,), ("5-FU",), (("warning", "orderfluorouracilfluorouracil3", "create delete"),)
    ),
    Scenario(
        "tegafur, DPD deficient",
        "order-sign",
        (tumour("C16.9"), DPYD_POOR),
        ("Teysuno",),
        (("critical", "ordertegafurgimeraciloteracilteysuno1", "delete"),),
    ),
    Scenario(
        "irinotecan, UGT1A1 *28/*28",
        "order-sign",
        (CRC, genotype("UGT1A1", "HGNC:12530", "*28/*28")),
        ("irinotecan",),
        (("warning", "orderirinotecanirinotecan1", "delete"),),
    ),
    Scenario(
        "irinotecan, UGT1A1 *1/*1", "order-sign", (CRC, genotype("UGT1A1", "HGNC:12530", "*1/*1")), ("irinotecan",), ()
    ),
    Scenario(
        "mercaptopurine, TPMT poor metaboliser",
        "order-sign",
        (tumour("C91.0"), phenotype("TPMT", "HGNC:12014", "Poor metabolizer")),
        ("mercaptopurine",),
        (("warning", "ordermercaptopurinemercaptopurine1xaluprine1", "delete"),),
    ),
    Scenario(
        "mercaptopurine, NUDT15 poor metaboliser",
        "order-sign",
        (tumour("C91.0"), phenotype("NUDT15", "HGNC:23063", "Poor metabolizer")),
        ("mercaptopurine",),
        (("warning", "ordermercaptopurinemercaptopurine2xaluprine2", "delete"),),
    ),
    Scenario(
        "rasburicase, G6PD deficient",
        "order-sign",
        (tumour("C91.0"), phenotype("G6PD", "HGNC:4057", "Deficient")),
        ("rasburicase",),
        (("critical", "orderrasburicasefasturtec1", "delete"),),
    ),
    Scenario(
        "pazopanib, HLA-B*57:01",
        "order-sign",
        (tumour("C64"), observation("hla", coded("13303-3"), valueString="HLA-B*57:01")),
        ("pazopanib",),
        (("warning", "orderpazopanibvotrient1", "delete"),),
    ),
    Scenario("melanoma, BRAF V600E", "order-sign", (MELANOMA, V600E), ("dabrafenib", "trametinib"), ()),
    Scenario(
        "melanoma, BRAF wild type",
        "order-sign",
        (MELANOMA, variant("braf", "BRAF", present=False)),
        ("vemurafenib",),
        (("warning", "ordervemurafenibzelboraf3", "delete"),),
    ),
    Scenario("lung, V600K: a label for V600", "order-sign", (NSCLC, V600K), ("dabrafenib", "trametinib"), ()),
    Scenario(
        "lung, V600K: a label for V600E",
        "order-sign",
        (NSCLC, V600K),
        ("encorafenib", "binimetinib"),
        (("warning", "orderencorafenibfailing", "delete"), ("warning", "orderbinimetinibfailing", "delete")),
    ),
    Scenario("HER2 3+", "order-sign", (BREAST, HER2_3, ER), ("trastuzumab", "docetaxel"), ()),
    Scenario(
        "HER2 0",
        "order-sign",
        (BREAST, HER2_0, ER),
        ("trastuzumab", "docetaxel"),
        (("warning", "ordertrastuzumabfailing", "delete"),),
    ),
    Scenario("not held: docetaxel in prostate cancer", "order-sign", (tumour("C61"),), ("docetaxel",), ()),
    Scenario("not held: nivolumab in melanoma", "order-sign", (MELANOMA,), ("nivolumab",), ()),
    Scenario("not held: pembrolizumab in melanoma", "order-sign", (MELANOMA,), ("pembrolizumab",), ()),
    Scenario(
        "not held: acalabrutinib in mantle cell lymphoma", "order-sign", (tumour("C83.1"),), ("acalabrutinib",), ()
    ),
    Scenario("not held: another medicine of the substance", "order-sign", (tumour("C64.9"),), ("lenvatinib",), ()),
    Scenario(
        "lung cancer without histology",
        "order-sign",
        (tumour("C34.1"), pd_l1_tps("pd", 80)),
        ("pembrolizumab",),
        (("info", "orderpembrolizumabtumourunclear", ""),),
    ),
    Scenario(
        "EGFR untested, histology unknown: the squamous indication does not hide the test",
        "order-sign",
        (NSCLC,),
        ("afatinib",),
        (("warning", "orderafatinibtest", "create delete"),),
    ),
    Scenario(
        "EGFR negative, histology unknown",
        "order-sign",
        (NSCLC, NO_EGFR),
        ("afatinib",),
        (("info", "orderafatinibtumourunclear", ""),),
    ),
    Scenario(
        "EGFR negative adenocarcinoma",
        "order-sign",
        (LUAD, NO_EGFR),
        ("afatinib",),
        (("warning", "orderafatinibfailing", "delete"),),
    ),
    Scenario("EGFR negative, squamous", "order-sign", (LUSC, NO_EGFR), ("afatinib",), ()),
    Scenario(
        "squamous, PD-L1 0 %, with chemotherapy",
        "order-sign",
        (LUSC, METASTASIS, pd_l1_tps("pd", 0)),
        ("pembrolizumab", "carboplatin", "paclitaxel"),
        (),
    ),
    Scenario(
        "squamous, PD-L1 0 %, alone",
        "order-sign",
        (LUSC, METASTASIS, pd_l1_tps("pd", 0)),
        ("pembrolizumab",),
        (("info", "orderpembrolizumabpartner", ""),),
    ),
    Scenario(
        "metastatic adenocarcinoma, PD-L1 0 %: the adjuvant indication does not hide the result",
        "order-sign",
        (LUAD, METASTASIS, pd_l1_tps("pd", 0)),
        ("pembrolizumab",),
        (("warning", "orderpembrolizumabfailing", "delete"),),
    ),
    Scenario(
        "metastatic adenocarcinoma, EGFR and ALK untested, with chemotherapy",
        "order-sign",
        (LUAD, METASTASIS, pd_l1_tps("pd", 0)),
        ("pembrolizumab", "carboplatin", "pemetrexed"),
        (("warning", "orderpembrolizumabtest", "create create delete"),),
    ),
    Scenario(
        "nothing tested, stage unknown: the adjuvant indication does not hide the tests",
        "order-sign",
        (NSCLC,),
        ("pembrolizumab",),
        (("info", "orderpembrolizumabdepends", "create create create"),),
    ),
    Scenario(
        "EGFR and ALK untested, stage unknown, with chemotherapy: perioperative or metastatic",
        "order-sign",
        (LUAD, pd_l1_tps("pd", 0)),
        ("pembrolizumab", "carboplatin", "pemetrexed"),
        (("info", "orderpembrolizumabdepends", "create create"),),
    ),
    Scenario(
        "the tests that decide are ordered already",
        "order-sign",
        (NSCLC, ordered_test("NGS panel lung, PD-L1")),
        ("pembrolizumab",),
        (("info", "orderpembrolizumabdepends", ""),),
    ),
    Scenario("PD-L1 0 %, it may be adjuvant", "order-sign", (LUAD, pd_l1_tps("pd", 0)), ("pembrolizumab",), ()),
    Scenario("EGFR negative, with docetaxel", "order-sign", (LUAD, NO_EGFR), ("ramucirumab", "docetaxel"), ()),
    Scenario(
        "EGFR negative, with erlotinib",
        "order-sign",
        (LUAD, NO_EGFR),
        ("ramucirumab", "erlotinib"),
        (("warning", "orderramucirumabfailing", "delete"),),
    ),
    Scenario(
        "EGFR negative, neither docetaxel nor erlotinib",
        "order-sign",
        (LUAD, NO_EGFR),
        ("ramucirumab",),
        (("info", "orderramucirumabpartner", ""),),
    ),
    Scenario(
        "squamous, with a label for others",
        "order-sign",
        (LUSC,),
        ("bevacizumab", "carboplatin", "paclitaxel"),
        (("info", "orderbevacizumabothertumour", ""),),
    ),
    Scenario(
        "venetoclax alone, TP53 untested",
        "order-sign",
        (CLL,),
        ("venetoclax",),
        (("warning", "ordervenetoclaxtest", "create delete"),),
    ),
    Scenario(
        "a combination that is begun, PD-L1 untested",
        "order-sign",
        (LUAD, METASTASIS, NO_EGFR, NO_ALK),
        ("pembrolizumab", "carboplatin"),
        (("info", "orderpembrolizumabpartner", ""),),
    ),
    Scenario(
        "olaparib with abiraterone asks for no BRCA", "order-sign", (tumour("C61"),), ("olaparib", "abiraterone"), ()
    ),
    Scenario(
        "the corticosteroid is drafted too",
        "order-sign",
        (tumour("C61"),),
        ("olaparib", "abiraterone", "prednisolone"),
        (),
    ),
    Scenario(
        "rituximab with the whole of CHOP",
        "order-sign",
        (
            tumour("C83.3"),
            observation("cd20", coded("10438-0"), valueCodeableConcept=coded(POSITIVE, "http://snomed.info/sct")),
        ),
        ("rituximab", "cyclophosphamide", "doxorubicin", "vincristine", "prednisolone"),
        (),
    ),
    Scenario("venetoclax with obinutuzumab", "order-sign", (CLL,), ("venetoclax", "obinutuzumab"), ()),
    Scenario(
        "idelalisib without rituximab", "order-sign", (CLL,), ("idelalisib",), (("info", "orderidelalisibpartner", ""),)
    ),
    Scenario(
        "urothelial, nothing tested, both medicines of the combination",
        "order-sign",
        (UROTHELIAL, METASTASIS),
        ("enfortumab vedotin", "pembrolizumab"),
        (),
    ),
    Scenario(
        "MSS endometrial carcinoma, mismatch repair untested",
        "order-sign",
        (tumour("C54.1"), MSS),
        ("pembrolizumab",),
        (("warning", "orderpembrolizumabtest", "create delete"),),
    ),
    Scenario(
        "endometrial carcinoma, nothing tested, with chemotherapy",
        "order-sign",
        (tumour("C54.1"),),
        ("pembrolizumab", "carboplatin", "paclitaxel"),
        (),
    ),
    Scenario(
        "metastatic cervical cancer, CPS untested, without chemotherapy",
        "order-sign",
        (tumour("C53.9"), METASTASIS),
        ("pembrolizumab",),
        (("warning", "orderpembrolizumabtest", "create delete"),),
    ),
    Scenario(
        "the biomarker fits, the age does not",
        "order-sign",
        (NSCLC, L858R, CHILD),
        ("osimertinib",),
        (("info", "orderosimertinibclinical", ""),),
    ),
    Scenario(
        "the biomarker is untested, and the age does not fit",
        "order-sign",
        (NSCLC, CHILD),
        ("osimertinib",),
        (("info", "orderosimertinibuntested", ""),),
    ),
    Scenario(
        "the biomarker of a label for children is not asked for in an adult",
        "order-sign",
        (condition("C132067", "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl"),),
        ("dabrafenib",),
        (("info", "orderdabrafenibuntested", ""),),
    ),
    Scenario(
        "no biomarker is asked, the age does not fit",
        "order-sign",
        (UROTHELIAL, CHILD),
        ("enfortumab vedotin",),
        (("info", "orderenfortumabvedotinothersetting", ""),),
    ),
    Scenario("docetaxel alone, HER2 0", "order-sign", (BREAST, HER2_0), ("docetaxel",), ()),
    Scenario(
        "held: nivolumab is not for breast cancer",
        "order-sign",
        (BREAST,),
        ("nivolumab",),
        (("info", "ordernivolumabothertumour", ""),),
    ),
    Scenario(
        "a fixed combination has its own label",
        "order-sign",
        (MELANOMA, pd_l1_tps("pd", 5)),
        ("Opdualag",),
        (("warning", "orderrelatlimabnivolumabfailing", "delete"),),
    ),
    Scenario(
        "HER2 untested",
        "order-sign",
        (BREAST, ER),
        ("trastuzumab deruxtecan",),
        (("warning", "ordertrastuzumabderuxtecantest", "create delete"),),
    ),
    Scenario(
        "hormone receptor positive, with an aromatase inhibitor",
        "order-sign",
        (BREAST, ER, HER2_0),
        ("palbociclib", "letrozole"),
        (),
    ),
    Scenario(
        "hormone receptors negative",
        "order-sign",
        (BREAST, NO_ER, NO_PR, HER2_0),
        ("palbociclib", "letrozole"),
        (("warning", "orderpalbociclibfailing", "delete"),),
    ),
    Scenario(
        "HER2 3+ for a HER2-negative label",
        "order-sign",
        (BREAST, ER, HER2_3),
        ("palbociclib", "letrozole"),
        (("warning", "orderpalbociclibfailing", "delete"),),
    ),
    Scenario("triple negative", "order-sign", (BREAST, NO_ER, NO_PR, HER2_0), ("sacituzumab govitecan",), ()),
    Scenario(
        "BRCA1 variant without classification or origin",
        "order-sign",
        (BREAST, HER2_0, variant("brca", "BRCA1", protein("p.Cys61Gly"))),
        ("olaparib",),
        (("warning", "orderolaparibtest", "create create create delete"),),
    ),
    Scenario("a drug that treats no cancer", "order-sign", (NSCLC, L858R), ("paracetamol",), ()),
    Scenario(
        "only the selected draft is judged",
        "order-select",
        (NSCLC, NO_EGFR),
        ("osimertinib", "afatinib"),
        (("warning", "orderosimertinibfailing", "delete"),),
    ),
    Scenario(
        "the other drafts are its regimen",
        "order-select",
        (CRC, KRAS_G12D),
        ("panitumumab", "oxaliplatin"),
        (("critical", "orderpanitumumabvectibix4", "delete"),),
    ),
    Scenario("chronic myeloid leukaemia", "order-sign", (tumour("C92.1"),), ("imatinib",), ()),
    Scenario(
        "ABL1 T315I",
        "order-sign",
        (tumour("C92.1"), variant("abl", "ABL1", protein("p.Thr315Ile"))),
        ("dasatinib",),
        (("warning", "orderdasatinibresistant", "delete"),),
    ),
    Scenario(
        "FLT3 untested",
        "order-sign",
        (tumour("C92.0"),),
        ("gilteritinib",),
        (("warning", "ordergilteritinibtest", "create delete"),),
    ),
    Scenario(
        "FLT3-ITD, partners not in the regimen",
        "order-sign",
        (tumour("C92.0"), observation("itd", coded("79210-1"), valueCodeableConcept=coded("LA9633-4"))),
        ("quizartinib",),
        (("info", "orderquizartinibpartner", ""),),
    ),
    Scenario(
        "FLT3-ITD negative, kinase domain untested",
        "order-sign",
        (tumour("C92.0"), observation("flt", coded("79210-1"), valueCodeableConcept=coded("LA9634-2"))),
        ("midostaurin",),
        (("warning", "ordermidostaurintest", "create delete"),),
    ),
    Scenario(
        "EGFR L858R",
        "patient-view",
        (NSCLC, L858R),
        (),
        (
            ("info", "optionsEGFR", ""),
            ("info", "optionsWithoutPositiveBiomarker", "create create"),
            ("info", "testsFirstNSCLC", "create create create create create create"),
        ),
    ),
    Scenario(
        "nothing tested",
        "patient-view",
        (NSCLC,),
        (),
        (("info", "testsFirstNSCLC", "create create create create create create"),),
    ),
    Scenario("no tumour", "patient-view", (tumour("I50.9"),), (), ()),
    Scenario(
        "DPD deficient, on capecitabine",
        "patient-view",
        (CRC, DPYD_POOR, given("capecitabine")),
        (),
        (
            ("critical", "safetyxeloda1", ""),
            ("info", "testsFirstCOADREAD", "create create create create create create"),
        ),
    ),
    Scenario(
        "DPD deficient, no fluoropyrimidine",
        "patient-view",
        (CRC, DPYD_POOR),
        (),
        (("info", "testsFirstCOADREAD", "create create create create create create"),),
    ),
    Scenario(
        "breast cancer, nothing tested",
        "patient-view",
        (BREAST,),
        (),
        (("info", "testsFirstBREAST", "create create create create create create"),),
    ),
    Scenario("primary tumour unknown", "patient-view", (tumour("C80.9"), L858R), (), (("info", "tumourUnclear", ""),)),
    Scenario(
        "breast cancer, HER2 3+", "patient-view", (BREAST, HER2_3, NO_ER, NO_PR), (), (("info", "optionsHER2", ""),)
    ),
)


def _cards(client: FlaskClient, scenario: Scenario) -> list[dict[str, Any]]:
    response = client.post(f"/cds-services/{BY_HOOK[scenario.hook].id}", json=scenario.request())
    assert response.status_code == 200
    return list(response.get_json()["cards"])


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: f"{scenario.hook}: {scenario.name}")
def test_scenario(client: FlaskClient, scenario: Scenario) -> None:
    cards = _cards(client, scenario)
    assert tuple(map(_in_short, cards)) == scenario.cards
    for card in cards:
        for suggestion in card.get("suggestions", []):
            _check_action(suggestion["actions"][0])


def _summary(client: FlaskClient, *resources: dict[str, Any], drug: str) -> str:
    (card,) = _cards(client, Scenario("", "order-sign", resources, (drug,)))
    return str(card["summary"])


def test_the_reason_that_is_named_is_the_biomarker_that_fails_not_a_stage_of_another_indication(
    client: FlaskClient,
) -> None:
    stage = observation("tnm", coded("21902-2"), valueCodeableConcept={"text": "IV"})
    summary = _summary(client, NSCLC, NO_EGFR, stage, drug="osimertinib")
    assert summary == "osimertinib: not supported by the EU label with EGFR: not detected"


def _card(client: FlaskClient, hook: str, *resources: dict[str, Any], topic: str, drug: str = "") -> dict[str, Any]:
    cards = _cards(client, Scenario("", hook, resources, (drug,)))
    return next(card for card in cards if card["source"]["topic"]["code"].startswith(topic))


@pytest.mark.parametrize(
    ("drug", "resources", "ordered"),
    [
        ("cetuximab", (CRC, NO_KRAS, NO_NRAS), "Order: EGFR immunohistochemistry"),
        (
            "imatinib",
            (condition("C49.A", "http://hl7.org/fhir/sid/icd-10-cm"), variant("kit", "KIT", protein("p.Val560Asp"))),
            "Order: KIT (CD117) immunohistochemistry",
        ),
    ],
)
def test_the_protein_that_a_label_asks_for_is_not_the_gene(
    client: FlaskClient, drug: str, resources: tuple[dict[str, Any], ...], ordered: str
) -> None:
    card = _card(client, "order-sign", *resources, topic=f"order{drug}test", drug=drug)
    assert ordered in [suggestion["label"] for suggestion in card["suggestions"]]
    assert "mutation" not in " ".join(suggestion["label"] for suggestion in card["suggestions"])


def test_proteins_that_were_not_found_are_no_alterations(client: FlaskClient) -> None:
    negative = observation("her2", coded("48676-1"), valueCodeableConcept=coded("260385009", "http://snomed.info/sct"))
    resources = (BREAST, NO_ER, NO_PR, negative)
    card = _card(client, "patient-view", *resources, topic="optionsWithoutPositiveBiomarker")
    assert card["summary"].startswith("ER, PR, HER2 negative: EU-label options ")
    tests = _card(client, "patient-view", *resources, topic="testsFirst")
    assert "HER2" not in tests["summary"]
    assert re.search("Tested, but not in the detail that a label asks for: .*HER2", tests["detail"])


def test_alternatives_are_told_from_what_is_asked_together(client: FlaskClient) -> None:
    skipping = variant("met", "MET", coding_dna("NM_000245.4:c.3028+1G>A"))
    detail = _card(client, "patient-view", LUAD, skipping, topic="optionsMET")["detail"]
    assert "; prior immunotherapy or prior platinum-based chemotherapy." in detail


def test_a_combination_is_named_once(client: FlaskClient) -> None:
    detail = _card(client, "order-sign", CRC, MSI_H, METASTASIS, topic="order", drug="nivolumab")["detail"]
    assert "with ipilimumab, [" in detail
    assert "(with ipilimumab)" not in detail


@pytest.mark.parametrize(("hook", "topic"), [("patient-view", "safetyerbitux"), ("order-sign", "ordercetuximab")])
def test_a_restriction_for_an_unknown_status_names_what_is_not_known(
    client: FlaskClient, hook: str, topic: str
) -> None:
    resources = (CRC, METASTASIS, V600E, NO_KRAS, given("encorafenib"))
    card = _card(client, hook, *resources, topic=topic, drug="cetuximab")
    assert card["summary"] == "cetuximab: test first, no result for NRAS"


def test_a_tumour_of_the_past_asks_for_nothing(client: FlaskClient) -> None:
    past = MELANOMA | {"id": "c2", "clinicalStatus": coded("resolved")}
    cards = _cards(client, Scenario("", "patient-view", (CRC, V600E, past)))
    assert "MEL" not in " ".join(card["summary"] for card in cards)
    assert not any("histology" in card["summary"] for card in cards)
    (only,) = _cards(client, Scenario("", "patient-view", (past, V600E)))
    assert only["source"]["topic"]["code"] == "tumourUnclear"


def test_an_untested_biomarker_is_never_said_to_fit(client: FlaskClient) -> None:
    assert _summary(client, NSCLC, L858R, CHILD, drug="osimertinib").startswith("osimertinib: biomarkers fit; ")
    assert _summary(client, NSCLC, CHILD, drug="osimertinib") == (
        "osimertinib: no EU indication fits; not met: age ≥ 18 years"
    )


def test_there_are_enough_scenarios_of_each_hook() -> None:
    assert len(SCENARIOS) >= 60
    assert {scenario.hook for scenario in SCENARIOS} == set(BY_HOOK)
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)


def _in_short(card: dict[str, Any]) -> tuple[str, str, str]:
    kinds = " ".join(suggestion["actions"][0]["type"] for suggestion in card.get("suggestions", []))
    return card["indicator"], card["source"]["topic"]["code"], kinds


def _check_action(action: dict[str, Any]) -> None:
    """What is created is for the patient; what is deleted is a draft of the request."""
    if action["type"] == "delete":
        assert action["resourceId"].startswith("MedicationRequest/m")
        return
    resource = action["resource"]
    assert resource["status"] == "draft"
    assert resource["subject"] == {"reference": "Patient/p1"}


def _applying() -> list[Any]:
    """Each safety statement with an example patient for whom it applies."""
    found: dict[str, Case] = {}
    for path in case_files(DATA):
        for case in read_cases(path, TODAY):
            for name, outcome in case.expected.items():
                if outcome is Outcome.APPLIES:
                    found.setdefault(name, case)
    return [pytest.param(name, case, id=name) for name, case in found.items()]


@pytest.mark.parametrize(("name", "case"), _applying())
def test_every_safety_statement_is_said_when_its_medicine_is_ordered(advisor: Advisor, name: str, case: Case) -> None:
    knowledge = advisor.knowledge
    medicine, statement = next(pair for pair in knowledge.statements if pair[1].id == name)
    assert isinstance(statement, SafetyStatement)
    partners = [_one_of(partner, advisor) for partner in statement.partners if partner.inns or partner.drug_class]
    drafts = [DrugDraft("MedicationRequest/m1", tuple(sorted(medicine.drugs)), medicine.brand)]
    drafts += [DrugDraft(f"MedicationRequest/p{number}", (inn,), inn) for number, inn in enumerate(partners)]
    orders = Orders(tuple(drafts))
    findings = _findings(advisor, case, orders)
    judged = judge_drafts(orders, findings, case.facts, knowledge.reference)
    planned = order_cards(judged, CardMaker(DEFAULT_STYLE, Basis(knowledge.release), lambda: "0"))
    card = next(item for item in planned if name in item.statements)
    expected = ("critical",) if statement.category == "contraindication" else ("warning", "critical")
    assert card.indicator.value in expected


def test_every_safety_statement_has_such_a_patient(advisor: Advisor) -> None:
    safety = {s.id for _, s in advisor.knowledge.statements if isinstance(s, SafetyStatement)}
    print(f"{len(safety)} safety statements")
    assert safety == {parameter.values[0] for parameter in _applying()}


def _findings(advisor: Advisor, case: Case, orders: Orders) -> Any:
    drugs = [drug for draft in orders.drugs for drug in draft.drugs]
    return evaluate(case.facts, advisor.knowledge, TODAY, drugs)


def _one_of(partner: Any, advisor: Advisor) -> str:
    if partner.inns:
        return str(partner.inns[0])
    return sorted(advisor.knowledge.reference.drug_classes.members(partner.drug_class))[0]
