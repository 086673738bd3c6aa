"""A hospital's own codes: read as the file says, and a bad row stops the start with its number."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_service import Advisor
from fhir_mappings import SiteCodesError
from tests.fhir import bundle, coded, observation, patient

GOOD = """
codes:
  - {system: "https://lab.example/codes", code: PDL1TPS, name: PD-L1 tumour proportion score, loinc: 83053-9}
  - {system: "https://lab.example/codes", code: ALKFISH, name: ALK FISH, read: fusion_test, genes: [ALK]}
"""
TOML = """
[[codes]]
system = "https://lab.example/codes"
code = "PDL1TPS"
name = "PD-L1 tumour proportion score"
loinc = "83053-9"
"""


def _file(folder: Path, content: str, name: str = "codes.yaml") -> Path:
    path = folder / name
    path.write_text(content)
    return path


def _results() -> list[dict[str, object]]:
    local = "https://lab.example/codes"
    return [
        observation("a", coded("PDL1TPS", local), valueQuantity={"value": 60, "unit": "%"}),
        observation("b", coded("ALKFISH", local), valueString="positive"),
        observation("c", coded("PDL1TPS", "https://another.example/codes"), valueQuantity={"value": 1, "unit": "%"}),
    ]


def test_local_codes_are_read_as_the_file_says(tmp_path: Path) -> None:
    advisor = Advisor.load(site_codes=_file(tmp_path, GOOD))
    facts = [fact for fact in advisor.record(bundle(patient(), *_results())).facts if fact.genes]
    assert [(fact.score, fact.value, fact.genes) for fact in facts] == [("TPS", 60, ("CD274",)), (None, None, ("ALK",))]


def test_without_the_file_they_are_not_guessed(advisor: Advisor) -> None:
    assert not [fact for fact in advisor.record(bundle(patient(), *_results())).facts if fact.genes]


def test_toml_is_read_too(tmp_path: Path) -> None:
    assert len(Advisor.load(site_codes=_file(tmp_path, TOML, "codes.toml")).tables.site_rules) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("codes: [{system: s, code: c, name: n, loinc: 99999-9}]", "row 1: LOINC 99999-9"),
        ("codes: [{system: s, code: c, name: n, read: guess}]", "row 1: there is no reader 'guess'"),
        ("codes: [{system: s, code: c, name: n}]", "row 1"),
        ("codes: [{system: s, code: c, name: n, loinc: 83053-9, read: variant}]", "row 1"),
        (GOOD + '  - {system: s, code: c, name: n, read: gene_test, genes: ["lower"]}', "row 3, genes"),
        (
            GOOD + '  - {system: "https://lab.example/codes", code: ALKFISH, name: n, loinc: 83053-9}',
            "stands in two rows",
        ),
        ("codes: {", "codes.yaml"),
        ("rows: []", "the file"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(SiteCodesError, match=message):
        Advisor.load(site_codes=_file(tmp_path, content))


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SiteCodesError, match="cannot be read"):
        Advisor.load(site_codes=tmp_path / "none.yaml")
