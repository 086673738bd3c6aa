"""The real server with two worker processes: a token is good once in both, and what is no HTTP is refused."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests

from cds_service.settings import Client
from cds_service.store import Store
from tests.cds_service.clients import ISSUER, NOW, PATH, PUBLIC_URL, claims, key_set, signed
from tests.conformance import check_answer
from tests.fhir import condition, patient, request
from tests.running import running

BODY = request(patient(), condition())

ANOTHER_PROCESS = """
import sys
from datetime import datetime
from cds_service.authentication import Authenticator, Credentials
from cds_service.refusals import Refused
from cds_service.settings import Client, Settings
from cds_service.store import Store
url, now, client, public_url, path, token = sys.argv[1:]
settings = Settings(public_url=public_url, client=(Client.model_validate_json(client),))
authenticator = Authenticator(settings, Store(url).use_token, now=lambda: datetime.fromisoformat(now))
try:
    print(authenticator.authenticate(Credentials(f"Bearer {token}", None, (public_url + path,))).name)
except Refused as refused:
    print(refused.reason.value)
"""


def test_a_token_that_another_process_has_seen_is_a_replay(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'oncohooks.sqlite'}"
    Store(url).upgrade()
    client = Client(name="test EHR", issuer=ISSUER, jwks=key_set())
    token = signed()
    arguments = [url, NOW.isoformat(), client.model_dump_json(), PUBLIC_URL, PATH, token]
    said = [
        subprocess.run(
            [sys.executable, "-c", ANOTHER_PROCESS, *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert said == ["test EHR", "replayed"]


def test_used_tokens_are_forgotten_when_they_could_not_be_used_any_more(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'oncohooks.sqlite'}")
    store.upgrade()
    until = NOW + timedelta(minutes=5)
    assert store.use_token("a", until, NOW)
    assert not store.use_token("a", until, NOW + timedelta(minutes=4))
    assert store.use_token("b", until + timedelta(hours=1), NOW + timedelta(minutes=6))
    with store.engine.connect() as connection:
        kept = [row[0] for row in connection.exec_driver_sql("SELECT digest FROM jti")]
    assert kept == ["b"]


def test_of_many_at_once_one_is_let_in(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'oncohooks.sqlite'}")
    store.upgrade()
    with ThreadPoolExecutor(8) as pool:
        used = list(pool.map(lambda _: store.use_token("a", NOW + timedelta(minutes=5), NOW), range(40)))
    assert used.count(True) == 1


# --- the running service ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a service with two workers, outside demo mode."""
    client = json.dumps([{"name": "test EHR", "issuer": ISSUER, "jwks": key_set()}])
    folder = tmp_path_factory.mktemp("two-workers")
    with running(folder, "--workers", "2", public_url=PUBLIC_URL, client=client) as service:
        yield service.port


def _fresh() -> str:
    return signed(claims(iat=int(time.time()), exp=int(time.time()) + 300))


def _post(port: int, token: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
    return requests.post(f"http://127.0.0.1:{port}{PATH}", json=BODY, headers=headers, timeout=60)


def test_a_token_is_good_once_in_all_workers(port: int) -> None:
    token = _fresh()
    assert [_post(port, token).status_code for _ in range(12)] == [200] + [401] * 11
    assert [_post(port, _fresh()).status_code for _ in range(6)] == [200] * 6


def _raw(port: int, content: bytes) -> tuple[int, bytes]:
    """The first answer to bytes on a connection of their own: its status, and all that came."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(content)
        received = b""
        while part := connection.recv(65536):
            received += part
    return int(received.split(b" ", 2)[1]), received


HEAD = f"POST {PATH} HTTP/1.1\r\nHost: cds.example\r\nConnection: close\r\nContent-Type: application/json\r\n".encode()

NOT_HTTP: dict[str, tuple[int, bytes]] = {
    "a header of 20 KiB": (431, HEAD + b"X-A: " + b"a" * 20_000 + b"\r\n\r\n"),
    "a hundred headers": (431, HEAD + b"".join(b"X-%d: a\r\n" % number for number in range(100)) + b"\r\n"),
    "a long request line": (414, b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    "no HTTP": (400, b"evil evil evil\r\n\r\n"),
    "two lengths": (400, HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
    "a length and chunks": (400, HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    "an unknown coding": (501, HEAD + b"Transfer-Encoding: evil\r\n\r\n"),
    "a length with a sign": (400, HEAD + b"Content-Length: +2\r\n\r\n{}"),
    "a space before the colon": (400, HEAD + b"Evil : 1\r\n\r\n"),
    "a zero byte in a header": (400, HEAD + b"X-A: evil\x00\r\n\r\n"),
}


@pytest.mark.parametrize("name", NOT_HTTP)
def test_what_is_no_proper_http_is_refused_in_json(port: int, name: str) -> None:
    status, content = NOT_HTTP[name]
    answered, received = _raw(port, content)
    head, _, body = received.partition(b"\r\n\r\n")
    assert answered == status
    check_answer(
        "POST", PATH, status, "application/json" if b"Content-Type: application/json" in head else "other", body
    )
    assert b"evil" not in received
    assert requests.get(f"http://127.0.0.1:{port}/health", timeout=60).ok


@pytest.mark.parametrize("request_line", [f"OPTIONS {PATH}", "GET /health", f"PUT {PATH}", "POST /nothing"])
def test_a_connection_goes_on_after_a_body_that_nobody_read(port: int, request_line: str) -> None:
    method, path = request_line.split()
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, path, body=b" " * 300_000)
        response = connection.getresponse()
        response.read()
        used = connection.sock
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200
        assert connection.sock is used or response.getheader("Connection") == "close"
