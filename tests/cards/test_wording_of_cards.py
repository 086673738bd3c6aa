"""Card texts: nothing from outside is markup, summaries fit, no advice commands."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from flask.testing import FlaskClient
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cards import available_languages, load_language
from cards.details import MISSING_DATA, Basis, basis_lines, finding_names, missing_data_in
from cards.lists import in_full, listed
from cards.markdown import MAX_TEXT, bullet, escape
from cards.summaries import MAX_SUMMARY, cut, with_names
from knowledge.language import ENGLISH
from tests import facts
from tests.fhir import condition, patient, pd_l1_tps, protein, request, variant

RENDERER = MarkdownIt("gfm-like", {"html": True, "linkify": False})


class _Seen(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@example("<img src=x onerror=alert(1)>")
@example("[click](javascript:alert(1))")
@example("![x](https://evil.example/x.png)")
@example("www.evil.example")
@example("**bold** _em_ `code` ~~no~~ | a | b |")
@example("# heading\n\n- list\n1. one\n> quote\n---")
@example("\u202edrowssap")
@example("&lt;b&gt;")
@given(st.text(max_size=200))
def test_an_escaped_text_renders_as_itself(text: str) -> None:
    seen = _Seen(RENDERER.render(bullet(f"text {escape(text)}")))
    assert seen.tags <= {"ul", "li", "p"}
    shown = re.sub(r"\s+", "", seen.text.replace("\u2060", ""))
    assert shown.startswith("text")
    plain = "".join(char for char in text if char.isalnum())
    assert plain[: MAX_TEXT // 2] in "".join(char for char in shown if char.isalnum())


@given(st.text(max_size=200))
def test_an_escaped_text_alone_on_a_line_begins_no_block(text: str) -> None:
    assert _Seen(RENDERER.render(escape(text))).tags <= {"p"}


@pytest.mark.parametrize("code", available_languages())
def test_what_is_missing_is_said_however_much_is_missing_and_can_be_found_again(code: str) -> None:
    say = load_language(code)
    basis = Basis("sha256:0123456789abcdef", unread=12, incomplete=True, missing=tuple(MISSING_DATA))
    detail = "\n".join(basis_lines(basis, (), say))
    found = missing_data_in(detail, say)
    assert found is not None
    assert all(say(name) in found for name in MISSING_DATA.values())
    assert missing_data_in("\n".join(basis_lines(Basis("sha256:0"), (), say)), say) is None


def test_long_texts_are_cut_and_addresses_are_no_links() -> None:
    assert len(escape("a" * 10_000)) == MAX_TEXT
    assert "://" not in escape("https://evil.example")
    assert "www." not in escape("www.evil.example")


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=40), st.text(max_size=100))
def test_summaries_stay_below_140_characters(names: list[str], before: str) -> None:
    assert len(with_names(before, names)) <= MAX_SUMMARY
    assert len(cut(before * 5)) <= MAX_SUMMARY


def test_names_that_do_not_fit_are_counted() -> None:
    sentence = with_names("Options ", [f"medicine-{number:02}" for number in range(30)])
    shown = len(re.findall(r"medicine-\d\d", sentence))
    assert sentence.endswith(f"and {30 - shown} more")


def test_a_list_is_cut_between_its_names_and_the_others_are_counted() -> None:
    names = [f"medicine with a long name {number:02}" for number in range(30)]
    text = listed(lambda found: f"needed to judge {found}", names, ENGLISH)
    shown = re.findall(r"medicine with a long name \d\d", text)
    assert len(text) <= MAX_TEXT
    assert text.endswith(f"name {len(shown) - 1:02} and {30 - len(shown)} more")


def test_what_a_label_asks_for_is_shown_in_full() -> None:
    criteria = [f"criterion {number} of a label that asks for much" for number in range(20)]
    assert in_full(criteria).split("; ") == criteria


COMMANDS = re.compile(r"\b(must|should|give|start|prescribe|order|recommended?|best)\b", re.IGNORECASE)


@pytest.mark.parametrize(
    "resources",
    [
        [variant("v1", "EGFR", protein("p.L858R")), variant("v2", "EGFR", protein("p.T790M"))],
        [variant("n1", "EGFR", present=False), variant("n2", "ALK", present=False), pd_l1_tps("p1", 80)],
        [],
    ],
    ids=["driver and resistance", "no driver, PD-L1 high", "untested"],
)
def test_cards_name_options_and_never_command(client: FlaskClient, resources: list[dict[str, object]]) -> None:
    answer = client.post("/cds-services/oncology-patient-view", json=request(patient(), condition(), *resources))
    cards = answer.get_json()["cards"]
    assert cards
    for card in cards:
        own_words = re.sub(r"\[[^\]]*\]\([^)]*\)", "", card["detail"])
        assert not COMMANDS.search(card["summary"] + own_words), COMMANDS.search(card["summary"] + own_words)
        tags = _Seen(RENDERER.render(card["detail"])).tags
        assert tags <= {"ul", "li", "p", "strong", "a"}


def test_the_resistance_that_closes_options_is_shown_with_its_source(client: FlaskClient) -> None:
    resources = [variant("v1", "EGFR", protein("p.L858R")), variant("v2", "EGFR", protein("p.T790M"))]
    answer = client.post("/cds-services/oncology-patient-view", json=request(patient(), condition(), *resources))
    detail = answer.get_json()["cards"][0]["detail"]
    closed = detail.partition("**Not supported here**")[2].partition("**Evidence used**")[0]
    assert "gefitinib" in closed
    assert "T790M (Iressa SmPC 5.1" in closed
    assert "Iressa" not in detail.partition("**Not supported here**")[0]


def test_a_hostile_record_yields_no_markup(client: FlaskClient) -> None:
    hostile = "<script>alert(1)</script>[x](javascript:alert(1)) ![i](https://evil.example/i.png) \u202e"
    bad = variant("v1", "EGFR", protein("p.L858R"))
    bad["id"] = "v1"
    bad["component"][0]["valueCodeableConcept"]["coding"][0]["display"] = hostile
    sick = condition() | {"code": {"coding": condition()["code"]["coding"], "text": hostile}}
    answer = client.post("/cds-services/oncology-patient-view", json=request(patient(), sick, bad))
    for card in answer.get_json()["cards"]:
        rendered = RENDERER.render(card["detail"])
        assert "script" not in _Seen(rendered).tags
        assert "evil.example" not in re.findall(r'href="([^"]*)"', rendered)
        assert all(url.startswith("https://www.ema.europa.eu/") for url in re.findall(r'href="([^"]*)"', rendered))


def test_a_negative_result_is_not_named_as_a_finding() -> None:
    assert finding_names([facts.negative("BRAF"), facts.variant("BRAF", "p.Val600Glu")]) == [
        "BRAF: not detected",
        "BRAF V600E",
    ]
