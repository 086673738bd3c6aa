"""A registration sheet for people: what to type stands on lines of its own, never wrapped, so that it can be copied."""

from __future__ import annotations

from collections.abc import Iterator

import click

from cds_service.registration import BASES, Sheet
from cds_service.text_layout import heading, item, paragraph


def sheet_text(sheet: Sheet) -> str:
    """The whole sheet."""
    parts = (
        _head(sheet),
        _services(sheet),
        _prefetch(sheet),
        _fhir(sheet),
        _tokens(sheet),
        _cards(sheet),
        _notes(sheet),
    )
    return "\n\n".join("\n".join(part) for part in parts)


def _head(sheet: Sheet) -> Iterator[str]:
    whose = f", client {sheet.client}" if sheet.client else ""
    yield heading(f"Registration in {sheet.ehr.title}{whose}")
    if sheet.ehr.reads_discovery:
        yield "Discovery address"
        yield f"  {sheet.discovery_url}"
    for problem in sheet.problems:
        yield click.style(item(f"still to do: {problem}"), fg="yellow")


def _services(sheet: Sheet) -> Iterator[str]:
    yield heading("Services")
    for endpoint in sheet.endpoints:
        unknown = "" if endpoint.called else "  (not known to be called by this EHR)"
        yield f"{endpoint.hook}: {endpoint.title}{unknown}"
        yield f"  service URL   {endpoint.url}"
        yield f"  feedback URL  {endpoint.feedback_url}"
        yield f"  aud of JWT    {endpoint.audience}"


def _prefetch(sheet: Sheet) -> Iterator[str]:
    yield heading("Prefetch: key, then query")
    for query in sheet.prefetch:
        yield f"{query.key}{'  (needed)' if query.needed else ''}"
        yield f"  {query.query}"


def _fhir(sheet: Sheet) -> Iterator[str]:
    yield heading(f"FHIR {sheet.fhir_version}: what the access token should let the service read")
    yield paragraph(", ".join(sheet.fhir_reads))


def _tokens(sheet: Sheet) -> Iterator[str]:
    yield heading("Tokens of the EHR (this service makes none, and publishes no keys)")
    names = {
        "issuer": "iss",
        "keys": "keys fetched from",
        "algorithms": "algorithms",
        "jku": "jku",
        "further_audiences": "further aud",
        "tenants": "tenant",
        "longest_life_seconds": "longest life, seconds",
        "good_for": "good for",
        "proof": "proof of who calls",
        "fhir_servers": "FHIR servers",
    }
    for name, words in names.items():
        value = sheet.tokens.get(name)
        shown = ", ".join(map(str, value)) if isinstance(value, list) else value
        if shown:
            yield f"  {words:22} {shown}"
        elif name in ("issuer", "keys"):
            yield f"  {words:22} (ask the EHR, then oncohooks clients add)"


def _cards(sheet: Sheet) -> Iterator[str]:
    yield heading("In the cards")
    yield "Code systems"
    yield from (f"  {system}  ({where})" for system, where in sheet.code_systems.items())
    yield "Hosts that links lead to"
    yield from (f"  {host}" for host in sheet.link_hosts)


def _notes(sheet: Sheet) -> Iterator[str]:
    yield heading(f"What is known of {sheet.ehr.title}")
    for note in sheet.ehr.notes:
        text = item(f"[{BASES[note.basis]}] {note.text}")
        yield click.style(text, fg="yellow") if note.basis == "unverified" else text
    yield f"Source: {sheet.ehr.source}"
