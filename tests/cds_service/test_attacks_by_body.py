"""Attacks by what is sent and where: bodies that are too much or ambiguous, odd paths, texts that want to come back."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service import Advisor, Settings, create_app
from tests.cds_service.clients import PATH
from tests.conftest import TODAY
from tests.fhir import condition, patient, protein, request, variant

BODY = request(patient(), condition(), variant("v1", "EGFR", protein("p.Leu858Arg")))
JSON = "application/json"


@pytest.fixture
def open_client(advisor: Advisor) -> FlaskClient:
    """A client of the service in demo mode, where nothing stands before the body."""
    app = create_app(Settings(demo=True, max_body_bytes=200_000), advisor=advisor, today=lambda: TODAY)
    return app.test_client()


def _bytes(**members: Any) -> bytes:
    return json.dumps(BODY | members).encode()


def _deflated_raw(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(body) + stream.flush()


def _nested(depth: int) -> bytes:
    return _bytes(extension=0).replace(b'"extension": 0', b'"extension": ' + b"[" * depth + b"]" * depth)


BOMB = gzip.compress(bytes(50_000_000))

#: name: status, content encoding, body.
BODIES: dict[str, tuple[int, str | None, bytes]] = {
    "longer than allowed": (413, None, _bytes(padding="x" * 200_000)),
    "gzip bomb": (413, "gzip", BOMB),
    "deflate bomb": (413, "deflate", zlib.compress(bytes(50_000_000))),
    "bomb of many members": (413, "gzip", gzip.compress(bytes(90_000)) * 3),
    "gzip of the right size": (200, "gzip", gzip.compress(_bytes())),
    "gzip of two members": (200, "GZIP", gzip.compress(_bytes()[:100]) + gzip.compress(_bytes()[100:])),
    "deflate": (200, "deflate", zlib.compress(_bytes())),
    "deflate without its frame": (400, "deflate", _deflated_raw(_bytes())),
    "gzip cut off": (400, "gzip", gzip.compress(_bytes())[:-9]),
    "gzip with something behind": (400, "gzip", gzip.compress(_bytes()) + b"evil"),
    "gzip of nothing": (400, "gzip", b""),
    "gzip that is none": (400, "gzip", _bytes()),
    "compressed twice": (415, "gzip, gzip", gzip.compress(gzip.compress(_bytes()))),
    "brotli": (415, "br", b"\x0b\x02\x80"),
    "too deep for the parser": (400, None, _nested(5000)),
    "too deep to be written": (400, None, _nested(300)),
    "deep": (200, None, _nested(200)),
    "a member twice": (400, None, _bytes().replace(b'"hook":', b'"hook": "order-sign", "hook":')),
    "a member of a resource twice": (
        400,
        None,
        _bytes().replace(b'"birthDate":', b'"birthDate": "1900-01-01", "birthDate":'),
    ),
    "a member twice, once in escapes": (400, None, _bytes().replace(b'"hook":', b'"h\\u006fok": "x", "hook":')),
    "a member twice behind escaped quotes": (
        400,
        None,
        _bytes(extension="?").replace(b'"?"', b'{"a": 1, "a": "\\u0022"}'),
    ),
    "a member twice behind an escaped colon": (
        400,
        None,
        _bytes(extension="?").replace(b'"?"', b'{"a": 1, "a": "\\"\\u003A"}'),
    ),
    "a member twice, each before a space": (400, None, _bytes(extension="?").replace(b'"?"', b'{"a" : 1, "a" : 2}')),
    "members before a space": (200, None, _bytes().replace(b'":', b'" :')),
    "escaped colons alone": (200, None, _bytes(extension="?").replace(b'"?"', b'"\\"\\u003a \\":"')),
    "escaped quotes alone": (200, None, _bytes(extension="?").replace(b'"?"', b'"\\u0022 \\" \\\\"')),
    "not UTF-8": (400, None, _bytes(extension="?").replace(b"?", b"\xff")),
    "UTF-8 longer than need be": (400, None, _bytes(extension="?").replace(b"?", b"\xc0\xaf")),
    "half a surrogate pair": (400, None, _bytes(extension="?").replace(b"?", b"\\ud800")),
    "UTF-16": (400, None, _bytes().decode().encode("utf-16")),
    "byte order mark": (400, None, b"\xef\xbb\xbf" + _bytes()),
    "NaN": (400, None, _bytes(extension="?").replace(b'"?"', b"NaN")),
    "a zero byte": (400, None, _bytes() + b"\x00"),
    "something behind": (400, None, _bytes() + b"{}"),
    "a comment": (400, None, b"/* */" + _bytes()),
    "nothing": (400, None, b""),
}


@pytest.mark.parametrize("attack", BODIES)
def test_a_bad_body_is_refused_and_a_good_one_is_not(open_client: FlaskClient, attack: str) -> None:
    status, encoding, body = BODIES[attack]
    headers = {"Content-Type": JSON} | ({"Content-Encoding": encoding} if encoding else {})
    assert open_client.post(PATH, data=body, headers=headers).status_code == status


def test_a_body_of_unknown_length_is_bounded_too(open_client: FlaskClient) -> None:
    body = _bytes(padding="x" * 200_000)
    environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    answer = open_client.post(PATH, data=body, content_type=JSON, environ_overrides=environ)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/cds-services/../cds-services/oncology-patient-view", 404),
        ("/cds-services/%2e%2e/%2e%2e/etc/passwd", 404),
        ("/cds-services/..%2f..%2fetc%2fpasswd", 404),
        ("/cds-services//oncology-patient-view", 404),
        ("/cds-services/oncology-patient-view%00", 404),
        ("/cds-services/oncology-patient-view%0d%0aX-Evil:%201", 404),
        ("/cds-services/ONCOLOGY-PATIENT-VIEW", 404),
        ("/cds-services/oncology-patient-view;a=1", 404),
        ("/cds-services/oncology-patient-view/feedback/..", 404),
        ("/cds-services/" + "a" * 1500, 404),
        ("/CDS-SERVICES/oncology-patient-view", 404),
        ("/cds-services/%ff%fe", 404),
        ("/cds-services/<script>alert(1)</script>", 404),
    ],
)
def test_odd_paths_lead_nowhere(open_client: FlaskClient, path: str, status: int) -> None:
    answer = open_client.post(path, json=BODY)
    assert answer.status_code == status
    assert "Location" not in answer.headers
    assert not any(word in answer.text for word in ("passwd", "script", "Evil", "aaaa"))


def test_a_double_slash_is_not_redirected_to_the_host_of_the_caller(open_client: FlaskClient) -> None:
    path = {"PATH_INFO": "//cds-services//oncology-patient-view"}  # a test client takes its beginning for a host
    answer = open_client.post("/", environ_overrides=path, json=BODY, headers={"Host": "evil.example"})
    assert answer.status_code == 404
    assert "evil.example" not in str(answer.headers)


@pytest.mark.parametrize("member", ["hookInstance", "userId", "encounterId", "fhirServer"])
def test_identifiers_come_back_in_no_header_and_no_error(open_client: FlaskClient, member: str) -> None:
    evil = "x\r\nSet-Cookie: evil=1"
    body = _bytes(**{member: evil}) if member in ("hookInstance", "fhirServer") else _with_context(member, evil)
    for content in (body, body.replace(b'"patient-view"', b'"order-sign"')):
        answer = open_client.post(PATH, data=content, content_type=JSON, headers={"X-Request-ID": "evil"})
        assert "evil" not in str(answer.headers)
        assert "evil" not in answer.text


def _with_context(member: str, value: str) -> bytes:
    return _bytes(context=BODY["context"] | {member: value})
