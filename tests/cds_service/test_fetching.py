"""What prefetch lacks is fetched: the advice is that of a full prefetch, and honest where it cannot be."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from cards.details import MISSING_DATA
from cds_service.prefetch import NEEDS, Need
from tests.fetching import (
    HOOKS,
    INCOMPLETE,
    RECORD,
    STATES,
    Service,
    access,
    cards,
    failed_halfway,
    full_request,
    null,
    paged,
    refused,
    without,
)
from tests.fhir import PATIENT, patient
from tests.fhir_server import TOKEN, Exchange, FakeFhirServer, Json, outcome, searchset
from tests.test_scenarios import SCENARIOS


@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.key)
def test_the_advice_is_that_of_a_full_prefetch(
    service: Service, server: FakeFhirServer, need: Need, state: Callable[[Json, str], None], hook: str
) -> None:
    client = service()
    body = full_request(hook, server)
    expected = cards(client, body)
    assert expected
    assert not server.seen, "nothing was missing"
    state(body, need.key)
    assert cards(client, body) == expected
    assert all(seen.headers["Authorization"] == f"Bearer {TOKEN}" for seen in server.seen)
    assert all(seen.headers["Accept"] == "application/fhir+json" for seen in server.seen)
    assert (need.key, state) == ("patient", paged) or server.asked_for(need.resource_type) or state is paged


@pytest.mark.parametrize("hook", HOOKS)
def test_no_prefetch_at_all_is_no_difference(service: Service, server: FakeFhirServer, hook: str) -> None:
    client = service()
    body = full_request(hook, server)
    expected = cards(client, body)
    del body["prefetch"]
    assert cards(client, body) == expected
    assert {seen.path.rpartition("/")[2] for seen in server.seen} >= {need.resource_type for need in NEEDS[1:]}


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_every_scenario_gets_its_advice(
    service: Service, server: FakeFhirServer, state: Callable[[Json, str], None]
) -> None:
    """With a gap in one key, another for each scenario in turn, and with gaps in all."""
    client = service()
    for number, scenario in enumerate(SCENARIOS):
        body = scenario.request() | access(server)
        body["prefetch"] = {need.key: searchset() for need in NEEDS} | body["prefetch"]
        expected = cards(client, body)
        somebody = any(resource["resourceType"] == "Patient" for resource in scenario.resources)
        server.resources = [*([] if somebody else [patient()]), *scenario.resources]
        for keys in ([NEEDS[number % len(NEEDS)].key], [need.key for need in NEEDS]):
            gaps = copy.deepcopy(body)
            for key in keys:
                state(gaps, key)
            assert cards(client, gaps) == expected, (scenario.name, keys)
    assert server.seen


@pytest.mark.parametrize("page_size", [1, 2])
def test_pages_of_what_is_fetched_are_followed(service: Service, server: FakeFhirServer, page_size: int) -> None:
    client = service()
    body = full_request("patient-view", server)
    expected = cards(client, body)
    server.page_size = page_size
    del body["prefetch"]
    assert cards(client, body) == expected
    assert len(server.asked_for("Observation")) > 1


def test_the_query_is_encoded(service: Service, server: FakeFhirServer) -> None:
    body = full_request("patient-view", server)
    without(body, "observations")
    cards(service(), body)
    [seen] = server.asked_for("Observation")
    assert seen.raw == (
        "/fhir/R4/Observation?patient=p1&category=laboratory,"
        "http://terminology.hl7.org/CodeSystem/v2-0074%7CGE&_sort=-date&_count=500"
    )


@pytest.mark.parametrize("patient_id", ["..", "../Observation", "p1?x=1", "p1&_count=1", "p 1", "x" * 300, "p1%2f.."])
def test_a_patient_id_that_is_none_is_sent_nowhere(service: Service, server: FakeFhirServer, patient_id: str) -> None:
    body = full_request("patient-view", server)
    del body["prefetch"]
    body["context"]["patientId"] = patient_id
    assert "conditions (the patientId is no FHIR id)" in refused(service(), body)
    assert not server.seen


@pytest.mark.parametrize("patient_id", ["p1", "Patient/p1", "https://ehr.example/fhir/Patient/p1"])
def test_a_patient_may_be_named_by_a_reference(service: Service, server: FakeFhirServer, patient_id: str) -> None:
    client = service()
    body = full_request("patient-view", server)
    expected = [card["summary"] for card in cards(client, body)]
    del body["prefetch"]
    body["context"]["patientId"] = patient_id
    assert [card["summary"] for card in cards(client, body)] == expected


# --- where the server does not have it either ------------------------------------------------------------------------


def forbidden(exchange: Exchange) -> None:
    exchange.send(403, outcome("forbidden"))


@pytest.mark.parametrize("state", STATES[:4], ids=lambda state: state.__name__)
@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.key)
def test_what_cannot_be_fetched_is_refused_or_named(
    service: Service, server: FakeFhirServer, need: Need, state: Callable[[Json, str], None]
) -> None:
    body = full_request("patient-view", server)
    state(body, need.key)
    server.faults[need.resource_type] = forbidden
    if need.required and state is not null:
        assert f"{need.key} (status 403 (forbidden))" in refused(service(), body)
        return
    shown = cards(service(), body)
    assert shown
    for card in shown:
        assert f"Not received, or not in full: {MISSING_DATA[need.resource_type]}." in card["detail"]
        assert not need.completes or INCOMPLETE in card["detail"]


@pytest.mark.parametrize("state", [failed_halfway, paged], ids=lambda state: state.__name__)
@pytest.mark.parametrize("need", [need for need in NEEDS if need.key != "patient"], ids=lambda need: need.key)
def test_what_came_in_part_is_used_and_called_incomplete(
    service: Service, server: FakeFhirServer, need: Need, state: Callable[[Json, str], None]
) -> None:
    body = full_request("patient-view", server)
    state(body, need.key)
    server.faults[need.resource_type] = forbidden
    for card in cards(service(), body):
        assert INCOMPLETE in card["detail"]
        assert f"Not received, or not in full: {MISSING_DATA[need.resource_type]}." in card["detail"]


def test_a_missing_page_of_results_never_says_not_tested(service: Service, server: FakeFhirServer) -> None:
    body = full_request("patient-view", server)
    paged(body, "observations")
    server.faults["Observation"] = forbidden
    [tests] = [card for card in cards(service(), body) if card["source"]["topic"]["code"].startswith("testsFirst")]
    assert "no result sent in an incomplete record" in tests["summary"]


def test_nothing_on_the_server_is_an_answer(service: Service, server: FakeFhirServer) -> None:
    body = full_request("patient-view", server)
    null(body, "observations")
    server.resources = [resource for resource in server.resources if resource["resourceType"] != "Observation"]
    [tests] = [card for card in cards(service(), body) if card["source"]["topic"]["code"].startswith("testsFirst")]
    assert "NSCLC: test first, no result for" in tests["summary"]
    assert INCOMPLETE not in tests["detail"]


def test_an_empty_answer_in_epics_form_is_an_answer(service: Service, server: FakeFhirServer) -> None:
    nothing = {"resource": outcome("processing", "warning"), "search": {"mode": "outcome"}}
    server.faults["Observation"] = lambda exchange: exchange.send(200, searchset() | {"entry": [nothing]})
    body = full_request("patient-view", server)
    without(body, "observations")
    [tests] = [card for card in cards(service(), body) if card["source"]["topic"]["code"].startswith("testsFirst")]
    assert "NSCLC: test first, no result for" in tests["summary"]
    assert INCOMPLETE not in tests["detail"]


def test_absolute_references_are_followed_by_the_reader(service: Service, server: FakeFhirServer) -> None:
    client = service()
    body = full_request("patient-view", server)
    expected = cards(client, body)
    for resource in server.resources:
        if "subject" in resource:
            resource["subject"] = {"reference": f"{server.base}/{PATIENT}"}
    del body["prefetch"]
    assert cards(client, body) == expected


def test_renamed_keys_are_not_fetched_again(service: Service, server: FakeFhirServer) -> None:
    client = service()
    body = full_request("patient-view", server)
    expected = cards(client, body)
    prefetch = body["prefetch"]
    prefetch["problemList"], prefetch["labs"] = prefetch.pop("conditions"), prefetch.pop("observations")
    assert cards(client, body) == expected
    assert not server.seen
    prefetch["labs"] = outcome("exception")
    assert cards(client, body) == expected, "an error under another key is made good too"
    assert [seen.path for seen in server.seen] == ["/fhir/R4/Observation"]


# --- lists that a server cut off without saying so -------------------------------------------------------------------


def cut_off(number: int) -> Callable[[Exchange], None]:
    """A server that gives the first results, counts them all, and names no further page."""

    def handle(exchange: Exchange) -> None:
        found = [resource for resource in RECORD if resource["resourceType"] == "Observation"]
        exchange.send(200, searchset(*found[:number]) | {"total": len(found)})

    return handle


def test_fewer_results_than_counted_are_not_all(service: Service, server: FakeFhirServer) -> None:
    client = service()
    body = full_request("patient-view", server)
    expected = cards(client, body)
    whole = body["prefetch"]["observations"]
    body["prefetch"]["observations"] = whole | {"entry": whole["entry"][:1]}
    assert cards(client, body) == expected, "the server has the rest"
    server.faults["Observation"] = cut_off(1)
    shown = cards(client, body)
    del body["prefetch"]["observations"]
    for answered in (shown, cards(client, body)):
        for card in answered:
            assert INCOMPLETE in card["detail"]
            assert "Not received, or not in full: results." in card["detail"]


def test_what_a_search_included_is_not_counted(service: Service, server: FakeFhirServer) -> None:
    body = full_request("patient-view", server)
    medications = body["prefetch"]["medicationRequests"]
    medications["entry"][-1]["search"] = {"mode": "include"}
    assert medications["total"] == len(medications["entry"]) - 1
    cards(service(), body)
    assert not server.seen


def test_what_is_missing_is_named_in_the_readers_language(service: Service, server: FakeFhirServer) -> None:
    body = full_request("patient-view", server)
    without(body, "reports")
    server.faults["DiagnosticReport"] = forbidden
    client = service(cards={"language": "de"})
    assert all("Nicht oder nicht vollständig erhalten: Berichte." in card["detail"] for card in cards(client, body))
