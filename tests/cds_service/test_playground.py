"""The playground: every way to give it a record, what it shows of it, and that it keeps nothing and trusts nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service import Advisor, Settings, create_app
from cds_service.codec import dumps
from cds_service.pages.examples import examples
from cds_service.pages.sending import Wish, prefetch_keys, request_for
from cds_service.pseudonyms import Pseudonyms, load_key
from cds_service.recording import Recorder
from cds_service.store import Store
from cds_service.validation import objections
from fhir_mappings import PatientRecord
from knowledge.facts import State
from tests.cds_service.clients import settings_of
from tests.conftest import TODAY
from tests.fhir import bundle, condition, patient, protein, request, variant

L858R = variant("v1", "EGFR", protein("p.Leu858Arg"))
BUNDLE = bundle(patient(), condition(), L858R)


@pytest.fixture
def recorder(advisor: Advisor, tmp_path: Path) -> Iterator[Recorder]:
    store = Store(f"sqlite:///{tmp_path / 'oncohooks.sqlite'}")
    store.upgrade()
    pseudonyms = Pseudonyms(load_key(tmp_path / "pseudonym.key"))
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    recorder = Recorder(store, pseudonyms, advisor.knowledge.release, timedelta(days=30), lambda: now)
    yield recorder
    recorder.close()


@pytest.fixture
def client(advisor: Advisor, recorder: Recorder) -> FlaskClient:
    settings = Settings(demo=True, max_body_bytes=200_000)
    return create_app(settings, advisor=advisor, today=lambda: TODAY, recorder=recorder).test_client()


class Page(HTMLParser):
    """The elements of a page: tag, attributes, and the text inside."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.ids: dict[str, str] = {}
        self._open: list[tuple[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        identifier = attributes.get("id")
        if identifier:
            assert identifier not in self.ids, f"two elements are called {identifier}"
            self.ids[identifier] = ""
        if tag not in ("meta", "link", "input", "br", "circle", "rect", "line", "path"):
            self._open.append((tag, identifier))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for _, identifier in self._open:
            if identifier:
                self.ids[identifier] += data

    def hrefs(self) -> list[str]:
        return [attributes["href"] for _, attributes in self.elements if "href" in attributes]


def _shown(client: FlaskClient, *, status: int = 200, **form: Any) -> str:
    response = client.post("/", data=form, content_type="multipart/form-data")
    assert response.status_code == status
    return response.text


def _summaries(html: str) -> list[str]:
    return [unescape(text) for text in re.findall(r'<h3 id="card-\d+">(.*?)</h3>', html)]


def _cards(client: FlaskClient, body: Any, service: str = "oncology-patient-view") -> list[str]:
    response = client.post(f"/cds-services/{service}", json=body)
    assert response.status_code == 200
    return [card["summary"] for card in response.get_json()["cards"]]


# --- example patients --------------------------------------------------------------------------------------------


def test_the_examples_are_whole_requests_of_r4_resources(advisor: Advisor):
    assert len(examples()) >= 13
    for example in examples().values():
        assert list(objections(example.document)) == [], example.id
        record = advisor.record(example.document)
        assert record.facts, example.id
        assert bool(record.unread) is (example.id == "hostile"), example.id
        assert not record.warnings, example.id


WHAT_EXAMPLES_HOLD = {
    "lung-egfr": {"EGFR", "ALK", "PD-L1"},
    "lung-pd-l1": {"PD-L1", "KRAS"},
    "breast-her2-low": {"ER", "PR", "HER2", "PIK3CA", "ESR1"},
    "colon-ras": {"KRAS", "NRAS", "BRAF", "MSI"},
    "melanoma-braf": {"BRAF"},
    "ovary-brca": {"BRCA1", "HRD"},
    "prostate-brca": {"BRCA2"},
    "stomach-her2": {"HER2", "CLDN18.2", "PD-L1"},
    "bile-duct-fgfr2": {"FGFR2", "IDH1"},
    "thyroid-ret": {"RET"},
    "cml-bcr-abl1": {"ABL1"},
    "aml-flt3": {"FLT3", "NPM1"},
}


@pytest.mark.parametrize("name", WHAT_EXAMPLES_HOLD)
def test_an_example_holds_what_its_title_says_and_gives_cards(client: FlaskClient, advisor: Advisor, name: str):
    record = advisor.record(examples()[name].document)
    assert WHAT_EXAMPLES_HOLD[name] <= _names(record)
    html = client.get(f"/?example={name}").text
    assert _summaries(html)
    assert _summaries(html) == _cards(client, examples()[name].document)


def test_the_patient_without_a_finding_has_only_negatives(client: FlaskClient, advisor: Advisor):
    record = advisor.record(examples()["lung-wild-type"].document)
    states = {fact.state for fact in record.facts if fact.genes and fact.marker is None}
    assert states == {State.ABSENT}


def _names(record: PatientRecord) -> set[str]:
    return {name for fact in record.facts for name in (*fact.genes, fact.marker) if name}


# --- records that somebody gives -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        dumps(BUNDLE).decode(),
        dumps(request(patient(), condition(), L858R)).decode(),
        "\n".join(dumps(resource).decode() for resource in (patient(), condition(), L858R)),
        "\ufeff" + json.dumps(BUNDLE, indent=2),
    ],
    ids=["Bundle", "request", "NDJSON", "byte order mark"],
)
def test_every_form_of_a_record_gives_its_cards(client: FlaskClient, text: str):
    pasted = _summaries(_shown(client, document=text.removeprefix("\ufeff")))
    dropped = _summaries(_shown(client, file=(BytesIO(text.encode()), "record.json")))
    assert pasted
    assert pasted[0].startswith("EGFR L858R: EU-label options")
    assert pasted == dropped


def test_one_resource_is_a_record_and_says_what_is_missing(client: FlaskClient):
    html = _shown(client, document=dumps(L858R).decode())
    assert "EGFR L858R" in html
    assert _summaries(html) == ["Tumour type unclear, EU labels not judged for EGFR L858R"]


def test_of_several_patients_the_chosen_one_is_shown(client: FlaskClient):
    other = bundle(patient(), condition("C43.5", "http://hl7.org/fhir/sid/icd-10"), L858R)
    text = "\n".join(dumps(document).decode() for document in (BUNDLE, other))
    first, second, beyond = (_shown(client, document=text, number=str(number)) for number in (1, 2, 9))
    assert "tumour type NSCLC" in first
    assert "tumour type MEL" in second
    assert "tumour type MEL" in beyond
    assert "Your record, 2 of 2" in second


def test_what_cannot_be_read_is_said_and_not_lost(client: FlaskClient):
    html = _shown(client, status=400, document='{"resourceType": "Bundle",\n oops')
    assert "The record cannot be read: not JSON: line 2" in html
    assert "oops</textarea>" in html
    assert "The file is no text in UTF-8." in _shown(client, status=400, file=(BytesIO(b"\xff\xfe{}"), "r.json"))
    assert "Nothing was pasted or chosen." in _shown(client, status=400, document="  ")
    assert client.get("/?example=nobody").status_code == 400
    too_large = client.post("/", data={"document": "x" * 300_000}, content_type="multipart/form-data")
    assert too_large.status_code == 413
    assert "larger than the service accepts" in too_large.text
    line = _shown(client, status=400, document=dumps(BUNDLE).decode() + "\n{oops", number="2")
    assert "this line is not JSON" in line


@pytest.mark.parametrize("document", ["5", "null", "[]", '"text"', '{"hook": []}', '{"prefetch": 1}', "[[[]]]"])
def test_any_json_is_answered(client: FlaskClient, document: str):
    assert 'id="cards"' in _shown(client, document=document)


def test_a_request_is_refused_as_an_ehr_would_see_it(client: FlaskClient):
    body = request(patient(), condition(), L858R)
    del body["prefetch"]["observations"]
    assert "412: no cards." in _shown(client, document=dumps(body).decode())
    assert "Invalid CDS Hooks request" in _shown(client, document=dumps(body | {"hookInstance": 5}).decode())
    unknown = dumps(request(patient(), condition(), L858R) | {"hook": "encounter-start"}).decode()
    html = _shown(client, document=unknown)
    assert "There is no service for this hook." in html
    assert "EGFR L858R" in html  # what was read is shown all the same


# --- how it is sent --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
def test_drafts_are_added_by_name(client: FlaskClient, hook: str):
    html = client.get(f"/?example=colon-ras&hook={hook}&draft=panitumumab&draft=capecitabine").text
    found = _summaries(html)
    assert any(summary.startswith("panitumumab: not supported") for summary in found)
    assert any(summary.startswith("capecitabine: test first") for summary in found)


def test_an_order_hook_without_a_draft_takes_the_first_suggestion(client: FlaskClient):
    assert _summaries(client.get("/?example=lung-egfr&hook=order-sign").text) == []
    html = client.get("/?example=lung-egfr&hook=order-sign&draft=gefitinib").text
    assert _summaries(html) == ["gefitinib: recorded resistance, EGFR T790M"]


def test_drafts_and_selections_of_a_request_are_kept_beside_new_ones():
    own = {"resourceType": "MedicationRequest", "id": "own", "status": "draft", "intent": "order"}
    body = request(patient()) | {"hook": "order-select"}
    body["context"] |= {"draftOrders": bundle(own), "selections": ["MedicationRequest/own"]}
    sent = request_for(body, Wish(drafts=("osimertinib",)))
    entries = [entry["resource"]["id"] for entry in sent["context"]["draftOrders"]["entry"]]
    assert entries == ["own", "playground-1"]
    assert sent["context"]["selections"] == ["MedicationRequest/own", "MedicationRequest/playground-1"]
    opened = request_for(body, Wish(hook="patient-view"))
    assert not {"draftOrders", "selections"} & set(opened["context"])
    assert body["context"]["selections"] == ["MedicationRequest/own"]  # what was given is as it was


def test_nothing_is_sent_that_would_be_fetched():
    body = request(patient()) | {"fhirServer": "https://ehr.example", "fhirAuthorization": {"access_token": "secret"}}
    assert not {"fhirServer", "fhirAuthorization"} & set(request_for(body, Wish()))


def test_a_bundle_is_sent_under_the_keys_that_the_service_asks_for():
    paged = BUNDLE | {"link": [{"relation": "next", "url": "https://ehr.example/2"}]}
    sent = request_for(paged, Wish(without=("conditions",)))["prefetch"]
    assert "conditions" not in sent
    assert [entry["resource"]["id"] for entry in sent["observations"]["entry"]] == ["v1"]
    assert sent["reports"] is None
    assert sent["others"]["link"] == paged["link"]  # the list is incomplete, and that is not lost
    assert prefetch_keys(paged) == ("patient", "conditions", "observations", "others")


def test_what_is_left_out_changes_cards_facts_and_outcomes(client: FlaskClient):
    html = client.get("/?example=lung-egfr&without=observations").text
    changes = html.partition('id="changes"')[2].partition("</section>")[0]
    assert "412: Required data was not provided in prefetch: observations." in changes
    assert "EGFR T790M (Observation/egfr-t790m)" in changes
    assert re.search(r"Tagrisso <code>tagrisso-\d</code>: (met|verify) → ", changes)
    without = client.get("/?example=lung-egfr&without=medicationStatements").text
    changes = without.partition('id="changes"')[2].partition("</section>")[0]
    assert "gefitinib" in changes
    assert "Refused" not in changes
    assert "Nothing." in client.get("/?example=lung-egfr&without=procedures").text


def test_the_command_sends_the_same_request(client: FlaskClient):
    html = client.get("/?example=hostile").text
    command = unescape(html.partition('id="curl"')[2].partition(">")[2].partition("</pre>")[0])
    assert command.isascii()
    first, body, last = command.strip().split("\n")
    assert first == (
        "curl -s http://127.0.0.1:8080/cds-services/oncology-patient-view "
        "-H 'Content-Type: application/json' --data-binary @- <<'REQUEST'"
    )
    assert last == "REQUEST"
    assert json.loads(body) == examples()["hostile"].document
    assert _cards(client, json.loads(body)) == _summaries(html)


# --- what is shown -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", examples())
def test_every_source_of_a_fact_leads_to_its_place_in_the_resource(client: FlaskClient, advisor: Advisor, name: str):
    page = Page(client.get(f"/?example={name}").text)
    targets = [href[1:] for href in page.hrefs() if href.startswith("#resource-")]
    assert len(set(targets)) >= len({fact.source for fact in advisor.record(examples()[name].document).facts})
    assert not [target for target in targets if target not in page.ids]


def test_the_element_that_decided_is_marked(client: FlaskClient):
    page = Page(client.get("/?example=lung-egfr").text)
    marked = {text for identifier, text in page.ids.items() if re.fullmatch(r"resource-\d+-\d+", identifier)}
    assert any('"NP_005219.2:p.Leu858Arg"' in text and '"48018-6"' not in text for text in marked)
    assert '"1961-04-12"' in marked


def test_every_medicine_that_concerns_the_patient_is_there_with_its_tree(client: FlaskClient, advisor: Advisor):
    record = advisor.record(examples()["lung-egfr"].document)
    findings = advisor.findings(record, TODAY)
    html = client.get("/?example=lung-egfr").text
    for finding in findings:
        assert f'formaction="/statements/{finding.statement.id}"' in html, finding.statement.id
    verdicts = set(
        re.findall(r'class="verdict is-(\w+)"><span class="shape" aria-hidden="true">(.)</span>(\w+)<', html)
    )
    assert verdicts == {("true", "✓", "true"), ("false", "✕", "false"), ("unknown", "?", "unknown")}
    assert "Why not: resistance: T790M" in html


@pytest.mark.parametrize("name", examples())
def test_pages_hold_no_inline_code_and_nothing_from_elsewhere(client: FlaskClient, name: str):
    response = client.get(f"/?example={name}")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["Cache-Control"] == "no-store"
    page = Page(response.text)
    for tag, attributes in page.elements:
        assert not [attribute for attribute in attributes if attribute.startswith("on") or attribute == "style"], tag
        assert tag not in ("style", "iframe", "object", "embed", "img", "base")
        if tag in ("script", "link"):
            assert (attributes.get("src") or attributes["href"]).startswith("/assets/")
    assert all(re.match(r"(https://|http://127\.0\.0\.1:8080/statements/|/|#)", href) for href in page.hrefs())


def test_a_hostile_record_comes_out_as_text(client: FlaskClient):
    html = client.get("/?example=hostile&hook=order-sign&draft=<b>gefitinib</b>").text
    assert not re.search(r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069]", html)
    assert "\\u202egnp.exe\\u202c" in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    page = Page(html)
    assert not [href for href in page.hrefs() if "evil" in href or "script:" in href]
    assert not [tag for tag, _ in page.elements if tag in ("b", "img")]
    script = [attributes for tag, attributes in page.elements if tag == "script"]
    assert script == [{"src": "/assets/playground.js", "defer": ""}]


def test_no_path_is_redirected_to_the_host_of_the_caller(client: FlaskClient):
    answer = client.get("/", environ_overrides={"PATH_INFO": ""}, headers={"Host": "evil.example"})
    assert answer.status_code == 200
    assert "evil.example" not in str(answer.headers)


def test_assets_are_served_by_name_only(client: FlaskClient):
    for name, kind in (("pages.css", "text/css"), ("playground.js", "text/javascript"), ("icon.svg", "image/svg+xml")):
        response = client.get(f"/assets/{name}")
        assert response.mimetype == kind
        again = client.get(f"/assets/{name}", headers={"If-None-Match": response.headers["ETag"]})
        assert again.status_code == 304
    assert client.get("/assets/index.json").status_code == 404
    assert client.get("/assets/..%2Fpages.css").status_code == 404


# --- nothing is kept, unless it is asked for ------------------------------------------------------------------------


def test_nothing_is_kept_unless_it_is_asked_for(client: FlaskClient, recorder: Recorder):
    since = datetime(2026, 1, 1, tzinfo=UTC)
    client.get("/?example=lung-egfr")
    _shown(client, document=dumps(BUNDLE).decode())
    client.get("/?example=lung-egfr&keep=on", headers={"Sec-Fetch-Site": "cross-site"})
    recorder.close()
    assert not list(recorder.store.shown_cards(since))


def test_with_a_decision_record_feedback_counts_and_advice_that_was_set_aside_is_silent(
    client: FlaskClient, recorder: Recorder
):
    html = client.get("/?example=lung-egfr&keep=on").text
    card, summary = re.findall(r'data-card="([^"]+)"', html)[0], _summaries(html)[0]
    recorder.close()
    item = {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-24T10:00:00Z"}
    place = re.findall(r'data-feedback="([^"]+)"', html)[0]
    assert client.post(place, json={"feedback": [item]}).status_code == 200
    assert summary in _summaries(client.get("/?example=lung-egfr").text)
    assert summary not in _summaries(client.get("/?example=lung-egfr&keep=on").text)


def test_outside_demo_mode_there_is_a_playground_only_if_it_is_asked_for(advisor: Advisor, recorder: Recorder):
    closed = create_app(settings_of(), advisor=advisor, recorder=recorder).test_client()
    assert closed.get("/").status_code == 404
    assert closed.post("/", data={"document": "{}"}).status_code == 404
    settings = settings_of(playground=True, public_url="https://oncohooks.example/cds/")
    opened = create_app(settings, advisor=advisor, today=lambda: TODAY, recorder=recorder).test_client()
    html = _shown(opened, document=dumps(BUNDLE).decode(), keep="on")
    assert _summaries(html)
    assert "data-accept" not in html  # feedback needs the token of a client
    assert 'name="keep"' not in html
    assert "curl -s https://oncohooks.example/cds/cds-services/oncology-patient-view" in unescape(html)
    assert "https://oncohooks.example/cds/statements/" in html
    recorder.close()
    assert not list(recorder.store.shown_cards(datetime(2026, 1, 1, tzinfo=UTC)))
