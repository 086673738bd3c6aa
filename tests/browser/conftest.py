"""A running service in demo mode, and a real browser that looks at its pages and tells what went wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Route, sync_playwright

from tests.running import running

SCREENSHOTS = Path(__file__).parent / "screenshots"
#: The browser asks nobody but the service.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service of its own."""
    with running(tmp_path_factory.mktemp("browser")) as service:
        yield service.base


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium of this machine, with a fresh profile."""
    executable = next(filter(None, map(shutil.which, _NAMES)), None)
    if executable is None:
        pytest.skip("Chromium is not installed: the pages were not looked at in a browser")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=executable, headless=True, args=FLAGS)
        except Error as error:
            pytest.skip(
                f"{executable} does not start: the pages were not looked at in a browser ({error.message[:100]})"
            )
        yield browser
        browser.close()


class Watched:
    """A page, and what a user would never see: errors of the console and requests to elsewhere."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.problems: list[str] = []
        self._address = address
        context.route("**/*", self._only_the_service)
        self.page: Page = context.new_page()
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("dialog", lambda dialog: self.problems.append(f"a dialog: {dialog.message}"))

    def _only_the_service(self, route: Route) -> None:
        if route.request.url.startswith(self._address):
            route.continue_()
        else:
            self.problems.append(f"a request to {route.request.url}")
            route.abort()

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.problems.append(f"{message.type}: {message.text}")


Opened = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """Opens a path of the service in a page of its own; a test that ends with a problem fails.

    ``excused``: console texts that are meant, such as the answer 400 to a record that cannot be read.
    """
    watched: list[tuple[Watched, BrowserContext, tuple[str, ...]]] = []

    def open_page(path: str, *, width: int = 1280, excused: tuple[str, ...] = (), **options: Any) -> Page:
        context = browser.new_context(
            base_url=address, viewport={"width": width, "height": 900}, service_workers="block", **options
        )
        watch = Watched(context, address)
        watched.append((watch, context, excused))
        watch.page.goto(path)
        return watch.page

    yield open_page
    SCREENSHOTS.mkdir(exist_ok=True)
    for number, (watch, context, excused) in enumerate(watched, 1):
        watch.page.screenshot(path=SCREENSHOTS / f"{request.node.name}-{number}.png")
        context.close()
        problems = [text for text in watch.problems if not any(part in text for part in excused)]
        assert not problems
