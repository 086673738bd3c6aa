"""One WSGI application under one server, in this process, until it is stopped.

    python -m benchmarks.serving --server "gunicorn gthread" --application service --port 8090

"gunicorn gthread" is what ``oncohooks serve`` runs; the others are candidates. The service runs under it as it is
shipped, with its log, metrics and store; ``--settings`` names a file for it, without which it is in demo mode. The
floor has the same server with the same settings; the frame is the service without its own work. Candidates have one
worker with two threads, where they have threads at all, and run the service without a store.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import logging
import os
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

from benchmarks.floor import floor_application
from benchmarks.frame import advise_once
from cds_service import create_app, load_settings
from cds_service import server as product
from cds_service.server import Server
from cds_service.settings import Settings

HOST = "127.0.0.1"
THREADS = 2

#: Name of a server, and the package it needs beside what the service needs anyway.
SERVERS = {
    "gunicorn gthread": None,
    "gunicorn gthread, gunicorn_h1c": "gunicorn_h1c",
    "gunicorn sync": None,
    "granian": "granian",
    "waitress": "waitress",
}
DEFAULT_SERVER = "gunicorn gthread"

# Read by the worker of a server that starts it as a fresh process.
_APPLICATION = "BENCHMARK_APPLICATION"
_ANSWER_BYTES = "BENCHMARK_ANSWER_BYTES"


class _Gunicorn(Server):
    """The production server with another application or other options."""

    def __init__(self, settings: Settings, options: dict[str, Any]) -> None:
        self._options = options
        super().__init__(settings)

    def load_config(self) -> None:
        super().load_config()
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return load_application()


def load_application() -> WSGIApplication:
    """The application that the environment names."""
    if os.environ[_APPLICATION] == "floor":
        return floor_application(int(os.environ[_ANSWER_BYTES]))
    return create_app(load_settings(None, demo=True))


def is_installed(server: str) -> bool:
    """Whether the package that a server needs is there."""
    package = SERVERS[server]
    return package is None or importlib.util.find_spec(package) is not None


def serve(server: str, port: int, settings_file: Path | None = None) -> None:
    """Serve until stopped."""
    if os.environ[_APPLICATION] == "frame":
        advise_once()
    if server == DEFAULT_SERVER and os.environ[_APPLICATION] != "floor":
        demo = settings_file is None
        product.serve(load_settings(settings_file, demo=demo, host=HOST, port=port, workers=1))
    elif server == "granian":
        _serve_granian(port)
    elif server == "waitress":
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        waitress = importlib.import_module("waitress")
        waitress.serve(load_application(), host=HOST, port=port, threads=THREADS, _quiet=True)
    else:
        _Gunicorn(load_settings(None, demo=True, host=HOST, port=port, workers=1), _gunicorn_options(server)).run()


def _gunicorn_options(server: str) -> dict[str, Any]:
    if server == "gunicorn sync":
        return {"worker_class": "sync", "http_parser": "python"}
    if server == "gunicorn gthread, gunicorn_h1c":
        return {"http_parser": "fast"}
    return {"http_parser": "python"}


def _serve_granian(port: int) -> None:
    granian = importlib.import_module("granian")
    interface = importlib.import_module("granian.constants").Interfaces.WSGI
    granian.Granian(
        "benchmarks.serving:load_application",
        factory=True,
        address=HOST,
        port=port,
        interface=interface,
        workers=1,
        blocking_threads=THREADS,
        log_enabled=False,
    ).serve()


def main() -> None:
    """Serve what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", choices=SERVERS, default=DEFAULT_SERVER)
    parser.add_argument("--application", choices=("floor", "frame", "service"), required=True)
    parser.add_argument("--answer-bytes", type=int, default=4000, help="size of the floor's constant answer")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--settings", type=Path, help="settings of the service, which else is in demo mode")
    arguments = parser.parse_args()
    os.environ[_APPLICATION] = arguments.application
    os.environ[_ANSWER_BYTES] = str(arguments.answer_bytes)
    serve(arguments.server, arguments.port, arguments.settings)


if __name__ == "__main__":
    main()
