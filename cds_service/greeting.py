"""The one line for a person when the service is ready. Everything else that it says is log lines in JSON."""

from __future__ import annotations

import sys

import click

from cds_service.settings import Settings


def greet(settings: Settings, address: str) -> None:
    """Say where the service is: on standard error if somebody looks at it there, else in demo mode on standard output.

    Standard error that is no terminal goes to whatever collects log lines, and holds nothing else.
    """
    if sys.stderr.isatty():
        click.echo(greeting(settings, address), err=True)
    elif settings.demo:
        click.echo(greeting(settings, address))


def greeting(settings: Settings, address: str) -> str:
    """The line, with the address to open or to give to clients."""
    if settings.demo:
        return f"Oncohooks is ready: open {address}/ in a browser. Ctrl+C ends it."
    return f"Oncohooks is ready: clients call it at {settings.public_url or address}. Ctrl+C ends it."
