"""What people do on the pages, in a real browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cds_service.pages.examples import FOLDER
from tests.browser.conftest import Opened
from tests.fhir import bundle, condition, patient, protein, variant

pytestmark = pytest.mark.browser

L858R = variant("v1", "EGFR", protein("p.Leu858Arg"))
LUNG = json.dumps(bundle(patient(), condition(), L858R))
MELANOMA = json.dumps(bundle(patient(), condition("C43.5", "http://hl7.org/fhir/sid/icd-10"), L858R))
REFUSED = "the server responded with a status of 400"


def _summaries(page: Page) -> list[str]:
    return page.locator(".card h3").all_text_contents()


def _submit(page: Page, button: str) -> None:
    """Send a form and wait until the whole answer is there: a page of many medicines is seen before it ends."""
    with page.expect_navigation():
        page.get_by_role("button", name=button).click()


def test_without_javascript_a_patient_is_chosen_and_the_cards_are_there(opened: Opened):
    page = opened("/", java_script_enabled=False)
    page.get_by_label("Patient", exact=True).select_option("melanoma-braf")
    _submit(page, "Show the cards")
    expect(page.get_by_role("heading", name="Melanoma, BRAF V600E")).to_be_visible()
    card = page.locator(".card").first
    expect(card.get_by_role("heading", name=re.compile("BRAF V600E: EU-label options"))).to_be_visible()
    expect(card.locator(".detail li").first).to_be_visible()
    expect(page.get_by_role("button", name="Override")).to_be_hidden()
    page.locator(".facts a[data-resource]", has_text="Observation/braf-v600e").click()
    assert re.search(r"#resource-\d+-\d+$", page.url)
    marked = page.locator("mark:target")
    expect(marked).to_contain_text("p.Val600Glu")


def test_a_fact_shows_the_resource_with_the_element_that_decided(opened: Opened):
    page = opened("/?example=lung-egfr")
    source = page.locator(".facts li", has_text="EGFR T790M").get_by_role("link")
    source.click()
    dialog = page.get_by_role("dialog", name="Observation/egfr-t790m")
    expect(dialog.locator("mark.shown")).to_have_text(re.compile("NP_005219.2:p.Thr790Met"))
    expect(dialog.locator("mark.shown")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(source).to_be_focused()
    tree = page.locator("details.medicine", has_text="Tagrisso").first
    tree.locator("summary").first.click()
    tree.locator(".because a", has_text="Patient/lung-egfr").first.click()
    expect(page.get_by_role("dialog", name="Patient/lung-egfr").locator("mark.shown")).to_have_text('"1961-04-12"')


def test_an_order_is_drafted_by_name(opened: Opened):
    page = opened("/?example=colon-ras")
    expect(page.get_by_role("group", name="Drafted medicines")).to_be_hidden()
    page.get_by_label("order-sign").first.check()
    page.get_by_label("By name").first.fill("cetuximab")
    _submit(page, "Show the cards")
    expect(page.locator(".card", has_text="cetuximab")).to_contain_text("warning")
    expect(page.get_by_label("By name").first).to_have_value("cetuximab")
    suggestion = page.locator(".suggestions details", has_text="Remove the drafted order").first
    suggestion.locator("summary").click()
    expect(suggestion.locator("pre")).to_contain_text('"type": "delete"')


def test_leaving_out_a_part_of_the_record_shows_what_changes(opened: Opened):
    page = opened("/?example=lung-pd-l1")
    page.get_by_role("checkbox", name="observations").first.check()
    _submit(page, "Show the cards")
    expect(page.get_by_role("alert")).to_contain_text("Required data was not provided in prefetch: observations.")
    changes = page.get_by_role("region", name="What changed without observations")
    expect(changes).to_contain_text("KRAS G12C")
    expect(page.get_by_role("checkbox", name="observations").first).to_be_checked()


def test_a_pasted_record_of_several_patients_is_read_one_by_one(opened: Opened):
    page = opened("/")
    page.get_by_role("heading", name="Your own test record").click()
    page.get_by_label("CDS Hooks request, Bundle, resource or NDJSON").fill(f"{LUNG}\n{MELANOMA}\n")
    _submit(page, "Read this record")
    expect(page.locator(".facts")).to_contain_text("tumour type NSCLC")
    page.get_by_label("Record", exact=False).and_(page.get_by_role("spinbutton")).fill("2")
    _submit(page, "Read this record")
    expect(page.get_by_role("heading", name="Your record, 2 of 2")).to_be_visible()
    expect(page.locator(".facts")).to_contain_text("tumour type MEL")
    assert "v1" not in page.url


def test_a_dropped_file_and_a_chosen_file_give_the_same_cards(opened: Opened, tmp_path: Path):
    path = tmp_path / "record.json"
    path.write_text(LUNG, encoding="utf-8")
    page = opened("/")
    page.get_by_role("heading", name="Your own test record").click()
    page.get_by_label("or a file").set_input_files(path)
    _submit(page, "Read this record")
    chosen = _summaries(page)
    page.goto("/")
    transfer = page.evaluate_handle(
        "text => { const t = new DataTransfer(); t.items.add(new File([text], 'record.json')); return t; }", LUNG
    )
    page.locator(".patients").dispatch_event("drop", {"dataTransfer": transfer})  # anywhere on the page
    expect(page.locator("#document")).to_have_value(LUNG)
    expect(page.locator("#document")).to_be_focused()
    _submit(page, "Read this record")
    assert chosen
    assert _summaries(page) == chosen


def test_a_record_that_cannot_be_read_is_said_and_can_be_mended(opened: Opened):
    page = opened("/", excused=(REFUSED,))
    page.get_by_role("heading", name="Your own test record").click()
    page.locator("#document").fill(LUNG[:-1])
    _submit(page, "Read this record")
    expect(page.get_by_role("alert")).to_contain_text("The record cannot be read: not JSON: line 1")
    page.locator("#document").fill(page.locator("#document").input_value() + "}")
    _submit(page, "Read this record")
    expect(page.locator(".card").first).to_contain_text("EGFR L858R")


def test_feedback_is_sent_counted_and_heeded(opened: Opened):
    page = opened("/?example=thyroid-ret")
    page.get_by_role("checkbox", name="Keep a decision record").first.check()
    _submit(page, "Show the cards")
    card = page.locator(".card", has_text="RET M918T: EU-label options")
    card.get_by_label("Override reason").select_option(index=1)
    card.get_by_role("button", name="Override").click()
    expect(card.get_by_role("status")).to_have_text("Sent: overridden.")
    other = page.locator(".card", has_text="may be germline")
    other.locator(".suggestions summary").first.click()
    other.get_by_role("button", name="Accept this suggestion").first.click()
    expect(other.get_by_role("status")).to_have_text("Sent: accepted.")
    page.reload()
    expect(page.locator(".card", has_text="may be germline")).to_be_visible()
    expect(page.locator(".card", has_text="RET M918T: EU-label options")).to_have_count(0)
    page.get_by_role("link", name="Feedback").click()
    row = page.get_by_role("row", name=re.compile("oncology-patient-view"))
    expect(row.get_by_role("cell").nth(2)).to_have_text("1")


def test_a_card_leads_to_its_statements_and_a_patient_to_the_verdicts(opened: Opened):
    page = opened("/?example=lung-egfr")
    page.get_by_role("link", name="Why: the statements behind this card").first.click()
    assert re.fullmatch(r".*/statements/[a-z0-9,-]+", page.url)
    expect(page.locator(".explained").first).to_contain_text("not signed off by a clinician")
    expect(page.locator(".verdict")).to_have_count(0)
    page.go_back()
    medicine = page.locator("details.medicine", has_text="Tagrisso").first
    medicine.locator("summary").first.click()
    medicine.get_by_role("button", name="Explain tagrisso-3").click()
    expect(page.get_by_role("img", name=re.compile("Biomarker results by date"))).to_be_visible()
    expect(page.locator(".verdict.is-true").first).to_be_visible()
    expect(page.locator(".because-of")).to_have_text("Open: first line of therapy.")
    assert "egfr" not in page.url
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Pages")).to_be_hidden()
    expect(page.locator(".explained").first).to_be_visible()


def test_on_a_phone_a_card_leads_to_the_statement_and_its_picture_fits(opened: Opened):
    page = opened("/", width=375, has_touch=True, is_mobile=True)
    page.get_by_role("link", name="Bile duct, FGFR2 fusion and IDH1").tap()
    expect(page.locator(".card").first).to_contain_text("FGFR2")
    medicine = page.locator("details.medicine", has_text="Pemazyre").first
    medicine.locator("summary").first.tap()
    with page.expect_navigation():
        medicine.get_by_role("button", name="Explain pemazyre-1").tap()
    picture = page.get_by_role("img", name=re.compile("Biomarker results by date"))
    box = picture.bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 375
    expect(page.locator(".tree .verdict").first).to_be_visible()
    assert "FGFR2" not in page.url


def test_the_copied_command_gives_the_same_cards(opened: Opened):
    page = opened("/?example=hostile", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    command = page.evaluate("navigator.clipboard.readText()")
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed: the copied command was not run")
    answer = subprocess.run(["bash", "-eu", "-c", command], capture_output=True, check=True, timeout=60).stdout
    assert [card["summary"] for card in json.loads(answer)["cards"]] == _summaries(page)


def test_a_hostile_record_does_nothing(opened: Opened):
    page = opened("/")
    page.get_by_role("heading", name="Your own test record").click()
    page.locator("#document").fill((FOLDER / "hostile.json").read_text(encoding="utf-8"))
    _submit(page, "Read this record")
    expect(page.locator("#unread ~ .facts").first).to_contain_text("\\u202egnp.exe\\u202c")
    for summary in page.locator("details > summary").all():
        summary.evaluate("summary => summary.parentElement.open = true")
    expect(page.locator("pre", has_text="<script>alert(1)</script>").first).to_be_visible()
    assert page.locator("main img, main script").count() == 0
