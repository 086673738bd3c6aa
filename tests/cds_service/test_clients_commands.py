"""`oncohooks clients`: registering a client, and finding out why it is not let in."""

from __future__ import annotations

import json
import stat
import tomllib
from pathlib import Path
from typing import Any

import pytest
import responses
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization

from cds_service import load_settings
from cds_service.cli import main
from cds_service.jwks import ALGORITHMS
from cds_service.refusals import REMEDIES, Reason
from cds_service.startable import check_startable
from tests.cds_service.clients import (
    ISSUER,
    JWKS_URI,
    KID,
    PATH,
    PUBLIC_URL,
    ec_key,
    forged,
    key_set,
    other_ec_key,
    signed,
)


def _run(*arguments: str, status: int = 0, **options: Any) -> Result:
    result = CliRunner().invoke(main, ["clients", *arguments], **options)
    assert result.exit_code == status, result.output
    return result


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A private key, and the file with its public key set beside it."""
    private = tmp_path / "private.jwk"
    (tmp_path / "jwks.json").write_text(_run("new-key", str(private)).stdout)
    return private


@pytest.fixture
def config(tmp_path: Path, keys: Path) -> Path:
    """A settings file with one client."""
    file = tmp_path / "oncohooks.toml"
    file.write_text(f'public_url = "{PUBLIC_URL}"')
    jwks = str(tmp_path / "jwks.json")
    _run("add", "test EHR", "--issuer", ISSUER, "--jwks", jwks, "--tenant", "north", "--write", "--config", str(file))
    return file


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_new_key_signs_tokens_that_its_public_half_verifies(tmp_path: Path, algorithm: str) -> None:
    private, jwks, file = tmp_path / "key", tmp_path / "jwks", tmp_path / "oncohooks.toml"
    jwks.write_text(_run("new-key", str(private), "--algorithm", algorithm).stdout)
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert "d" not in json.loads(jwks.read_text())["keys"][0]
    file.write_text(f'public_url = "{PUBLIC_URL}"\n')
    options = ["--issuer", ISSUER, "--jwks", str(jwks), "--algorithm", algorithm, "--config", str(file), "--write"]
    _run("add", "EHR", *options)
    assert "accepted" in _run("test", "EHR", "--key", str(private), "--config", str(file)).stdout


def test_a_private_key_is_never_overwritten(keys: Path) -> None:
    before = keys.read_bytes()
    _run("new-key", str(keys), status=1)
    assert keys.read_bytes() == before


def test_a_printed_table_is_what_settings_read(tmp_path: Path, keys: Path) -> None:
    jwks = str(tmp_path / "jwks.json")
    options = ["--audience", 'typed "by hand" \\ \t', "--tenant", "Süd", "--dialect", "epic", "--algorithm", "RS384"]
    options += ["--algorithm", "ES384", "--fhir-server", "https://fhir.example/R4/", "--jku", "https://ehr.example/k"]
    result = _run("add", "Klinik (Süd)", "--issuer", ISSUER, "--jwks", jwks, *options)
    (table,) = tomllib.loads(result.stdout)["client"]
    assert table["name"] == "Klinik (Süd)"
    assert table["audiences"] == ['typed "by hand" \\ \t']
    assert table["algorithms"] == ["RS384", "ES384"]
    assert table["fhir_servers"] == ["https://fhir.example/R4"]
    assert table["jwks"] == json.loads(Path(jwks).read_text())
    assert "cards" not in table


def test_what_is_still_missing_is_said(tmp_path: Path, keys: Path) -> None:
    result = _run("add", "EHR", "--proof", "both", "--issuer", ISSUER)
    for missing in ("public_url", "jwks_uri", "certificate_fingerprints", "trusted_proxies"):
        assert missing in result.stderr
    assert "[[client]]" in result.stdout


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--jwks-uri", "http://ehr.example/keys"], "https"),
        (["--jwks-uri", "file:///etc/passwd"], "https"),
        (["--jwks-uri", "https://user:word@ehr.example/keys"], "https"),
        (["--fingerprint", "abc"], "fingerprint"),
        (["--jwks", "{private}"], "JSON Web Key Set"),
        (["--jwks", "{missing}"], "No such file"),
        (["--jwks-uri", JWKS_URI, "--write"], "--config"),
        (["--fetch"], "--jwks-uri"),
    ],
)
def test_what_cannot_be_used_is_a_clear_error(tmp_path: Path, keys: Path, options: list[str], problem: str) -> None:
    names = {"{private}": str(keys), "{missing}": str(tmp_path / "missing")}
    result = _run("add", "EHR", "--issuer", ISSUER, *(names.get(option, option) for option in options), status=1)
    assert problem in result.stderr
    assert json.loads(keys.read_text())["d"] not in result.output


def test_keys_are_fetched_once_when_asked() -> None:
    options = ["--issuer", ISSUER, "--jwks-uri", JWKS_URI]
    with responses.RequestsMock() as mock:
        _run("add", "EHR", *options)
        mock.get(JWKS_URI, json=key_set())
        assert KID in _run("add", "EHR", *options, "--fetch").stderr
    with responses.RequestsMock() as mock:
        mock.get(JWKS_URI, json={"keys": [{"kty": "oct"}]})
        assert "no key" in _run("add", "EHR", *options, "--fetch", status=1).stderr


def test_a_file_is_changed_only_if_the_service_may_start_with_it(config: Path, tmp_path: Path) -> None:
    config.chmod(0o640)
    before = config.read_bytes()
    again = ["--issuer", ISSUER, "--jwks", str(tmp_path / "jwks.json"), "--write", "--config", str(config)]
    assert "same issuer" in _run("add", "another", *again, status=1).stderr
    assert config.read_bytes() == before
    added = _run("add", "another", "--issuer", "https://b.example", *again[2:])
    assert f"oncohooks reload --config {config}" in added.stderr
    check_startable(load_settings(config))
    assert [client.name for client in load_settings(config).client] == ["test EHR", "another"]
    assert config.read_bytes().startswith(before)
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert sorted(path.name for path in tmp_path.iterdir()) == ["jwks.json", "oncohooks.toml", "private.jwk"]


def test_clients_are_listed_with_what_keeps_them_out(config: Path) -> None:
    config.write_text(config.read_text() + '\n[[client]]\nname = "half"\nissuer = "https://half.example"\n')
    text = _run("list", "--config", str(config)).stdout
    assert "test EHR" in text
    assert "needs either jwks or jwks_uri" in text
    first, second = json.loads(_run("list", "--json", "--config", str(config)).stdout)
    assert (first["problems"], first["tenants"], first["keys"]) == ([], ["north"], ["in the settings"])
    assert second["problems"]


def test_no_client_is_an_empty_list() -> None:
    assert json.loads(_run("list", "--json").stdout) == []
    assert "no client" in _run("list").stderr


def test_a_registration_shows_keys_and_audiences(config: Path) -> None:
    result = _run("test", "test EHR", "--config", str(config), "--path", "/cds-services/oncology-order-sign/feedback")
    assert "usable keys" in result.stdout
    assert f"{PUBLIC_URL}/cds-services/oncology-order-sign/feedback" in result.stdout


def test_what_is_said_of_a_registration_and_of_a_token_is_there_as_json(config: Path, keys: Path) -> None:
    common = ["test EHR", "--json", "--config", str(config)]
    known = json.loads(_run("test", *common).stdout)
    assert known["keys"][0]["kind"] == "ES384"
    assert known["audiences"] == [f"{PUBLIC_URL}{PATH}"]
    good = json.loads(_run("test", *common, "--key", str(keys)).stdout)
    assert good["outcome"] == "accepted"
    bad = json.loads(_run("test", *common, "--key", str(keys), "--kid", "old", status=1).stdout)
    assert (bad["outcome"], bad["reason"], bad["token_has"]) == ("refused", "kid_unknown", ["kid: 'old'"])
    assert bad["remedy"] == REMEDIES[Reason.KID_UNKNOWN]


def test_a_token_that_was_made_can_be_checked_again(config: Path, keys: Path) -> None:
    made = _run("test", "test EHR", "--key", str(keys), "--print-token", "--config", str(config))
    assert made.stdout.count(".") == 2
    assert "accepted" in made.stderr
    for text in (made.stdout, f"Bearer {made.stdout}"):
        checked = _run("test", "test EHR", "--token", "-", "--config", str(config), input=text)
        assert "accepted" in checked.stdout
    wrong = ["--path", "/cds-services/oncology-order-sign", "--config", str(config)]
    refused = _run("test", "test EHR", "--token", "-", *wrong, input=made.stdout, status=1).stdout
    for part in ("refused: audience", "oncology-patient-view", "oncology-order-sign", "public_url"):
        assert part in refused


def _refusal(settings: Path, *options: str, token: str | None = None) -> str:
    return _run("test", "test EHR", "--config", str(settings), *options, input=token, status=1).stdout


@pytest.fixture
def known(tmp_path: Path) -> Path:
    """A settings file with a client whose keys the tests have."""
    file, jwks = tmp_path / "known.toml", tmp_path / "known.json"
    file.write_text(f'public_url = "{PUBLIC_URL}"\n')
    jwks.write_text(json.dumps(key_set()))
    _run("add", "test EHR", "--issuer", ISSUER, "--jwks", str(jwks), "--config", str(file), "--write")
    return file


EXPIRED = {"iss": ISSUER, "aud": f"{PUBLIC_URL}{PATH}", "iat": 1, "exp": 2, "jti": "a"}


@pytest.mark.parametrize(
    ("token", "reason", "shown"),
    [
        ("nonsense", Reason.NOT_A_TOKEN, "compact form"),
        (lambda: signed(EXPIRED), Reason.EXPIRED, "exp: 2"),
        (lambda: signed(EXPIRED | {"iss": "https://b.example"}), Reason.UNKNOWN_ISSUER, "'https://b.example'"),
        (lambda: signed(EXPIRED, {"kid": "other"}), Reason.KID_UNKNOWN, "'other'"),
        (lambda: signed(EXPIRED, key=other_ec_key()), Reason.SIGNATURE, KID),
        (lambda: forged({"alg": "none"}, EXPIRED), Reason.ALGORITHM, "ES384, RS384"),
    ],
)
def test_the_check_that_fails_is_named_with_its_remedy(known: Path, token: Any, reason: Reason, shown: str) -> None:
    report = _refusal(known, "--token", "-", token=token if isinstance(token, str) else token())
    assert report.startswith(f"refused: {reason.value}\n")
    assert shown in report
    assert REMEDIES[reason] in report


def test_a_token_of_a_strangers_key_is_refused(known: Path, tmp_path: Path) -> None:
    (tmp_path / "stranger.pem").write_bytes(_pem(other_ec_key()))
    assert "refused: signature" in _refusal(known, "--key", str(tmp_path / "stranger.pem"), "--kid", KID)


def _pem(key: Any) -> bytes:
    pem: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem


def test_a_pem_key_needs_its_id(tmp_path: Path, config: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(_pem(ec_key()))
    assert "--kid" in _run("test", "test EHR", "--key", str(file), "--config", str(config), status=1).stderr


@pytest.mark.parametrize("content", ["", "{}", '{"kty": "oct", "k": "AAAA"}', "-----BEGIN PRIVATE KEY-----\nevil", "{"])
def test_what_is_no_private_key_is_a_clear_error(tmp_path: Path, config: Path, content: str) -> None:
    file = tmp_path / "key"
    file.write_text(content)
    result = _run("test", "test EHR", "--key", str(file), "--kid", "a", "--config", str(config), status=1)
    assert "no private key" in result.stderr
    assert "evil" not in result.output


def test_an_unknown_client_is_told_from_the_known(config: Path) -> None:
    assert "test EHR" in _run("test", "nobody", "--config", str(config), status=1).stderr


def test_every_reason_has_a_remedy() -> None:
    assert set(REMEDIES) == set(Reason)
