"""Other servers than the one that may be asked: none of them ever gets a request, let alone the token."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from cds_service.fetching import Fetcher
from cds_service.fhir_budget import Budget, FetchFailure, Reply
from cds_service.fhir_transport import HttpTransport
from cds_service.hooks import PATIENT_VIEW
from cds_service.settings import Client, Settings
from tests.fetching import Complete, answers, ids, many
from tests.fhir import protein, request, variant
from tests.fhir_server import TOKEN, Exchange, FakeFhirServer, Json, searchset

L858R = variant("v1", "EGFR", protein("NP_005219.2:p.Leu858Arg"))
DATA = searchset(L858R)


# --- other servers ---------------------------------------------------------------------------------------------------


def test_redirects_are_not_followed(server: FakeFhirServer, foreign: FakeFhirServer, complete: Complete) -> None:
    for target in (
        f"{foreign.base}/Observation?patient=p1&_count=5",
        f"{server.base}/Observation?patient=p1&_count=5",
        "//x/",
    ):
        for status in (301, 302, 303, 307, 308):
            server.faults["Observation"] = answers(status, b"", Location=target)
            assert complete().failed == {"observations": "redirect"}
    assert not foreign.seen
    assert len(server.asked_for("Observation")) == 15


def paged_to(url: object) -> Json:
    return searchset(L858R) | {"link": [{"relation": "next", "url": url}]}


def other_servers(server: FakeFhirServer, foreign: FakeFhirServer) -> list[object]:
    own_port, other_port = (fake.origin.rpartition(":")[2] for fake in (server, foreign))
    return [
        f"{foreign.base}/Observation?page=2",
        "http://169.254.169.254/latest/meta-data/iam",
        "https://evil.example/Observation",
        f"//127.0.0.1:{other_port}/Observation",
        f"http://127.0.0.1:{own_port}@127.0.0.1:{other_port}/Observation",
        f"http://127.0.0.1:{own_port}\\@127.0.0.1:{other_port}/Observation",
        f"http://user:x@127.0.0.1:{own_port}/fhir/R4/Observation",
        f"https://127.0.0.1:{own_port}/fhir/R4/Observation",
        f"http://localhost:{own_port}/fhir/R4/Observation",
        f"http://127.0.0.1:{own_port}1/fhir/R4/Observation",
        f"\thttp://127.0.0.1:{other_port}/",
        f"/\\127.0.0.1:{other_port}/Observation",
        "file:///etc/passwd",
        "gopher://127.0.0.1:1/",
        "javascript:alert(1)",
        "",
        None,
        7,
        {"url": "x"},
    ]


def test_further_pages_elsewhere_are_not_followed(
    server: FakeFhirServer, foreign: FakeFhirServer, complete: Complete
) -> None:
    for url in other_servers(server, foreign):
        for as_sent in (True, False):
            server.seen.clear()
            server.faults["Observation"] = answers(200, paged_to(url))
            fetched = complete(**({"observations": paged_to(url)} if as_sent else {}))
            assert fetched.failed == {"observations": "the next page is on another server"}, url
            assert ids(fetched) == ["v1"]
            assert len(server.asked_for("Observation")) == (0 if as_sent else 1)
            assert fetched.body["prefetch"]["observations"]["link"], "still marked as incomplete"
    assert not foreign.seen


@pytest.mark.parametrize(
    "relative", ["Observation?patient=p1&_count=5&page=1", "?page=1", "/fhir/R4/Observation?patient=p1&_count=5&page=1"]
)
def test_a_relative_next_page_is_the_servers_own(server: FakeFhirServer, complete: Complete, relative: str) -> None:
    server.faults["*"] = answers(200, searchset(*many(2)))
    fetched = complete(observations=paged_to(relative))
    assert not {"observations"} & set(fetched.failed)
    assert ids(fetched) == ["v1", "v0", "v1"]


def test_cookies_are_not_kept(server: FakeFhirServer, complete: Complete) -> None:
    server.resources += many(3)
    server.page_size = 1
    server.faults["Observation"] = lambda exchange: exchange.send(
        200, paged_to(f"{server.base}/Observation?page=2") if "page" not in exchange.path else DATA, Set_Cookie="who=p1"
    )
    assert not complete().failed
    assert len(server.asked_for("Observation")) == 2
    assert not any("Cookie" in seen.headers for seen in server.seen)


def test_a_netrc_file_does_not_replace_the_token(
    server: FakeFhirServer, complete: Complete, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login a password b\n", encoding="ascii")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert not complete().failed


# --- who may name which server ---------------------------------------------------------------------------------------


class Recording:
    """A transport that remembers what it was asked for."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def __call__(self, url: str, headers: Any, budget: Budget) -> Reply:
        self.sent.append((url, headers.get("Authorization", "")))
        return Reply(200, "application/json", json.dumps(searchset()).encode())


SERVERS = ("https://EHR.example:443/fhir/R4/", "https://ehr.example/other")


@pytest.mark.parametrize(
    ("named", "is_allowed"),
    [
        ("https://ehr.example/fhir/R4", True),
        ("https://ehr.example/fhir/R4/", True),
        ("HTTPS://Ehr.Example:443/fhir/R4", True),
        ("https://ehr.example/other", True),
        ("https://ehr.example/fhir/r4", False),
        ("https://ehr.example/fhir", False),
        ("https://ehr.example/fhir/R4/../../admin", False),
        ("https://ehr.example/fhir/R4?x=", False),
        ("https://ehr.example:8443/fhir/R4", False),
        ("http://ehr.example/fhir/R4", False),
        ("https://ehr.example.evil.example/fhir/R4", False),
        ("https://ehr.example@evil.example/fhir/R4", False),
        ("https://evil.example/fhir/R4", False),
        ("https://169.254.169.254/fhir/R4", False),
        ("https://127.0.0.1/fhir/R4", False),
    ],
)
def test_a_client_may_name_its_own_servers_only(named: str, is_allowed: bool) -> None:
    client = Client(name="ehr", issuer="https://ehr.example", fhir_servers=SERVERS)
    transport = Recording()
    fetcher = Fetcher(Settings(client=(client,)), transport)
    body = request(prefetch={}, fhirServer=named, fhirAuthorization={"access_token": TOKEN})
    assert fetcher.complete(body, PATIENT_VIEW.needs, "another client").refusal
    assert not transport.sent
    fetched = fetcher.complete(body, PATIENT_VIEW.needs, client.name, client.fhir_servers)
    assert (fetched.refusal is None) == is_allowed
    assert bool(transport.sent) == is_allowed
    assert all(url.startswith("https://ehr.example/") and token == f"Bearer {TOKEN}" for url, token in transport.sent)
    assert "fhirAuthorization" not in fetched.body
    assert TOKEN not in repr(fetched)
    fetcher.close()


@pytest.mark.parametrize(
    "server",
    [
        "http://ehr.example/fhir",
        "ehr.example/fhir",
        "ftp://ehr.example",
        "https://user:secret@ehr.example/fhir",
        "https://ehr.example/fhir?x=1",
        "https://ehr.example/fhir#a",
        "https://ehr.example/fhir/..",
        "https://169.254.169.254/fhir",
        "https://[fe80::1]/fhir",
        "https://0.0.0.0/fhir",
        "https://224.0.0.1/fhir",
        "https:///fhir",
        "https://ehr.example:port/fhir",
        "",
    ],
)
def test_settings_name_only_servers_that_may_be_asked(server: str) -> None:
    with pytest.raises(ValueError, match="fhir_servers"):
        Client(name="ehr", issuer="x", fhir_servers=(server,))


def test_servers_of_this_machine_need_no_tls() -> None:
    servers = ("http://127.0.0.1:8081/fhir/", "http://[::1]:8081/fhir", "http://localhost/fhir")
    client = Client(name="ehr", issuer="x", fhir_servers=servers)
    assert client.fhir_servers == ("http://127.0.0.1:8081/fhir", "http://[::1]:8081/fhir", "http://localhost/fhir")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with certificates of this machine, of another name, and their keys; each is its own authority."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificates of this test")
    folder = tmp_path_factory.mktemp("certificates")
    for name, subject in (("here", "IP:127.0.0.1"), ("elsewhere", "DNS:ehr.example")):
        files = ["-keyout", str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")]
        about = ["-subj", f"/CN={name}", "-addext", f"subjectAltName={subject}", "-days", "2"]
        new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes"]
        subprocess.run([*new, *files, *about], check=True, capture_output=True)
    return folder


def secured(certificates: Path, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    return context


@pytest.mark.parametrize(
    ("shown", "trusted", "is_read"),
    [("here", "here", True), ("here", "elsewhere", False), ("here", None, False), ("elsewhere", "elsewhere", False)],
)
def test_a_server_must_show_a_certificate_of_its_name_from_a_trusted_authority(
    certificates: Path, shown: str, trusted: str | None, is_read: bool
) -> None:
    server = FakeFhirServer([L858R], tls=secured(certificates, shown))
    transport = HttpTransport(certificates / f"{trusted}.pem" if trusted else None)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    try:
        for _ in range(2):
            if is_read:
                reply = transport(f"{server.base}/Observation/v1", headers, Budget(10, 10_000))
                assert json.loads(reply.body)["id"] == "v1"
                continue
            with pytest.raises(FetchFailure, match="no connection"):
                transport(f"{server.base}/Observation/v1", headers, Budget(10, 10_000))
    finally:
        transport.close()
        server.close()
    assert len(server.seen) == (2 if is_read else 0)


def test_a_secure_connection_is_broken_too_when_the_time_is_over(certificates: Path) -> None:
    server = FakeFhirServer([L858R], tls=secured(certificates, "here"))
    server.faults["*"] = Exchange.hang
    transport = HttpTransport(certificates / "here.pem")
    budget = Budget(60, 10_000)
    begun = time.monotonic()
    threading.Timer(0.5, budget.cut_off).start()
    with pytest.raises(FetchFailure, match="time limit"):
        transport(f"{server.base}/Observation/v1", {}, budget)
    assert time.monotonic() - begun < 15, "the server would hang for twenty seconds"
    transport.close()
    server.close()


def test_a_server_without_tls_where_it_is_expected_gets_no_request(server: FakeFhirServer) -> None:
    transport = HttpTransport()
    url = server.base.replace("http://", "https://") + "/Patient/p1"
    with pytest.raises(FetchFailure, match="no connection"):
        transport(url, {"Authorization": f"Bearer {TOKEN}"}, Budget(10, 1000))
    transport.close()
    assert not server.seen
