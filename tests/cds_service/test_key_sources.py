"""Keys of clients: what is taken as a key, when keys are fetched, and how long they are trusted."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests
import responses

from cds_service.jwks import BadKeys, read_keys, read_published_keys
from cds_service.key_sources import (
    FRESH_SECONDS,
    PAUSE_SECONDS,
    TRUSTED_SECONDS,
    CannotFetch,
    FetchedKeys,
    KeysUnavailable,
    fetch_keys,
)
from tests.cds_service.clients import JWKS_URI, KID, ec_key, key_set, other_ec_key, public_jwk, rsa_key

GOOD = public_jwk(ec_key(), KID)
BAD_KEYS: dict[str, tuple[dict[str, Any], str]] = {
    "private": (GOOD | {"d": "AAAA"}, "private"),
    "symmetric": ({"kty": "oct", "kid": "a", "k": "AAAA"}, "symmetric"),
    "no kid": ({name: value for name, value in GOOD.items() if name != "kid"}, "no kid"),
    "kid a number": (GOOD | {"kid": 1}, "no kid"),
    "another type": ({"kty": "OKP", "kid": "a", "crv": "Ed25519", "x": "AAAA"}, "neither RSA nor EC"),
    "another curve": (GOOD | {"crv": "secp256k1"}, "neither RSA nor EC"),
    "for encryption": (GOOD | {"use": "enc"}, "not for signatures"),
    "for wrapping": (GOOD | {"key_ops": ["wrapKey"]}, "not for signatures"),
    "for HS256": (GOOD | {"alg": "HS256"}, "not accepted"),
    "off its curve": (GOOD | {"x": GOOD["y"]}, "malformed"),
    "without a coordinate": ({name: value for name, value in GOOD.items() if name != "y"}, "malformed"),
    "short RSA": (public_jwk(rsa_key(), "r") | {"n": "w" * 171}, "bits"),
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_a_bad_key_is_an_error_in_settings_and_left_out_of_a_published_set(name: str) -> None:
    key, problem = BAD_KEYS[name]
    with pytest.raises(BadKeys, match=problem):
        read_keys({"keys": [GOOD, key]})
    assert [key.kid for key in read_published_keys({"keys": [key, GOOD]}).keys] == [KID]


@pytest.mark.parametrize("document", [None, [], {}, {"keys": {}}, {"keys": []}, {"keys": [1]}, {"keys": [GOOD] * 101}])
def test_a_document_without_usable_keys_is_an_error(document: object) -> None:
    for read in (read_keys, read_published_keys):
        with pytest.raises(BadKeys):
            read(document)


def test_two_keys_of_one_id_are_an_error_in_settings() -> None:
    with pytest.raises(BadKeys, match="two keys"):
        read_keys({"keys": [GOOD, public_jwk(other_ec_key(), KID)]})


@pytest.mark.parametrize(
    ("members", "fitting"),
    [
        (public_jwk(ec_key(), "a"), {"ES384"}),
        (public_jwk(rsa_key(), "a"), {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        (public_jwk(rsa_key(), "a", alg="RS384"), {"RS384"}),
        (public_jwk(ec_key(), "a", alg="ES256"), set()),
    ],
)
def test_a_key_fits_the_algorithms_of_its_type_curve_and_alg(members: dict[str, Any], fitting: set[str]) -> None:
    (key,) = read_keys({"keys": [members]}).keys
    names = ("none", "HS256", "HS384", "ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
    assert {name for name in names if key.fits(name)} == fitting


class Host:
    """A host of keys that can change them or be down, and a clock."""

    def __init__(self) -> None:
        self.answer: Callable[[], bytes] = lambda: json.dumps(key_set()).encode()
        self.asked = 0
        self.time = 1000.0
        self.source = FetchedKeys(JWKS_URI, self._fetch, lambda: self.time)

    def _fetch(self, url: str) -> bytes:
        self.asked += 1
        return self.answer()

    def publishes(self, *keys: dict[str, Any]) -> None:
        self.answer = lambda: json.dumps({"keys": keys}).encode()

    def is_down(self) -> None:
        def fail() -> bytes:
            raise CannotFetch("ConnectTimeout")

        self.answer = fail

    def waits(self) -> tuple[threading.Event, threading.Event]:
        """It answers late: events that it was asked, and that it may answer."""
        begun, go_on = threading.Event(), threading.Event()
        slow = self.answer

        def wait() -> bytes:
            begun.set()
            assert go_on.wait(10)
            return slow()

        self.answer = wait
        return begun, go_on

    def knows(self, kid: str) -> bool:
        return bool(self.source.keys(kid).with_id(kid))


def test_keys_are_fetched_once_and_kept() -> None:
    host = Host()
    assert all(host.knows(KID) for _ in range(5))
    assert host.asked == 1


def test_a_new_key_is_fetched_when_it_is_first_used() -> None:
    host = Host()
    assert host.knows(KID)
    host.publishes(public_jwk(other_ec_key(), "new"))
    host.time += PAUSE_SECONDS
    assert host.knows("new")
    assert not host.knows(KID), "a key that was withdrawn is not trusted"
    assert host.asked == 2


def test_unknown_ids_do_not_flood_the_host() -> None:
    host = Host()
    for number in range(100):
        assert not host.knows(f"evil-{number}")
    assert host.asked == 1
    host.time += PAUSE_SECONDS
    for number in range(100):
        assert not host.knows(f"evil-{number}")
    assert host.asked == 2


@pytest.mark.parametrize("answer", [b"<html>", b"{}", b'{"keys": []}', None])
def test_known_keys_go_on_working_for_a_day_while_the_host_fails(answer: bytes | None) -> None:
    host = Host()
    assert host.knows(KID)
    if answer is None:
        host.is_down()
    else:
        host.answer = lambda: answer
    host.time += FRESH_SECONDS
    assert host.knows(KID)
    assert host.asked == 2
    host.time += TRUSTED_SECONDS - FRESH_SECONDS - 1
    assert host.knows(KID)
    host.time += 1
    with pytest.raises(KeysUnavailable):
        host.knows(KID)


def test_a_host_that_never_answered_is_asked_once_a_minute() -> None:
    host = Host()
    host.is_down()
    for _ in range(10):
        with pytest.raises(KeysUnavailable):
            host.knows(KID)
    assert host.asked == 1
    host.publishes(GOOD)
    host.time += PAUSE_SECONDS
    assert host.knows(KID)


def test_requests_at_once_fetch_once() -> None:
    host = Host()
    begun, go_on = host.waits()
    known: list[bool] = []
    threads = [threading.Thread(target=lambda: known.append(host.knows(KID))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert known == [True] * 8
    assert host.asked == 1


def test_old_keys_serve_the_others_while_one_request_fetches() -> None:
    host = Host()
    assert host.knows(KID)
    host.time += FRESH_SECONDS
    begun, go_on = host.waits()
    fetching = threading.Thread(target=host.knows, args=(KID,))
    fetching.start()
    assert begun.wait(10)
    assert host.knows(KID)
    go_on.set()
    fetching.join(10)


# --- fetching --------------------------------------------------------------------------------------------------------


def test_the_body_of_an_answer_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    with responses.RequestsMock() as mock:
        mock.get(JWKS_URI, body=b"{}")
        assert fetch_keys(JWKS_URI) == b"{}"
        assert "Authorization" not in mock.calls[0].request.headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with responses.RequestsMock() as mock:
        mock.get(JWKS_URI, status=status, headers={"Location": "http://169.254.169.254/"})
        with pytest.raises(CannotFetch, match=str(status)):
            fetch_keys(JWKS_URI)
        assert len(mock.calls) == 1


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"status": 404}, "404"),
        ({"status": 500}, "500"),
        ({"body": b"x" * 300_000}, "bytes"),
        ({"body": requests.ConnectTimeout("evil.example")}, "ConnectTimeout"),
        ({"body": requests.exceptions.SSLError("certificate")}, "SSLError"),
    ],
)
def test_what_is_no_key_set_is_an_error(answer: dict[str, Any], problem: str) -> None:
    with responses.RequestsMock() as mock:
        mock.get(JWKS_URI, **answer)
        with pytest.raises(CannotFetch, match=problem):
            fetch_keys(JWKS_URI)
