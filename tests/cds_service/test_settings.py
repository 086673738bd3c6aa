"""Settings: their sources and what refuses to start."""

from __future__ import annotations

from pathlib import Path

import pytest

from cds_service import Advisor, Settings, SettingsError, create_app, load_settings
from cds_service.startable import check_startable

CLIENT = '[[client]]\nname = "ehr"\nissuer = "https://ehr.example"\n'


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
