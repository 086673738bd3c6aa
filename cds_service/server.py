"""Running the application under the production server."""

from __future__ import annotations

import gc
from typing import Any

from gunicorn.app.base import BaseApplication

from cds_service.app import create_recording_app
from cds_service.settings import Settings
from cds_service.startable import check_startable
from cds_service.worker import Worker

#: Threads beside those of requests that work or wait, so that `/health` and refusals are always answered.
_SPARE_THREADS = 4
#: What a header may hold: a token of 8 KiB, and the certificate that a proxy adds in percent encoding.
_HEADER_BYTES = 16 * 1024
_HEADERS = 64
_REQUEST_LINE_BYTES = 2048
#: Seconds without a sign of life after which a worker is replaced. It bounds the worker, not a request.
_WORKER_SECONDS = 30


class Server(BaseApplication):
    """gunicorn with our settings; the application is loaded once in the master and shared by its workers."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Our settings in gunicorn's names."""
        options: dict[str, Any] = {
            "bind": f"{self._settings.host}:{self._settings.port}",
            "workers": self._settings.workers,
            "worker_class": Worker,
            "threads": self._settings.requests_at_once + self._settings.requests_waiting + _SPARE_THREADS,
            "timeout": _WORKER_SECONDS,
            "limit_request_line": _REQUEST_LINE_BYTES,
            "limit_request_fields": _HEADERS,
            "limit_request_field_size": _HEADER_BYTES,
            "preload_app": True,
            "keepalive": 5,
            "accesslog": None,
            "loglevel": "warning",
            "proc_name": "oncohooks",
            "when_ready": _spare_the_collector,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application."""
        return create_recording_app(self._settings)


def _spare_the_collector(_: Any) -> None:
    """Keep the loaded knowledge out of garbage collections, which would walk it again and again.

    Runs after loading and before workers are forked, so that they also go on sharing its memory.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


def serve(settings: Settings) -> None:
    """Serve until stopped. Raises ``SettingsError`` for settings with which it must not start."""
    check_startable(settings)
    Server(settings).run()
