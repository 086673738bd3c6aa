"""Programs that nobody here wrote: two clients that call the service, and a FHIR server that it fetches from."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

from cds_service.hooks import PATIENT_VIEW, SERVICES
from cds_service.replay import comparable
from tests.conformance import check_answer, check_cards
from tests.fhir_server import TOKEN
from tests.foreign.environments import HERE, healthchain_python, node_command
from tests.foreign.records import Json, as_asked_for, example_requests
from tests.running import RunningService

pytestmark = pytest.mark.network


# --- clients --------------------------------------------------------------------------------------------------------


def test_medplum_finds_the_services_fills_their_prefetch_and_gets_the_cards(
    service: RunningService, fhir_server: str
) -> None:
    examples = example_requests()
    command, environment = node_command("medplum_client.cjs")
    said = _run(
        command,
        environment,
        {
            "fhir": fhir_server,
            "services": f"{service.base}/cds-services",
            "token": TOKEN,
            "calls": [{"service": asked.id, "context": request["context"]} for asked, request in examples],
        },
    )
    for exchange in said["exchanges"]:
        assert exchange["status"] == 200, exchange
        answer = exchange["status"], exchange["type"], exchange["body"].encode()
        check_answer(exchange["method"], exchange["path"], *answer)
    assert {found["id"] for found in said["discovery"]["services"]} == set(SERVICES)
    assert len(said["calls"]) == len(examples)
    for (asked, request), call in zip(examples, said["calls"], strict=True):
        assert list(call["request"]["prefetch"]) == [need.key for need in asked.needs]
        assert _cards(call["response"]) == _asked(service, asked.id, as_asked_for(request))


def test_the_healthchain_sandbox_gets_the_cards(service: RunningService, tmp_path: Path) -> None:
    """An opened chart only: of the context it sends what every hook has, so the hooks of orders come without drafts."""
    records = [request for asked, request in example_requests() if asked == PATIENT_VIEW]
    calls = []
    for number, request in enumerate(records):
        file = tmp_path / f"{number}.json"
        file.write_text(json.dumps(request["prefetch"]), encoding="utf-8")
        calls.append({"patient": request["context"]["patientId"], "file": str(file)})
    given = {"url": f"{service.base}{_path(PATIENT_VIEW.id)}", "hook": PATIENT_VIEW.hook, "calls": calls}
    answers = _run([healthchain_python(), str(HERE / "healthchain_client.py")], {}, given)
    assert len(answers) == len(records)
    for request, answer in zip(records, answers, strict=True):
        assert answer["cards"], "every example patient has advice"
        check_cards(answer["cards"])
        assert _cards(answer) == _asked(service, PATIENT_VIEW.id, request)


# --- a FHIR server ---------------------------------------------------------------------------------------------------


def test_the_server_holds_the_patients_and_lets_nobody_else_in(fhir_server: str) -> None:
    answer = requests.get(f"{fhir_server}/Patient/colon-ras", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
    assert answer.json()["resourceType"] == "Patient"
    assert requests.get(f"{fhir_server}/Patient/colon-ras", timeout=30).status_code == 401


@pytest.mark.parametrize("lacking", ["everything", "patient", "observations", "medicationStatements"])
def test_what_prefetch_lacks_is_fetched_and_the_cards_are_the_same(
    service: RunningService, fhir_server: str, lacking: str
) -> None:
    shown = 0
    for asked, whole in example_requests():
        request = as_asked_for(whole)
        expected = _asked(service, asked.id, request)
        prefetch = {} if lacking == "everything" else {k: v for k, v in request["prefetch"].items() if k != lacking}
        assert _asked(service, asked.id, request | {"prefetch": prefetch} | _access(fhir_server)) == expected
        shown += len(expected)
    assert shown > len(SERVICES)


def test_without_access_the_server_gives_nothing_and_the_service_says_so(
    service: RunningService, fhir_server: str
) -> None:
    asked, whole = example_requests()[0]
    access = _access(fhir_server)
    access["fhirAuthorization"]["access_token"] = "another"
    answer = service.post(_path(asked.id), whole | {"prefetch": {}} | access)
    assert answer.status_code == 412
    assert "observations (status 401)" in answer.json()["issue"][0]["diagnostics"]


def _run(command: list[str], environment: dict[str, str], given: Any) -> Any:
    """What a program answers on standard output."""
    result = subprocess.run(
        command,
        input=json.dumps(given),
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return json.loads(result.stdout)


def _access(base: str) -> Json:
    scope = "patient/*.rs"
    authorization = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 300, "scope": scope, "subject": "c"}
    return {"fhirServer": base, "fhirAuthorization": authorization}


def _path(service: str) -> str:
    return f"/cds-services/{service}"


def _asked(service: RunningService, name: str, body: Json) -> list[Json]:
    """The cards that the service gives."""
    answer = service.post(_path(name), body)
    assert answer.status_code == 200, answer.text
    return _cards(answer.json())


def _cards(answer: Json) -> list[Json]:
    return [comparable(card) for card in answer["cards"]]
