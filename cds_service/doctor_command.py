"""``oncohooks doctor``: whether an installation is ready for its clients, each finding with its remedy."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import urlsplit

import click

from cds_service.codec import dumps_pretty
from cds_service.command_inputs import CA_BUNDLE
from cds_service.doctor import Check, Finding, Options, State, examine
from cds_service.doctor.fetching import FhirAccess
from cds_service.fhir_servers import address_of
from cds_service.progress import watched
from cds_service.signing_options import signer_of, signing_options
from cds_service.text_layout import width

_COLOURS = {State.OK: "green", State.WARNING: "yellow", State.FAILED: "red", State.SKIPPED: "cyan"}
#: Exit statuses beside 0 and the 2 of wrong usage.
FAILED, UNREACHABLE = 1, 3


@click.command()
@click.argument("url")
@signing_options
@CA_BUNDLE
@click.option("--origin", help="Origin of a client in a browser, to check CORS: https://ehr.example.")
@click.option("--fhir-server", help="FHIR base URL of a test system; a call without prefetch tries to fetch from it.")
@click.option("--fhir-token", type=click.File(), help="File with an access token for it; - is standard input.")
@click.option("--patient", help="Id of a patient of that test system.")
@click.option("--release", help="The knowledge release that is expected: sha256:…")
@click.option("--calls", type=click.IntRange(1, 100), default=5, show_default=True, help="Sample calls of each hook.")
@click.option("--strict", is_flag=True, help="Fail for warnings too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(
    url: str,
    ca_bundle: Path | None,
    origin: str | None,
    fhir_server: str | None,
    fhir_token: TextIO | None,
    patient: str | None,
    release: str | None,
    calls: int,
    strict: bool,
    as_json: bool,
    **signing: Any,
) -> None:
    """Check a running service as its clients see it, and say what to do about what is wrong.

    URL is the base address, without /cds-services. Checked are: connection, TLS and certificate, readiness, clock,
    discovery, who is let in (with --key: a good token, forged ones, a used one), a call of each hook for an invented
    patient, latency, CORS, fetching from a FHIR server, the knowledge release, and who can read the metrics.

    The calls are answered like those of a clinician: the service keeps a decision record of each.

    Exit status 0 if nothing failed, 1 if something did (with --strict: or is to be looked at), 2 for wrong usage, 3 if
    nothing answers at the address.

    \b
    Examples:
      oncohooks doctor http://127.0.0.1:8080
      oncohooks doctor https://cds.hospital.example --key key.json --issuer https://ehr.hospital.example
      oncohooks doctor https://cds.hospital.example --key key.json --issuer https://ehr.hospital.example \\
        --fhir-server https://fhir.test.example/R4 --fhir-token token.txt --patient test-1
      oncohooks doctor https://cds.hospital.example --origin https://ehr.hospital.example --json
    """
    options = Options(
        url=_base(url),
        signer=signer_of(**signing),
        ca_bundle=ca_bundle,
        origin=origin,
        fhir=_fhir_access(fhir_server, fhir_token, patient),
        release=release,
        calls=calls,
    )
    found = _printed_as_json(options) if as_json else _printed(options)
    sys.exit(exit_status(found, strict))


def exit_status(findings: Iterable[Finding], strict: bool = False) -> int:
    """What the findings come to, for scripts."""
    found = list(findings)
    if any(one.check is Check.REACHABLE and one.state is State.FAILED for one in found):
        return UNREACHABLE
    bad = {State.FAILED, State.WARNING} if strict else {State.FAILED}
    return FAILED if any(one.state in bad for one in found) else 0


def _base(url: str) -> str:
    parts = urlsplit(url)
    if address_of(url) is None or parts.query or parts.fragment:
        raise click.UsageError("URL is the base address of the service, such as https://cds.hospital.example")
    if parts.path.rstrip("/").endswith("/cds-services"):
        raise click.UsageError("URL is the base address, without /cds-services")
    return url.rstrip("/")


def _fhir_access(server: str | None, token: TextIO | None, patient: str | None) -> FhirAccess | None:
    if server is None:
        if token or patient:
            raise click.UsageError("--fhir-token and --patient need --fhir-server")
        return None
    if patient is None:
        raise click.UsageError("--fhir-server needs --patient, whose record is to be fetched")
    return FhirAccess(server, token.read().strip() if token else None, patient)


def _printed(options: Options) -> list[Finding]:
    """The findings, each printed as soon as it is there, with a remedy the first time that it is needed."""
    found: list[Finding] = []
    for finding in examine(options):
        is_new = finding.problem not in {one.problem for one in found}
        click.echo(_text(finding, finding.remedy if is_new else None))
        found.append(finding)
    click.secho(f"\n{_counts(found)}", bold=True)
    return found


def _text(finding: Finding, remedy: str | None) -> str:
    head = f"{finding.state.value:8} {finding.check.value:10} "
    room, indent = width() - len(head), " " * len(head)
    lines = textwrap.wrap(finding.said, room, break_long_words=False) or [""]
    if remedy:
        lines += textwrap.wrap(f"-> {remedy}", room, subsequent_indent="   ")
    first = click.style(head, fg=_COLOURS[finding.state]) + lines[0]
    return "\n".join([first, *(f"{indent}{line}" for line in lines[1:])])


def _printed_as_json(options: Options) -> list[Finding]:
    with watched(examine(options), "checking", length=len(Check)) as findings:
        found = list(findings)
    counts = {state.value: sum(1 for one in found if one.state is state) for state in State}
    report = {
        "url": options.url,
        "checked_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "findings": [finding.to_json() for finding in found],
        "counts": counts,
    }
    click.echo(dumps_pretty(report))
    return found


def _counts(found: list[Finding]) -> str:
    counted = ((sum(1 for one in found if one.state is state), state) for state in State)
    return ", ".join(f"{number} {state.value}" for number, state in counted if number)
