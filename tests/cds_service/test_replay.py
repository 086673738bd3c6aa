"""`oncohooks replay`: cards from files, what is compared, how a running service is asked, and exit statuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import requests
import responses

from cds_service.hooks import SERVICES
from tests.cds_service.commands import invoke, run, write
from tests.cds_service.installation import Installation, installed
from tests.fhir import bundle, condition, patient, protein, request, variant
from tests.scenarios import draft

L858R = variant("v1", "EGFR", protein("p.Leu858Arg"))
BODY = request(patient(), condition(), L858R)
DAY = ("--today", "2026-11-24")
URL = "https://cds.example/oncohooks"
ADDRESS = f"{URL}/cds-services/oncology-patient-view"
CARD = {"uuid": "x", "summary": "s", "indicator": "info", "source": {"label": "l"}}


def test_golden_files_are_saved_and_compared(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", bundle(patient(), condition(), L858R))
    golden, report = tmp_path / "golden", tmp_path / "report.xml"
    (saved,) = run("replay", path, *DAY, "--save", str(golden))
    assert saved["cards"][0]["summary"].startswith("EGFR L858R")
    run("replay", path, *DAY, "--check", str(golden))
    changed = write(tmp_path, "a.json", bundle(patient(), condition(), variant("v1", "EGFR", protein("p.Leu861Gln"))))
    result = invoke("replay", changed, "--check", str(golden), "--junit", str(report))
    assert result.exit_code == 1
    difference = json.loads(result.stdout)["difference"]
    assert '-    "summary": "EGFR L858R' in difference
    assert difference in result.stderr, "a person reads it without the escapes of JSON"
    suite = ElementTree.parse(report).getroot()
    assert (suite.attrib["failures"], suite.attrib["errors"]) == ("1", "0")
    assert "EGFR L858R" in str(suite.findtext("testcase/failure"))


def test_a_difference_in_a_long_text_is_one_line(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", BODY)
    golden = tmp_path / "golden"
    run("replay", path, *DAY, "--save", str(golden))
    (file,) = golden.iterdir()
    file.write_text(file.read_text().replace("Tagrisso", "Tagrissimo", 1))
    (result,) = run("replay", path, *DAY, "--check", str(golden), status=1)
    changed = [
        line for line in result["difference"].splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    assert len(changed) == 2
    assert all(len(line) < 300 for line in changed)


@pytest.mark.parametrize("content", [None, "{broken"])
def test_a_golden_file_that_is_missing_or_broken_is_a_difference(tmp_path: Path, content: str | None) -> None:
    path, golden = write(tmp_path, "a.json", BODY), tmp_path / "golden"
    golden.mkdir()
    if content is not None:
        (golden / "a.json.cards.json").write_text(content)
    (result,) = run("replay", path, *DAY, "--check", str(golden), status=1)
    assert "a.json.cards.json" in result["difference"]


def test_what_a_request_lacks_is_said(tmp_path: Path) -> None:
    body = request(patient(), condition())
    del body["prefetch"]["observations"]
    report = tmp_path / "report.xml"
    (result,) = run("replay", write(tmp_path, "a.json", body), "--junit", str(report), status=1)
    assert result["error"].startswith("412")
    suite = ElementTree.parse(report).getroot()
    assert (suite.attrib["failures"], suite.attrib["errors"]) == ("0", "1")


def test_golden_files_of_equal_names_do_not_collide(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        write(tmp_path / folder, "patient.json", bundle(patient(), condition(), L858R))
    run("replay", str(tmp_path), "--save", str(tmp_path / "golden"))
    assert len(list((tmp_path / "golden").iterdir())) == 2
    result = invoke("replay", str(tmp_path / "a"), str(tmp_path / "b"))
    assert result.exit_code == 1
    assert "two inputs are called patient.json" in result.stderr


# --- missing prefetch ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", [BODY, bundle(patient(), condition(), L858R)], ids=["request", "patient"])
def test_a_key_is_left_out_of_requests_and_of_patients(tmp_path: Path, document: Any) -> None:
    path = write(tmp_path, "a.json", document)
    (result,) = run("replay", path, *DAY, "--drop", "observations", status=1)
    assert result["dropped"] == ["observations"]
    assert result["error"] == "412: Required data was not provided in prefetch: observations."
    (result,) = run("replay", path, *DAY, "--drop", "conditions", "--drop", "observations", status=1)
    assert "conditions, observations" in result["error"]


def test_without_a_key_that_is_not_required_the_cards_say_what_is_missing(tmp_path: Path) -> None:
    (result,) = run("replay", write(tmp_path, "a.json", BODY), *DAY, "--drop", "patient")
    assert "Not received, or not in full: patient" in result["cards"][0]["detail"]


def test_a_key_that_no_input_has_is_no_success(tmp_path: Path) -> None:
    result = invoke("replay", write(tmp_path, "a.json", BODY), *DAY, "--drop", "observation")
    assert result.exit_code == 1
    assert "no input has the prefetch key observation" in result.stderr


# --- a running service -----------------------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    """A service outside demo mode, with a client whose key is at hand."""
    with installed(tmp_path) as installation:
        yield installation


def test_a_service_that_wants_tokens_gets_a_new_one_for_each_call(here: Installation, tmp_path: Path) -> None:
    drafted = BODY["context"] | {"draftOrders": bundle(draft("m1", "osimertinib"))}
    for number, service in enumerate(SERVICES.values()):
        selected = {"selections": ["MedicationRequest/m1"]} if service.hook == "order-select" else {}
        context = drafted | selected if service.about_orders else BODY["context"]
        write(tmp_path, f"{number}.json", BODY | {"hook": service.hook, "context": context})
    files = [str(tmp_path / f"{number}.json") for number in range(len(SERVICES))]
    results = run("replay", *files, "--url", here.base, *here.signing)
    assert all("cards" in result for result in results)
    assert results[0]["cards"] == run("replay", files[0])[0]["cards"], "as without a service"
    refused = run("replay", *files, "--url", here.base, status=1)
    assert [result["error"] for result in refused] == ["401: Authentication is required."] * len(files)


def test_a_patient_alone_is_wrapped_for_a_service_too(here: Installation, tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", bundle(patient(), condition(), L858R))
    (result,) = run("replay", path, "--url", here.base, *here.signing)
    assert result["cards"][0]["summary"].startswith("EGFR L858R")


@responses.activate
def test_answers_of_every_kind_become_results(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", BODY)
    responses.post(ADDRESS, json={"cards": [CARD]})
    (result,) = run("replay", path, "--url", f"{URL}/")
    assert result["cards"] == [{"summary": "s", "indicator": "info", "source": {"label": "l"}}]
    issue = {"severity": "error", "code": "transient", "diagnostics": "Too many requests are waiting."}
    for answer, said in (
        ({"status": 503, "json": {"resourceType": "OperationOutcome", "issue": [issue]}}, "503: Too many requests"),
        ({"status": 500, "json": {"issue": [{"diagnostics": "\x1b[31mred\u202e"}]}}, "500:  [31mred "),
        ({"status": 500, "json": {"issue": "x"}}, "500: the service gave no reason"),
        ({"status": 502, "body": "<html>"}, "502: the service gave no reason"),
        ({"status": 302, "headers": {"Location": "https://elsewhere.example"}}, "302: the service gave no reason"),
        ({"body": "<html>"}, "something else than cards"),
        ({"json": {"cards": None}}, "something else than cards"),
        ({"json": [1]}, "something else than cards"),
        ({"body": requests.ConnectionError()}, "did not answer"),
    ):
        responses.replace("POST", ADDRESS, **answer)
        (result,) = run("replay", path, "--url", URL, status=1)
        assert said in result["error"]


def test_a_file_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    path, taken = write(tmp_path, "a.json", BODY), write(tmp_path, "taken", {})
    for options in (["--save", f"{taken}/golden"], ["--junit", str(tmp_path / "none" / "report.xml")]):
        result = invoke("replay", path, *options)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: ")


# --- exit statuses ---------------------------------------------------------------------------------------------------


def test_no_input_is_no_success(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert run("replay", str(tmp_path / "empty"), status=1) == []


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["a.json", "--url", URL, "--today", "2026-11-24"],
        ["a.json", "--key", "key.json"],
        ["a.json", "--key", "key.json", "--issuer", "https://ehr.example"],
        ["a.json", "--issuer", "https://ehr.example", "--url", URL],
        ["a.json", "--ca-bundle", "key.json", "--url", URL],
        ["a.json", "--record", "x", "--url", URL],
        ["a.json", "--record", "x", "--drop", "conditions"],
    ],
    ids=" ".join,
)
def test_options_that_do_not_go_together_are_wrong_usage(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    invoke("clients", "new-key", "key.json")
    assert invoke("replay", *options).exit_code == 2
