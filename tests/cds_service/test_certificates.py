"""Clients that are known by their certificate, as a trusted proxy passes it on."""

from __future__ import annotations

import base64
import hashlib
import ssl
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from flask import Flask

from cds_service import Advisor, Settings, create_app
from cds_service.authentication import Authenticator
from cds_service.certificates import TrustedProxies, read_certificate
from cds_service.settings import Client
from tests.cds_service.clients import ISSUER, NOW, PATH, PUBLIC_URL, ec_key, key_set, other_ec_key, signed
from tests.conftest import TODAY
from tests.fhir import condition, patient, request

BODY = request(patient(), condition())
SUBJECT = "CN=ehr.example,O=Example Hospital,C=DE"


@cache
def _der(of_the_client: bool = True) -> bytes:
    key = ec_key() if of_the_client else other_ec_key()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ehr.example")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, NOW, NOW + timedelta(days=9))
    return builder.sign(key, hashes.SHA384()).public_bytes(serialization.Encoding.DER)


def _fingerprint(of_the_client: bool = True) -> str:
    return hashlib.sha256(_der(of_the_client)).hexdigest()


def _with_colons(digits: str) -> str:
    return ":".join(digits[place : place + 2] for place in range(0, 64, 2)).upper()


def _forms(of_the_client: bool) -> dict[str, str]:
    """The forms in which proxies name a certificate."""
    pem = ssl.DER_cert_to_PEM_cert(_der(of_the_client))
    return {
        "RFC 9440": f":{base64.b64encode(_der(of_the_client)).decode()}:",
        "PEM, percent-encoded": quote(pem),
        "PEM, percent-encoded but for some": quote(pem, safe="/+=:"),
        "fingerprint": _fingerprint(of_the_client),
        "fingerprint with colons": _with_colons(_fingerprint(of_the_client)),
    }


def _app(advisor: Advisor, **members: Any) -> Flask:
    client = Client(
        name="test EHR",
        issuer=ISSUER,
        jwks=key_set(),
        certificate_fingerprints=(_with_colons(_fingerprint()),),
        certificate_subjects=(SUBJECT,),
        **members,
    )
    settings = Settings(
        public_url=PUBLIC_URL, client=(client,), trusted_proxies=("10.0.0.0/8", "::1"), certificate_header="Client-Cert"
    )
    authenticator = Authenticator(settings, lambda *_: True, now=lambda: NOW)
    app = create_app(settings, advisor=advisor, today=lambda: TODAY, authenticator=authenticator)
    return app


def _status(app: Flask, certificate: str | None, token: str | None = None, peer: str = "10.1.2.3") -> int:
    headers = {"Client-Cert": certificate} if certificate is not None else {}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    client = app.test_client()
    answer = client.post(PATH, json=BODY, headers=headers, environ_overrides={"REMOTE_ADDR": peer})
    return answer.status_code


@pytest.mark.parametrize("form", _forms(True))
def test_a_certificate_stands_for_a_token_where_that_was_agreed(advisor: Advisor, form: str) -> None:
    app = _app(advisor, proof="certificate")
    assert _status(app, _forms(True)[form]) == 200
    assert _status(app, _forms(False)[form]) == 401
    assert _status(app, _forms(True)[form], peer="192.0.2.1") == 401, "anybody can send a header"
    assert _status(app, _forms(True)[form], signed()) == 401, "no token was agreed"


@pytest.mark.parametrize("form", _forms(True))
def test_both_are_needed_where_both_were_agreed(advisor: Advisor, form: str) -> None:
    app = _app(advisor, proof="both")
    assert _status(app, _forms(True)[form], signed()) == 200
    assert _status(app, _forms(True)[form]) == 401
    assert _status(app, None, signed()) == 401
    assert _status(app, _forms(False)[form], signed()) == 401
    assert _status(app, _forms(True)[form], signed(), peer="192.0.2.1") == 401


def test_a_certificate_is_no_proof_where_a_token_was_agreed(advisor: Advisor) -> None:
    app = _app(advisor)
    assert _status(app, _fingerprint()) == 401
    assert _status(app, None, signed()) == 200


@pytest.mark.parametrize(
    ("subject", "status"),
    [
        (SUBJECT, 200),
        (f"{SUBJECT} ", 200),
        (SUBJECT.lower(), 401),
        (f"CN=evil,{SUBJECT}", 401),
        (f"CN=evil.example, {SUBJECT}", 401),
        (f"{SUBJECT},CN=evil", 401),
        ("", 401),
    ],
)
def test_a_subject_is_compared_whole(advisor: Advisor, subject: str, status: int) -> None:
    assert _status(_app(advisor, proof="certificate"), subject) == status


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("10.255.0.1", True),
        ("::ffff:10.0.0.1", True),
        ("::1", True),
        ("11.0.0.1", False),
        ("127.0.0.1", False),
        ("::2", False),
        ("", False),
        (None, False),
        ("unix:/run/proxy", False),
        ("10.0.0.1, 192.0.2.1", False),
    ],
)
def test_only_trusted_peers_are_believed(peer: str | None, trusted: bool) -> None:
    proxies = TrustedProxies(("10.0.0.0/8", "::1"), "Client-Cert")
    assert (proxies.certificate(peer, _fingerprint()) is not None) is trusted


@pytest.mark.parametrize("value", ["::", ":AAA:", ":=AAA:", "-----BEGIN%20CERTIFICATE-----%0Aevil", "  "])
def test_a_certificate_that_cannot_be_read_is_none(value: str) -> None:
    found = read_certificate(value)
    assert found is None or found.fingerprint is None
