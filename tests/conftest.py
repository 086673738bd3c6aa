"""What many tests share: the shipped knowledge and tables, loaded once, and a fixed day."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import settings

from cds_service import Advisor, Settings, create_app
from knowledge import KnowledgeBase
from tests.conformance import check_answer

TODAY = date(2026, 11, 24)

# No test is about time: a machine that is busy with something else must not fail one.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def advisor() -> Advisor:
    return Advisor.load()


@pytest.fixture(scope="session")
def knowledge(advisor: Advisor) -> KnowledgeBase:
    return advisor.knowledge


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real example files, whose facts a careful human has listed."""
    folder = os.environ.get("ONCOHOOKS_CORPUS")
    if not folder:
        pytest.skip("ONCOHOOKS_CORPUS is not set: tests on the corpus of real examples did not run")
    return Path(folder)


class ConformingClient(FlaskClient):
    """A test client for which every answer, of every test, must conform."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        response = super().open(*args, **kwargs)
        request = response.request
        check_answer(request.method, request.path, response.status_code, response.content_type or "", response.data)
        return response


Flask.test_client_class = ConformingClient


@pytest.fixture
def client(advisor: Advisor) -> FlaskClient:
    """A client of the service in demo mode, on a fixed day."""
    app = create_app(Settings(demo=True, max_body_bytes=200_000), advisor=advisor, today=lambda: TODAY)
    return app.test_client()


@pytest.fixture(autouse=True, scope="session")
def _state_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Services that tests start keep their records in a folder of the test run."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see no settings but their own."""
    for name in list(os.environ):
        if name.startswith("ONCOHOOKS_") and name != "ONCOHOOKS_CORPUS":
            monkeypatch.delenv(name)
