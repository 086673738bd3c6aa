"""CORS: listed origins only, preflights before authentication, headers on every answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service import Advisor, Settings, SettingsError, create_app, load_settings
from cds_service.settings import Client
from tests.cds_service.clients import ISSUER, PUBLIC_URL, key_set
from tests.conftest import TODAY
from tests.fhir import condition, patient, request
from tests.running import FEEDBACK, PATIENT_VIEW

ORIGIN = "https://sandbox.example"
PATHS = ["/cds-services", "/cds-services/", PATIENT_VIEW, FEEDBACK, "/cds-services/unknown"]


@pytest.fixture(params=[True, False], ids=["demo", "with authentication"])
def browser(request: pytest.FixtureRequest, advisor: Advisor) -> FlaskClient:
    """A client of a service that one origin may call, with and without authentication."""
    if request.param:
        settings = Settings(demo=True, cors_origins=(ORIGIN,), max_body_bytes=100_000)
    else:
        ehr = Client(name="test EHR", issuer=ISSUER, jwks=key_set())
        settings = Settings(cors_origins=(ORIGIN,), public_url=PUBLIC_URL, client=(ehr,))
    return create_app(settings, advisor=advisor, today=lambda: TODAY).test_client()


def _preflight(client: FlaskClient, path: str, origin: str = ORIGIN, asks: str = "authorization,content-type"):
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": asks}
    return client.options(path, headers=headers)


@pytest.mark.parametrize("path", PATHS)
def test_a_preflight_of_a_listed_origin_is_answered_before_authentication(browser: FlaskClient, path: str) -> None:
    answer = _preflight(browser, path)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert {"authorization", "content-type"} == set(answer.headers["Access-Control-Allow-Headers"].split(", "))
    assert {"GET", "POST"} == set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://other.example", "null", f"{ORIGIN}.evil.example", f"{ORIGIN}:8443", "*"])
@pytest.mark.parametrize("path", PATHS)
def test_another_origin_gets_no_permission(browser: FlaskClient, path: str, origin: str) -> None:
    for answer in (_preflight(browser, path, origin), browser.post(path, json={}, headers={"Origin": origin})):
        assert not [name for name in answer.headers.keys() if name.startswith("Access-Control-")]  # noqa: SIM118
        assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_every_answer_to_a_listed_origin_is_marked(browser: FlaskClient, path: str, method: str) -> None:
    body = {"json": request(patient(), condition())} if method == "post" else {}
    answer = getattr(browser, method)(path, headers={"Origin": ORIGIN}, **body)
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Origin" in answer.headers["Vary"]
    assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After"


def test_too_large_and_unexpected_errors_are_marked_too(advisor: Advisor) -> None:
    class Failing(Advisor):
        def read(self, request: Mapping[str, Any]):
            raise ValueError

    settings = Settings(demo=True, cors_origins=(ORIGIN,), max_body_bytes=100_000)
    app = create_app(settings, advisor=Failing(advisor.knowledge, advisor.tables), today=lambda: TODAY)
    client = app.test_client()
    large = client.post(PATIENT_VIEW, json={"x": "x" * 200_000}, headers={"Origin": ORIGIN})
    failed = client.post(PATIENT_VIEW, json=request(patient(), condition()), headers={"Origin": ORIGIN})
    assert (large.status_code, failed.status_code) == (413, 500)
    assert [answer.headers["Access-Control-Allow-Origin"] for answer in (large, failed)] == [ORIGIN, ORIGIN]


def test_other_routes_have_no_cors(browser: FlaskClient) -> None:
    for path in ("/health", "/ready", "/metrics", "/cds-servicesx"):
        assert "Access-Control-Allow-Origin" not in browser.get(path, headers={"Origin": ORIGIN}).headers


def test_without_listed_origins_there_are_no_headers(client: FlaskClient) -> None:
    answer = client.get("/cds-services", headers={"Origin": ORIGIN})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Vary" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        *("*", "https://*.example", "https://a.example/", "https://a.example/x", "http://a.example", "a.example"),
        *("null", "https://A.example", "https://user@a.example", "ftp://a.example", ""),
    ],
)
def test_what_is_no_origin_is_refused_at_the_start(tmp_path: Path, origin: str) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(f'demo = true\ncors_origins = ["{origin}"]\n')
    with pytest.raises(SettingsError, match="cors_origins"):
        load_settings(file)


@pytest.mark.parametrize("origin", ["https://a.example", "https://a.example:8443", "http://127.0.0.1:3000"])
def test_origins_as_browsers_send_them_are_taken(origin: str) -> None:
    assert Settings(cors_origins=(origin,)).cors_origins == (origin,)
