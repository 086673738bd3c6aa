"""Whether anything answers at the address, and by which TLS with which certificate."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from cds_service.doctor.findings import Check, Finding, Problem, failed, ok, warning
from cds_service.setting_types import LOOPBACK

_SECONDS = 10
_SOON = timedelta(days=30)
#: OpenSSL's numbers of what is wrong with a certificate (X509_V_ERR_…).
_EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 10, 62, 64


def check_connection(url: str, ca_bundle: Path | None, now: datetime) -> Iterator[Finding]:
    """A connection, and its TLS. ``ca_bundle``: authorities to trust in place of the usual ones."""
    parts = urlsplit(url)
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    try:
        with socket.create_connection((host, port), timeout=_SECONDS) as connection:
            yield ok(Check.REACHABLE, f"{host} answers on port {port}")
            yield _tls(connection, host, ca_bundle, now) if is_tls else _plain(host)
    except socket.gaierror:
        yield failed(Check.REACHABLE, Problem.UNKNOWN_HOST, f"there is no host {host}")
    except ConnectionRefusedError:
        yield failed(Check.REACHABLE, Problem.REFUSED, f"nothing listens on port {port} of {host}")
    except OSError as error:
        yield failed(Check.REACHABLE, Problem.NO_ANSWER, f"{host}, port {port}: {error.strerror or 'no answer'}")


def _plain(host: str) -> Finding:
    if host in LOOPBACK:
        return ok(Check.TLS, "not needed on this machine")
    return failed(Check.TLS, Problem.NO_TLS, "the address is http")


def _tls(connection: socket.socket, host: str, ca_bundle: Path | None, now: datetime) -> Finding:
    context = ssl.create_default_context(cafile=ca_bundle) if ca_bundle else _usual_context()
    try:
        with context.wrap_socket(connection, server_hostname=host) as tls:
            certificate = tls.getpeercert() or {}
            return _judged(str(tls.version()), str(certificate["notAfter"]), now)
    except ssl.SSLCertVerificationError as error:
        problems = {_EXPIRED: Problem.TLS_EXPIRED, _OTHER_HOST: Problem.TLS_NAME, _OTHER_ADDRESS: Problem.TLS_NAME}
        return failed(Check.TLS, problems.get(error.verify_code, Problem.TLS_UNTRUSTED), error.verify_message)
    except OSError as error:
        said = getattr(error, "reason", None) or error.strerror or type(error).__name__
        return failed(Check.TLS, Problem.TLS_HANDSHAKE, f"no TLS connection: {said}")


def _usual_context() -> ssl.SSLContext:
    """With the authorities that the calls trust: of the environment, else those that come with the HTTP library."""
    verify = requests.Session().merge_environment_settings("https://", {}, None, None, None)["verify"]
    place = verify if isinstance(verify, str) else DEFAULT_CA_BUNDLE_PATH
    if Path(place).is_dir():
        return ssl.create_default_context(capath=place)
    return ssl.create_default_context(cafile=place)


def _judged(version: str, not_after: str, now: datetime) -> Finding:
    expires = datetime.fromtimestamp(ssl.cert_time_to_seconds(not_after), UTC)
    said = f"{version}, certificate good until {expires:%Y-%m-%d}"
    if expires - now < _SOON:
        return warning(Check.TLS, Problem.TLS_EXPIRES_SOON, said)
    return ok(Check.TLS, said)
