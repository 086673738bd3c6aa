"""Every page is usable by everybody: axe-core finds nothing serious, and nothing is wider than a phone."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from tests.browser.conftest import Opened
from tests.npm_packages import package_folder

pytestmark = pytest.mark.browser

PAGES = {
    "start": "/",
    "options": "/?example=lung-egfr",
    "orders": "/?example=colon-ras&hook=order-sign&draft=panitumumab&draft=capecitabine",
    "changes": "/?example=lung-pd-l1&without=observations&without=patient",
    "hostile": "/?example=hostile",
    "statements": "/statements/tagrisso-1,enhertu-1,vectibix-1,civic-EID259",
    "feedback": "/feedback",
}


#: Opens every part of a page, of many medicines the first: a look at the others takes long and sees the same.
OPEN = """
for (const part of document.querySelectorAll("main details")) {
  part.open = !part.matches("details.closed, details.medicine ~ details.medicine");
}
"""


@cache
def axe() -> str:
    """The source of axe-core."""
    return (package_folder("axe-core", "4.14.1") / "axe.min.js").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(opened: Opened, name: str):
    source = axe()
    page = opened(PAGES[name], bypass_csp=True, color_scheme="light")  # the policy forbids what is not the service's
    page.evaluate(OPEN)
    page.evaluate(source)
    assert _grave(page.evaluate("axe.run()")) == []
    page.emulate_media(color_scheme="dark")
    assert _grave(page.evaluate("axe.run({runOnly: ['color-contrast']})")) == []


def _grave(result: dict[str, Any]) -> list[str]:
    """The serious and critical violations, each with its element."""
    assert result["passes"]
    return [
        f"{rule['id']}: {rule['help']} ({node['html'][:200]})"
        for rule in result["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_a_phone(opened: Opened, name: str):
    page = opened(PAGES[name], width=375)
    page.evaluate(OPEN.replace(", details.medicine ~ details.medicine", ""))
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    assert page.get_by_role("heading", level=1).is_visible()
    sizes = page.evaluate(
        "[...document.querySelectorAll('main button, main summary')].filter(e => e.checkVisibility())"
        ".map(e => e.getBoundingClientRect().height)"
    )
    assert all(size >= 22 for size in sizes)
