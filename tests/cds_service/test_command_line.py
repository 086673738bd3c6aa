"""The command line's contracts: one JSON object per input, and nothing that stops at a bad file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.cds_service.commands import invoke, run, write
from tests.fhir import bundle, condition, patient, protein, request, variant
from tests.running import PATIENT_VIEW, running

L858R = variant("v1", "EGFR", protein("p.Leu858Arg"))


def test_facts_prints_one_object_for_each_input(tmp_path: Path) -> None:
    files = [write(tmp_path, "a.json", L858R), write(tmp_path, "b.json", bundle(patient(), condition()))]
    first, second = run("facts", *files)
    assert set(first) == {"file", "facts", "unread", "warnings"}
    assert first["file"] == files[0]
    (fact,) = first["facts"]
    assert fact["kind"] == "variant"
    assert fact["state"] == "present"
    assert fact["genes"] == ["EGFR"]
    assert fact["protein"] == "p.Leu858Arg"
    assert fact["date"] == "2026-10-01"
    assert fact["source"]["reference"] == "Observation/v1"
    assert {fact["kind"] for fact in second["facts"]} == {"demographic", "disease"}


@pytest.mark.parametrize(
    "document",
    [
        L858R,
        bundle(L858R),
        request(patient(), L858R),
        {"resourceType": "Parameters", "parameter": [{"name": "variants", "part": [{"name": "v", "resource": L858R}]}]},
    ],
    ids=["resource", "bundle", "request", "parameters"],
)
def test_facts_reads_every_kind_of_input(tmp_path: Path, document: Any) -> None:
    (result,) = run("facts", write(tmp_path, "input.json", document))
    assert [fact["protein"] for fact in result["facts"] if "protein" in fact] == ["p.Leu858Arg"]


def test_ndjson_lines_of_one_record_belong_together(tmp_path: Path) -> None:
    (result,) = run("facts", write(tmp_path, "patient.ndjson", patient(), condition(), L858R))
    assert {fact["kind"] for fact in result["facts"]} == {"demographic", "disease", "variant"}


def test_ndjson_lines_of_whole_patients_are_inputs_of_their_own(tmp_path: Path) -> None:
    path = write(tmp_path, "many.ndjson", bundle(patient(), L858R), request(patient(), condition()))
    assert [result["file"] for result in run("facts", path)] == [f"{path}:1", f"{path}:2"]


def test_a_bad_file_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{not json")
    first, missing, last = run(
        "facts", str(broken), str(tmp_path / "none.json"), write(tmp_path, "a.json", L858R), status=1
    )
    assert first["unread"][0]["reason"].startswith("not JSON")
    assert missing["unread"]
    assert last["facts"]


def test_facts_can_say_what_the_fhir_models_object_to(tmp_path: Path) -> None:
    invalid = L858R | {"id": "under_score", "effectiveDateTime": "yesterday", "note": "not a list"}
    path = write(tmp_path, "a.json", bundle(invalid, patient()))
    (plain,) = run("facts", path)
    (checked,) = run("facts", path, "--validate")
    added = checked["warnings"][len(plain["warnings"]) :]
    assert checked["facts"] == plain["facts"]
    assert any("Observation/under_score: R4B: note" in warning for warning in added)
    assert not any("yesterday" in warning for warning in added)


def test_evaluate_adds_findings_with_traces_and_the_release(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", bundle(patient(), condition(), L858R))
    (result,) = run("evaluate", path, "--today", "2026-11-24")
    assert result["knowledge"]["release"].startswith("sha256:")
    finding = next(finding for finding in result["findings"] if finding["id"] == "tagrisso-3")
    assert {
        "medicine": "Tagrisso",
        "inn": "osimertinib",
        "layer": "label",
        "outcome": "verify",
    }.items() <= finding.items()
    leaves = [leaf for leaf in _leaves(finding["trace"]) if leaf["criterion"] == "variant"]
    assert leaves[0]["verdict"] == "true"
    assert leaves[0]["facts"][0]["reference"] == "Observation/v1"
    assert any(finding["outcome"] == "unmet" for finding in result["findings"])


def _leaves(trace: dict[str, Any]) -> list[dict[str, Any]]:
    children = trace.get("children")
    return [leaf for child in children for leaf in _leaves(child)] if children else [trace]


def test_the_day_of_evaluation_decides_the_age(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", bundle(patient("2010-06-01"), condition(), L858R))
    outcomes = [
        next(f["outcome"] for f in run("evaluate", path, "--today", day)[0]["findings"] if f["id"] == "tagrisso-3")
        for day in ("2026-11-24", "2028-06-01")
    ]
    assert outcomes == ["unmet", "verify"]


def test_serve_refuses_to_start_without_a_client() -> None:
    result = invoke("serve")
    assert result.exit_code == 1
    assert "no CDS client is configured" in result.stderr


def test_serve_answers_over_the_network(tmp_path: Path) -> None:
    """The real server, started as a user starts it."""
    with running(tmp_path) as service:
        answer = service.post(PATIENT_VIEW, request(patient(), condition(), L858R))
        assert answer.status_code == 200
        assert "Tagrisso" in answer.json()["cards"][0]["detail"]
        too_large = requests.post(f"{service.base}{PATIENT_VIEW}", data=b"[" + b"1," * 6_000_000, timeout=10)
        assert too_large.status_code in (413, 415)
    assert service.process.returncode == 0


def test_a_settings_file_is_used_by_every_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = tmp_path / "codes.yaml"
    codes.write_text("codes: [{system: s, code: X, name: ALK FISH, read: fusion_test, genes: [ALK]}]")
    config = tmp_path / "oncohooks.toml"
    config.write_text(f'site_codes = "{codes}"')
    monkeypatch.setenv("ONCOHOOKS_CONFIG", str(config))
    local = {"resourceType": "Observation", "id": "o", "status": "final", "valueString": "positive"}
    (result,) = run("facts", write(tmp_path, "a.json", local | {"code": {"coding": [{"system": "s", "code": "X"}]}}))
    assert [fact["genes"] for fact in result["facts"]] == [["ALK"]]
    config.write_text("site_code = 'typo'")
    result_of_typo = invoke("facts", str(codes))
    assert result_of_typo.exit_code == 1
    assert "site_code" in result_of_typo.stderr
