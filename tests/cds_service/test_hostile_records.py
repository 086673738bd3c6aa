"""A record whose every text is hostile yields cards in which nothing works that was not written here.

Each text of each scenario is given markup, links, direction marks or ten thousand characters, in turn and all at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient
from markdown_it import MarkdownIt

from cds_service import Advisor
from cds_service.hooks import BY_HOOK
from tests.scenarios import Scenario
from tests.test_scenarios import SCENARIOS

RENDERER = MarkdownIt("gfm-like", {"html": True, "linkify": False})
OUR_TAGS = {"ul", "li", "p", "strong", "a"}
#: Members that carry meaning by their exact value: changing them would make another record, not a hostile one.
KEPT = {"resourceType", "id", "status", "intent", "system", "code", "reference", "birthDate", "gender", "patientId"}
KEPT |= {"hook", "userId", "hookInstance", "effectiveDateTime", "recordedDate", "start", "comparator", "unit"}
#: The page of the service that explains the statements behind a card, by their ids.
EXPLANATION = re.compile(r"http://127\.0\.0\.1:8080/statements/[A-Za-z0-9,-]+")
HOSTILE = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)><a href='https://evil.example'>x</a>",
    "markdown": "[x](javascript:alert(1)) ![i](https://evil.example/i) https://evil.example **b** `c` |\n# h\n- l\n> q",
    "autolink": "<https://evil.example> www.evil.example mailto:a@evil.example",
    "direction": "\u202e\u2066evil\u2069\u202c\u200f",
    "long": "A" * 10_000,
}


class _Tags(HTMLParser):
    """The tags, attributes and link targets of rendered Markdown."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.targets: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.targets += [value or "" for name, value in attrs if name == "href"]


def _is_kept(name: str, value: Any) -> bool:
    return name in KEPT and not isinstance(value, dict | list)


def _with_texts(value: Any, change: Callable[[str], str]) -> Any:
    """The same JSON with every free text changed."""
    if isinstance(value, dict):
        return {name: inner if _is_kept(name, inner) else _with_texts(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_texts(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


@pytest.fixture
def links(advisor: Advisor) -> set[str]:
    """The addresses of the labels, as Markdown writes them."""
    return {medicine.label.url.replace("(", "%28").replace(")", "%29") for medicine in advisor.knowledge.medicines}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("beside", [True, False], ids=["beside the text", "in its place"])
def test_nothing_works_that_was_not_written_here(client: FlaskClient, links: set[str], kind: str, beside: bool) -> None:
    shown = 0
    for scenario in SCENARIOS:
        body = _with_texts(scenario.request(), lambda text: text + HOSTILE[kind] if beside else HOSTILE[kind])
        response = client.post(f"/cds-services/{BY_HOOK[scenario.hook].id}", json=body)
        assert response.status_code in (200, 400, 413), response.status_code
        for card in response.get_json().get("cards", []):
            shown += 1
            _check(card, links)
    assert shown


def _check(card: dict[str, Any], links: set[str]) -> None:
    seen = _Tags(RENDERER.render(card["detail"]))
    assert seen.tags <= OUR_TAGS, seen.tags
    assert seen.attributes <= {"href"}, seen.attributes
    assert set(seen.targets) <= links, set(seen.targets) - links
    plain = [card["summary"], *(link["label"] for link in card.get("links", []))]
    for suggestion in card.get("suggestions", []):
        plain += [suggestion["label"], suggestion["actions"][0]["description"]]
    for text in plain:
        assert not re.search(r"[\u202a-\u202e\u2066-\u2069\u200e\u200f\n\r]", text), repr(text)
        assert "<" not in text
        assert "://" not in text
        assert len(text) <= 200
    ours = {url.replace("%28", "(").replace("%29", ")") for url in links}
    for link in card.get("links", []):
        assert link["url"] in ours or EXPLANATION.fullmatch(link["url"]), link["url"]


@pytest.mark.parametrize("scenario", SCENARIOS[:5], ids=lambda scenario: scenario.name)
def test_a_hostile_patient_gets_the_same_advice(client: FlaskClient, scenario: Scenario) -> None:
    """Texts beside codes are shown at most; they decide nothing."""
    body = scenario.request()
    drafts = body["context"].pop("draftOrders")
    hostile = _with_texts(body, lambda text: text + HOSTILE["markdown"])
    hostile["context"]["draftOrders"] = drafts
    body["context"]["draftOrders"] = drafts
    answers = [
        client.post(f"/cds-services/{BY_HOOK[scenario.hook].id}", json=item).get_json() for item in (body, hostile)
    ]
    topics = [[card["source"]["topic"]["code"] for card in answer["cards"]] for answer in answers]
    assert topics[0] == topics[1]
