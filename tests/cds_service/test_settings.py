"""Settings: their sources and what refuses to start."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cds_service import Advisor, Settings, SettingsError, create_app, load_settings
from cds_service.settings import Client
from cds_service.startable import check_startable

CLIENT = """
[[client]]
name = "ehr"
issuer = "https://ehr.example"
jwks_uri = "https://ehr.example/keys"
audiences = ["https://cds.example"]
"""


def test_environment_over_file_over_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "oncohooks.toml"
    file.write_text(f"port = 9000\nmax_body_bytes = 2048\n{CLIENT}")
    monkeypatch.setenv("ONCOHOOKS_PORT", "9001")
    settings = load_settings(file)
    assert (settings.port, settings.max_body_bytes, settings.host) == (9001, 2048, "127.0.0.1")
    assert [client.name for client in settings.client] == ["ehr"]
    assert load_settings(file, port=9002).port == 9002


@pytest.mark.parametrize(
    "content", ["port = 'x'", "port = ", "[[client]]\nname = ''", "[[client]]\nname='a'\nissuer='b'\nkey=1"]
)
def test_a_bad_file_is_a_clear_error(tmp_path: Path, content: str) -> None:
    file = tmp_path / "oncohooks.toml"
    file.write_text(content)
    with pytest.raises(SettingsError, match="settings"):
        load_settings(file)


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="does not exist"):
        load_settings(tmp_path / "none.toml")


def test_without_a_client_only_demo_mode_starts() -> None:
    with pytest.raises(SettingsError, match="no CDS client"):
        create_app(Settings())
    check_startable(Settings(demo=True))


def test_demo_mode_stays_on_the_loopback_address() -> None:
    with pytest.raises(SettingsError, match="loopback"):
        check_startable(Settings(demo=True, host="0.0.0.0"))


def test_outside_demo_mode_nobody_is_let_in_unverified(tmp_path: Path, advisor: Advisor) -> None:
    file = tmp_path / "oncohooks.toml"
    file.write_text(CLIENT)
    client = create_app(load_settings(file), advisor=advisor).test_client()
    assert client.get("/cds-services").status_code == 200
    assert client.post("/cds-services/oncology-patient-view", json={}).status_code == 401


PRIVATE = {"kty": "EC", "crv": "P-384", "kid": "a", "x": "AA", "y": "AA", "d": "AA"}


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"name": "a\nb"}, "name"),
        ({"name": "<b>"}, "name"),
        ({"issuer": ""}, "issuer"),
        ({"jwks_uri": "http://ehr.example/keys"}, "https"),
        ({"jwks_uri": "https:///keys"}, "https"),
        ({"jku": ["ftp://ehr.example"]}, "https"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"algorithms": ["none"]}, "algorithms"),
        ({"algorithms": []}, "algorithms"),
        ({"jwks": {"keys": [PRIVATE]}}, "private"),
        ({"certificate_fingerprints": ["12:34"]}, "fingerprint"),
        ({"fhir_servers": ["http://fhir.example"]}, "https"),
        ({"dialect": "other"}, "dialect"),
        ({"jurisdiction": "us"}, "jurisdiction"),
        ({"cards": {"limit": 0}}, "limit"),
    ],
)
def test_a_client_that_cannot_be_is_a_clear_error(
    monkeypatch: pytest.MonkeyPatch, members: dict[str, Any], problem: str
) -> None:
    monkeypatch.setenv("ONCOHOOKS_CLIENT", json.dumps([{"name": "ehr", "issuer": "https://ehr.example"} | members]))
    with pytest.raises(SettingsError, match=problem):
        load_settings()


EHR = {"name": "ehr", "issuer": "https://ehr.example", "jwks_uri": "https://ehr.example/keys"}
OTHER = EHR | {"name": "other", "issuer": "https://other.example"}
HASH = "ab" * 32
WITH_CERTIFICATE = {"name": "other", "proof": "certificate", "certificate_fingerprints": [HASH]}
PROXY = {"trusted_proxies": ["127.0.0.1"], "certificate_header": "Client-Cert"}
PUBLIC = {"public_url": "https://cds.example"}


@pytest.mark.parametrize(
    ("members", "clients", "problem"),
    [
        (PUBLIC, [EHR], None),
        ({}, [EHR | {"audiences": ["x"]}], None),
        (PUBLIC | PROXY, [EHR, WITH_CERTIFICATE], None),
        ({}, [EHR], "public_url"),
        (PUBLIC, [EHR, EHR | {"issuer": "https://b.example"}], "same name"),
        (PUBLIC, [EHR, EHR | {"name": "b"}], "same issuer"),
        (PUBLIC | PROXY, [WITH_CERTIFICATE, WITH_CERTIFICATE | {"name": "b"}], "same certificate"),
        (PUBLIC, [{"name": "a", "jwks_uri": "https://ehr.example/keys"}], "needs issuer"),
        (PUBLIC, [{"name": "a", "issuer": "https://ehr.example"}], "jwks"),
        (PUBLIC, [WITH_CERTIFICATE], "trusted_proxies"),
        (PUBLIC | PROXY, [EHR | {"proof": "both"}], "certificate_fingerprints"),
    ],
)
def test_settings_must_fit_together(
    members: dict[str, Any], clients: list[dict[str, Any]], problem: str | None
) -> None:
    settings = Settings(**members, client=tuple(Client(**client) for client in clients))
    if problem is None:
        check_startable(settings)
        return
    with pytest.raises(SettingsError, match=problem):
        check_startable(settings)


@pytest.mark.parametrize(
    "members",
    [
        {"public_url": "http://cds.example"},
        {"public_url": "cds.example"},
        {"trusted_proxies": ["proxy.example"]},
        {"trusted_proxies": ["10.0.0.1/8"]},
        {"certificate_header": "a: b"},
        {"clock_skew_seconds": 3600},
        {"token_lifetime_seconds": 10**6},
        {"requests_at_once": 0},
        {"request_seconds": 0},
    ],
)
def test_values_out_of_range_are_refused(monkeypatch: pytest.MonkeyPatch, members: dict[str, Any]) -> None:
    for name, value in members.items():
        monkeypatch.setenv(f"ONCOHOOKS_{name.upper()}", value if isinstance(value, str) else json.dumps(value))
    with pytest.raises(SettingsError, match=next(iter(members))):
        load_settings()
