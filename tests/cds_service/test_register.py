"""`oncohooks register`: what is printed is what the running service says and lets in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from click.testing import CliRunner, Result

from cards import load_override_reasons
from cds_service import load_settings
from cds_service.cli import main
from cds_service.registration import BASES, KINDS, known_ehrs
from tests.cds_service.installation import CLIENT, installed
from tests.fhir import condition, patient, protein, request, variant

BASE = "https://cds.hospital.example"
EPIC = """
[[client]]
name = "Epic test"
issuer = "client-id"
jwks_uri = "https://epic.hospital.example/keys"
audiences = ["typed by hand"]
algorithms = ["RS384"]
dialect = "epic"
fhir_servers = ["https://epic.hospital.example/api/FHIR/R4"]
"""


def _invoke(*arguments: str, status: int = 0) -> Result:
    result = CliRunner().invoke(main, ["register", *arguments])
    assert result.exit_code == status, result.output
    return result


def _sheet(*arguments: str) -> dict[str, Any]:
    sheet: dict[str, Any] = json.loads(_invoke(*arguments, "--json").stdout)
    return sheet


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A settings file with a client of Epic's dialect."""
    file = tmp_path / "oncohooks.toml"
    file.write_text(f'public_url = "{BASE}"\n{EPIC}')
    load_settings(file)
    return str(file)


def test_the_addresses_and_queries_are_those_of_the_running_service(tmp_path: Path) -> None:
    with installed(tmp_path) as here:
        sheet = _sheet("--client", "standard", "--config", str(here.config))
        services = requests.get(sheet["discovery_url"], timeout=10).json()["services"]
        listed = {service["id"]: service for service in services}
        assert {endpoint["service"]: endpoint["hook"] for endpoint in sheet["endpoints"]} == {
            identifier: service["hook"] for identifier, service in listed.items()
        }
        queries = {query["key"]: query["query"] for query in sheet["prefetch"]}
        assert all(service["prefetch"] == queries for service in listed.values())
        for endpoint in sheet["endpoints"]:
            for url in (endpoint["url"], endpoint["feedback_url"]):
                assert requests.post(url, json={}, timeout=10).status_code == 401, "it is there, and asks who calls"
        told = CliRunner().invoke(main, ["clients", "test", CLIENT, "--config", str(here.config)]).stdout
        assert sheet["endpoints"][0]["audience"] in told


def test_what_cards_hold_is_what_was_announced(config: str, client: Any) -> None:
    sheet = _sheet("--client", "standard", "--url", BASE)
    answer = client.post("/cds-services/oncology-patient-view", json=request(patient(), condition(), _L858R)).get_json()
    systems = {coding["system"] for card in answer["cards"] for coding in _codings(card)}
    assert systems
    assert systems <= set(sheet["code_systems"])
    assert {reason["system"] for reason in load_override_reasons()} <= set(sheet["code_systems"])
    hosts = {link["url"].split("/")[2] for card in answer["cards"] for link in card.get("links", ())}
    assert hosts - {"127.0.0.1:8080"} <= set(sheet["link_hosts"])


_L858R = variant("v1", "EGFR", protein("p.Leu858Arg"))


def _codings(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [coding for item in value for coding in _codings(item)]
    if not isinstance(value, dict):
        return []
    own = [value] if "system" in value and "code" in value else []
    return own + [coding for item in value.values() for coding in _codings(item)]


def test_epic_gets_its_code_systems_and_what_was_agreed(config: str) -> None:
    sheet = _sheet("--client", "epic", "--config", config)
    assert sheet["client"] == "Epic test"
    assert sheet["code_systems"]["urn:oid:2.16.840.1.113883.6.1"] == "drafted tests"
    assert "http://loinc.org" not in sheet["code_systems"]
    assert sheet["tokens"]["keys"] == "https://epic.hospital.example/keys"
    assert sheet["tokens"]["algorithms"] == ["RS384"]
    assert sheet["tokens"]["further_audiences"] == ["typed by hand"]
    assert sheet["problems"] == []


def test_what_is_to_be_copied_stands_on_lines_of_its_own(config: str) -> None:
    lines = _invoke("--client", "epic", "--config", config).stdout.splitlines()
    sheet = _sheet("--client", "epic", "--config", config)
    for query in sheet["prefetch"]:
        assert f"  {query['query']}" in lines
    for endpoint in sheet["endpoints"]:
        assert f"  service URL   {endpoint['url']}" in lines


def test_a_hook_that_an_ehr_is_not_known_to_call_is_marked(config: str) -> None:
    sheet = _sheet("--client", "oracle", "--config", config)
    assert [endpoint["hook"] for endpoint in sheet["endpoints"] if endpoint["called"]] == ["patient-view"]
    text = _invoke("--client", "oracle", "--config", config).stdout
    assert "not known to be called by this EHR" in text
    assert "[UNVERIFIED]" in text


@pytest.mark.parametrize(
    ("arguments", "settings", "problem"),
    [
        (["--client", "oracle"], EPIC, "is not registered here yet"),
        (["--client", "oracle", "--name", "Epic test"], EPIC, 'set dialect = "standard"'),
        (["--client", "epic"], EPIC.replace("fhir_servers", "# "), "has no fhir_servers"),
        (["--client", "epic", "--url", "https://other.example"], EPIC, "are refused unless they are the same"),
        (["--client", "epic", "--url", "http://cds.example"], EPIC, "put a proxy that ends TLS before"),
    ],
)
def test_what_is_still_to_do_is_said(tmp_path: Path, arguments: list[str], settings: str, problem: str) -> None:
    file = tmp_path / "oncohooks.toml"
    file.write_text(f'public_url = "{BASE}"\n{settings}')
    assert any(problem in said for said in _sheet(*arguments, "--config", str(file))["problems"])


def test_without_an_address_there_is_nothing_to_type() -> None:
    assert "public_url" in _invoke("--client", "epic", status=1).stderr
    assert "ftp" not in _invoke("--client", "epic", "--url", "ftp://cds.example", status=1).stdout


def test_a_name_that_is_not_configured_is_told_from_those_that_are(config: str) -> None:
    assert "Epic test" in _invoke("--client", "epic", "--name", "typo", "--config", config, status=1).stderr


def test_every_note_has_a_basis_and_every_ehr_a_source() -> None:
    assert set(known_ehrs()) == set(KINDS)
    for ehr in known_ehrs().values():
        assert ehr.source.startswith("https://")
        assert ehr.notes
        assert {note.basis for note in ehr.notes} <= set(BASES)
    for kind in ("epic", "oracle"):
        assert any(note.basis == "unverified" for note in known_ehrs()[kind].notes), "nobody has tried it with one"
