"""The page that a card links to: every statement, with and without a patient."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from cds_service import Advisor, Settings, create_app
from cds_service.codec import dumps
from cds_service.pages.criteria_tree import Node, tree_of_criterion, tree_of_trace
from cds_service.pages.examples import examples
from cds_service.pages.timeline import Mark, timeline
from cds_service.replay import comparable
from cds_service.settings import explanation_url, service_address
from knowledge.criteria import leaves
from knowledge.facts import State
from tests import facts as made
from tests.cds_service.clients import settings_of
from tests.conftest import TODAY
from tests.fhir import bundle, condition, patient, protein, request, variant

BODY = request(patient(), condition(), variant("v1", "EGFR", protein("p.Leu858Arg")))


@pytest.fixture
def client(advisor: Advisor) -> FlaskClient:
    return create_app(Settings(demo=True), advisor=advisor, today=lambda: TODAY).test_client()


def _text(html: str) -> str:
    """What a reader sees."""
    return (
        " ".join(unescape(re.sub(r"<[^>]+>", " ", html.partition("<main")[2])).split())
        .replace("( ", "(")
        .replace(" )", ")")
    )


# --- from card to page ------------------------------------------------------------------------------------------------


def test_the_link_of_every_card_leads_to_its_statements(client: FlaskClient):
    links = 0
    for example in examples().values():
        answer = client.post("/cds-services/oncology-patient-view", json=example.document)
        for card in answer.get_json()["cards"]:
            for link in card.get("links", []):
                if link["label"].startswith("Why"):
                    links += 1
                    assert len(link["url"]) < 2000
                    path = link["url"].removeprefix("http://127.0.0.1:8080")
                    html = client.get(path).text
                    assert all(f'id="{name}"' in html for name in path.rpartition("/")[2].split(","))
    assert links > len(examples())


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        (Settings(demo=True), "http://127.0.0.1:8080"),
        (Settings(demo=True, host="::1", port=9000), "http://[::1]:9000"),
        (Settings(demo=True, port=0), None),
        (Settings(), None),
        (Settings(public_url="https://oncohooks.example/"), "https://oncohooks.example"),
        (Settings(demo=True, public_url="https://oncohooks.example/cds"), "https://oncohooks.example/cds"),
    ],
)
def test_cards_link_to_where_browsers_reach_the_service(settings: Settings, address: str | None):
    assert service_address(settings) == address
    assert explanation_url(settings) == (f"{address}/statements" if address else None)


def test_without_an_address_cards_have_no_such_link(advisor: Advisor):
    client = create_app(Settings(demo=True, port=0), advisor=advisor, today=lambda: TODAY).test_client()
    cards = client.post("/cds-services/oncology-patient-view", json=BODY).get_json()["cards"]
    assert cards
    assert not [link for card in cards for link in card.get("links", []) if "/statements/" in link["url"]]


def test_replayed_cards_are_compared_without_the_link_to_the_service_that_gave_them():
    label = {"label": "EU label", "url": "https://www.ema.europa.eu/x"}
    own = {"label": "Why", "url": "http://127.0.0.1:8080/statements/a-1"}
    assert comparable({"summary": "s", "links": [label, own]}) == {"summary": "s", "links": [label]}
    assert comparable({"summary": "s", "links": [own]}) == {"summary": "s"}


# --- a statement ------------------------------------------------------------------------------------------------------


def test_every_statement_of_the_release_has_its_page(client: FlaskClient, advisor: Advisor):
    knowledge = advisor.knowledge
    names = [statement.id for _, statement in knowledge.statements] + [item.id for item in knowledge.evidence]
    for start in range(0, len(names), 150):
        part = names[start : start + 150]
        response = client.get(f"/statements/{','.join(part)}")
        assert response.status_code == 200
        assert re.findall(r'<article class="explained[^"]*" id="([^"]+)"', response.text) == part
        assert response.text.count("not signed off by a clinician") == len(part)


def test_a_label_statement_is_shown_with_all_that_stands_behind_it(client: FlaskClient, advisor: Advisor):
    medicine, statement = next(
        (medicine, statement)
        for medicine, statement in advisor.knowledge.statements
        if medicine.conditional and statement.tests and medicine.tests_for(statement)
    )
    text = _text(client.get(f"/statements/{statement.id}").text)
    assert f"Knowledge release {advisor.knowledge.release}" in text
    assert f"{medicine.brand} ({medicine.inn})" in text
    for anchor in statement.anchors:
        assert f"“{anchor.text}” Section {anchor.section}" in text
    assert f"EU label of {medicine.label.date}" in text
    assert "conditional authorisation" in text
    assert medicine.tests_for(statement)[0].title in text
    assert statement.tests[0].analyte in text
    words = {node.text for node in _leaves(tree_of_criterion(statement.criterion, advisor.knowledge.reference.tumours))}
    assert all(" ".join(word.split()) in text for word in words)


def test_a_stale_statement_says_so(client: FlaskClient, advisor: Advisor):
    stale = [medicine for medicine in advisor.knowledge.medicines if medicine.newer_label and medicine.statements]
    fresh = [medicine for medicine in advisor.knowledge.medicines if not medicine.newer_label and medicine.statements]
    assert fresh
    assert "Stale." not in _text(client.get(f"/statements/{fresh[0].statements[0].id}").text)
    for medicine in stale:
        text = _text(client.get(f"/statements/{medicine.statements[0].id}").text)
        assert medicine.newer_label is not None
        assert f"The label has a newer text ({medicine.newer_label.date})" in text


def test_evidence_never_reads_as_a_label(client: FlaskClient, advisor: Advisor):
    evidence = next(item for item in advisor.knowledge.evidence if not item.tier)
    assertion = next(item for item in advisor.knowledge.evidence if item.tier)
    html = client.get(f"/statements/{evidence.id},{assertion.id}").text
    text = _text(html)
    assert text.count("Evidence beyond the EU label: no indication, no recommendation") == 2
    assert "Indication of the EU label" not in text
    assert f'href="https://civicdb.org/links/evidence/{evidence.items[0].number}"' in html
    assert f'href="https://civicdb.org/links/assertions/{assertion.id.removeprefix("civic-AID")}"' in html


def test_an_unknown_statement_is_said_beside_the_others(client: FlaskClient, advisor: Advisor):
    known = advisor.knowledge.statements[0][1].id
    both = client.get(f"/statements/{known},no-such-1")
    assert both.status_code == 200
    assert "There is no statement no-such-1 in this release." in _text(both.text)
    none = client.get("/statements/%3Cscript%3E,b")
    assert none.status_code == 404
    assert "<script>" not in none.text


# --- for a patient ----------------------------------------------------------------------------------------------------


def test_a_posted_record_adds_verdicts_and_results_over_time(client: FlaskClient, advisor: Advisor):
    record = advisor.record(examples()["lung-egfr"].document)
    findings = {finding.statement.id: finding for finding in advisor.findings(record, TODAY)}
    met = next(name for name, finding in findings.items() if finding.outcome == "met")
    other = next(item.id for _, item in advisor.knowledge.statements if item.id not in findings)
    response = client.post(f"/statements/{met},{other}", data={"example": "lung-egfr"})
    text = _text(response.text)
    assert "met for this patient" in text
    assert "was not judged" in text
    assert "EGFR T790M (Observation/egfr-t790m, 2026-10-05)" in text
    assert "2026-10-05: EGFR T790M" in text
    assert response.text.count('class="verdict is-true"') >= 3
    assert 'class="verdict' not in client.get(f"/statements/{met}").text


def test_what_is_open_and_what_is_not_met_is_said_in_words(client: FlaskClient, advisor: Advisor):
    text = _text(client.post("/statements/tagrisso-1,tagrisso-3,tagrisso-4", data={"example": "lung-egfr"}).text)
    assert "not met for this patient Why not: not met: stage IB, II or IIIA." in text
    assert "to verify for this patient Open: first line of therapy." in text
    assert "met for this patient What it asks, and what the record says" in text


def test_a_posted_record_that_cannot_be_read_is_refused(client: FlaskClient, advisor: Advisor):
    name = advisor.knowledge.statements[0][1].id
    response = client.post(f"/statements/{name}", data={"document": "{oops"})
    assert response.status_code == 400
    assert "The record cannot be read" in response.text
    assert f'id="{name}"' in response.text


def test_drafts_of_a_posted_order_are_judged_too(client: FlaskClient, advisor: Advisor):
    name = next(statement.id for medicine, statement in advisor.knowledge.statements if medicine.inn == "blinatumomab")
    form = {"document": dumps(bundle(patient(), condition())).decode(), "hook": "order-sign"}
    assert "was not judged" in client.post(f"/statements/{name}", data=form).text
    assert "was not judged" not in client.post(f"/statements/{name}", data=form | {"draft": "blinatumomab"}).text


def test_outside_demo_mode_statements_are_read_and_no_record_is_taken(advisor: Advisor):
    client = create_app(settings_of(), advisor=advisor).test_client()
    name = advisor.knowledge.statements[0][1].id
    page = client.get(f"/statements/{name}")
    assert page.status_code == 200
    assert 'href="/"' not in page.text
    assert client.post(f"/statements/{name}", data={"example": "lung-egfr"}).status_code == 405


# --- trees and timelines ----------------------------------------------------------------------------------------------


def _leaves(node: Node) -> list[Node]:
    return [node] if not node.children else [leaf for child in node.children for leaf in _leaves(child)]


def test_trees_hold_every_leaf_in_order_and_no_group_of_the_same_kind_in_another(advisor: Advisor):
    tumours = advisor.knowledge.reference.tumours
    record = advisor.record(examples()["lung-egfr"].document)
    judged = {finding.statement.id: finding for finding in advisor.findings(record, TODAY)}
    for _, statement in advisor.knowledge.statements:
        tree = tree_of_criterion(statement.criterion, tumours)
        assert len(_leaves(tree)) == len(leaves(statement.criterion))
        _assert_flat(tree)
        if finding := judged.get(statement.id):
            trace = tree_of_trace(finding.trace, tumours)
            assert [leaf.text for leaf in _leaves(trace)] == [leaf.text for leaf in _leaves(tree)]
            assert [leaf.verdict for leaf in _leaves(trace)] == [leaf.verdict.value for leaf in finding.trace.leaves()]


def _assert_flat(node: Node) -> None:
    for child in node.children:
        assert not (child.children and child.text == node.text and node.text != "Not this")
        _assert_flat(child)


def test_a_timeline_places_results_by_date_and_says_what_has_none():
    facts = [
        made.variant("EGFR", date="2024-01-01"),
        made.negative("EGFR", date="2026-01-01"),
        made.variant("KRAS", date="2025", state=State.INDETERMINATE),
        made.fusion("ALK"),
    ]
    line = timeline(facts)
    assert line is not None
    assert [row.name for row in line.rows] == ["EGFR", "KRAS"]
    (first, last), (partial,) = (row.marks for row in line.rows)
    assert (first.shape, last.shape, partial.shape) == ("present", "absent", "other")
    assert first.x < partial.x < last.x
    assert partial.x + partial.width == pytest.approx(last.x, abs=1)
    assert [tick.label for tick in line.ticks] == ["2024-01-01", "2026-01-01"]
    assert len(line.undated) == 1
    one = timeline(facts[:1])
    assert one is not None
    assert [type(mark) for row in one.rows for mark in row.marks] == [Mark]
    assert timeline([]) is None
