"""Tests that EMA documents name: roles are never promoted, and nothing but EMA's own statements is shipped."""

from __future__ import annotations

from types import ModuleType

import pytest

from knowledge import KnowledgeBase
from knowledge.named_tests import COLUMNS, ROLES, TEST_KINDS, NamedTest
from knowledge.sources import DATA
from knowledge.views import named_test_view
from tests.loaded_scripts import load_script

TABLE = DATA / "tests" / "named_tests.tsv"


@pytest.fixture(scope="module")
def named_tests(knowledge: KnowledgeBase) -> tuple[NamedTest, ...]:
    return knowledge.named_tests


def test_only_a_test_on_which_ema_was_consulted_is_called_a_companion_diagnostic(named_tests):
    consulted = {test.test for test in named_tests if "companion diagnostic" in test.role_in_words.lower()}
    assert consulted == {test.test for test in named_tests if "companion-diagnostic-consulted" in test.roles}
    assert consulted
    assert len(consulted) < len({test.test for test in named_tests})


def test_no_word_that_is_shown_promotes_a_test(named_tests):
    for test in named_tests:
        if "companion-diagnostic-consulted" in test.roles:
            continue
        view = named_test_view(test)
        shown = " ".join(str(view[name]) for name in ("role_in_words", "ce_in_words", "test", "use_in_trial"))
        assert "companion diagnostic" not in shown.lower().replace("planned companion diagnostic", ""), test


def test_every_role_has_words_and_every_kind_is_known(named_tests):
    assert {role for test in named_tests for role in test.roles} <= set(ROLES)
    assert {test.kind for test in named_tests} <= set(TEST_KINDS)
    assert all(test.role_in_words for test in named_tests)
    trial = next(test for test in named_tests if test.roles == ("used-in-pivotal-trial",))
    assert trial.role_in_words == "used in the pivotal trial"


def test_a_ce_status_that_is_not_stated_is_not_called_missing(named_tests):
    silent = next(test for test in named_tests if test.ce_status == "not stated")
    assert silent.ce_in_words == "CE status not stated"
    stated = next(test for test in named_tests if test.ce_status == "CE-marked IVDD")
    assert stated.ce_in_words.startswith("CE status as stated in ")
    assert all(test.ce_document for test in named_tests if test.ce_status != "not stated")


def test_what_third_parties_say_is_not_shipped():
    text = TABLE.read_text(encoding="utf-8")
    assert "public_source_note" not in COLUMNS
    assert "http" not in text
    assert "third-party" not in text


def test_tests_are_found_by_the_analyte_of_a_statement(knowledge: KnowledgeBase):
    (tagrisso,) = [medicine for medicine in knowledge.medicines if medicine.brand == "Tagrisso"]
    first = tagrisso.indications[0]
    assert [test.test for test in tagrisso.tests_for(first, "EGFR")] == ["cobas EGFR Mutation Test"]
    assert tagrisso.tests_for(first, "ALK") == ()
    assert len(tagrisso.tests_for(tagrisso.indications[1])) == 2


def test_a_test_for_which_the_label_asks_nothing_belongs_to_no_statement(knowledge: KnowledgeBase):
    without = [test for test in knowledge.named_tests if not test.rows]
    assert without
    for medicine, statement in knowledge.statements:
        assert not {id(test) for test in medicine.tests_for(statement)} & {id(test) for test in without}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("compile_named_tests")


@pytest.mark.parametrize(
    ("analyte", "names"),
    [
        ("HER2 protein/gene", ["HER2", "ERBB2"]),
        ("ERBB2 mutation (NSCLC)", ["ERBB2"]),
        ("gBRCA1/2", ["BRCA1", "BRCA2"]),
        ("BRCA1/2 (HRR panel)", ["BRCA1", "BRCA2"]),
        ("ROS1 and NTRK1-3 fusion", ["ROS1", "NTRK1", "NTRK2", "NTRK3"]),
        ("PD-L1 protein (NSCLC)", ["PD-L1"]),
        ("KIT (CD117) protein", ["KIT", "CD117"]),
        ("CD30 protein", ["CD30"]),
        ("del(17p)", ["del(17p)", "TP53"]),
        ("del(5q)", ["del(5q)"]),
        ("HRR genes", []),
    ],
)
def test_analytes_have_the_names_that_criteria_use(script: ModuleType, analyte: str, names: list[str]):
    assert list(script.analyte_names(analyte)) == names


@pytest.mark.corpus
def test_the_table_is_what_the_script_gives(corpus, script: ModuleType):
    import csv

    with (corpus / "kb" / "eu_companion_diagnostics.tsv").open(encoding="utf-8", newline="") as table:
        rows = [script.compile_row(row) for row in csv.DictReader(table, delimiter="\t")]
    assert TABLE.read_text(encoding="utf-8") == script.table_text(rows)
