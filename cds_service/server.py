"""Running the application under the production server."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from cds_service.app import Running, create_running
from cds_service.logs import configure_logging, log_event, plain
from cds_service.memory import collect_now_and_then, settle_memory, share_one_heap
from cds_service.metrics import Metrics, Slots, share_between_workers
from cds_service.service_file import Loaded, ServiceFile, service_file
from cds_service.settings import Settings, SettingsError
from cds_service.startable import check_startable
from cds_service.worker import QuietLogger, Worker
from fhir_mappings import SiteCodesError
from knowledge import KnowledgeError

#: What stops a start or a reload: the message says what to change.
UNUSABLE = (SettingsError, KnowledgeError, SiteCodesError)
#: Threads beside those of requests that work or wait, so that `/health` and refusals are always answered.
_SPARE_THREADS = 4
#: What a header may hold: a token of 8 KiB, and the certificate that a proxy adds in percent encoding.
_HEADER_BYTES = 16 * 1024
_HEADERS = 64
_REQUEST_LINE_BYTES = 2048
#: Seconds without a sign of life after which a worker is replaced. It bounds the worker, not a request.
_WORKER_SECONDS = 30


class Server(BaseApplication):
    """gunicorn with our settings; the application is loaded once in the master and shared by its workers.

    ``reread`` gives the settings anew for a reload; without it they stay. ``announce`` is told the address when the
    service listens there.
    """

    def __init__(
        self,
        settings: Settings,
        reread: Callable[[], Settings] | None = None,
        metrics: Metrics | None = None,
        slots: Slots | None = None,
        announce: Callable[[str], None] = lambda address: None,
    ) -> None:
        self._settings = settings
        self._reread = reread or (lambda: settings)
        self._metrics = metrics or Metrics()
        self._slots = slots or Slots()
        self._announce = announce
        self._answers = count(1)
        self._running: Running | None = None
        self._file: ServiceFile | None = None
        self._loaded = Loaded(os.getpid(), "", loads=0)
        super().__init__()

    def load_config(self) -> None:
        """Our settings in gunicorn's names."""
        recycle = self._settings.recycle_after
        options: dict[str, Any] = {
            "bind": f"{self._settings.host}:{self._settings.port}",
            "workers": self._settings.workers,
            "worker_class": Worker,
            "worker_tmp_dir": _in_memory(),
            "logger_class": QuietLogger,
            "threads": self._settings.requests_at_once + self._settings.requests_waiting + _SPARE_THREADS,
            "timeout": _WORKER_SECONDS,
            "limit_request_line": _REQUEST_LINE_BYTES,
            "limit_request_fields": _HEADERS,
            "limit_request_field_size": _HEADER_BYTES,
            "preload_app": True,
            "keepalive": 5,
            "max_requests": recycle,
            "max_requests_jitter": recycle // 10,
            "control_socket_disable": True,
            "accesslog": None,
            "loglevel": self._settings.log_level,
            "proc_name": "oncohooks",
            "when_ready": self._ready,
            "pre_fork": lambda _, worker: self._slots.take(worker.age),
            "post_fork": lambda _, worker: self._slots.be(worker.age),
            "child_exit": lambda _, worker: self._slots.free(worker.age),
            "post_request": lambda worker, _: collect_now_and_then(next(self._answers)),
            "worker_exit": lambda _, worker: self._close(),
            "on_exit": lambda _: self._file.remove() if self._file else None,
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The application. Raises what is in ``UNUSABLE``."""
        self._running = create_running(self._settings, self._metrics)
        return self._running.app

    def run(self) -> None:
        """Serve until stopped."""
        share_one_heap()
        ReloadingArbiter(self).run()

    def renew(self) -> bool:
        """Load settings and knowledge again, and use them if they are sound; otherwise nothing changes."""
        before = self._running
        try:
            settings = self._reread()
            running = create_running(settings, self._metrics)
        except UNUSABLE as error:
            self._metrics.reloads.labels("refused").inc()
            log_event("reload-refused", logging.ERROR, reason=plain(str(error)))
            self._say(replace(self._loaded, loads=self._loaded.loads + 1, problem=str(error)))
            return False
        self._settings, self._running = settings, running
        self.callable = running.app  # type: ignore[assignment]  # the stubs want a narrower type than a Flask is
        if before is not None:
            before.close()
        del before
        settle_memory()
        self._metrics.reloads.labels("done").inc()
        log_event("reloaded", release=running.release)
        self._say(replace(self._loaded, loads=self._loaded.loads + 1, release=running.release, problem=None))
        return True

    def _ready(self, arbiter: Any) -> None:
        """Loaded and listening, and no worker forked yet: who connects from now on is answered."""
        log_event("listening", address=f"{self._settings.host}:{self._settings.port}")
        settle_memory()
        if self._running is None:
            return
        try:
            self._file = ServiceFile(service_file(self._settings))
        except OSError:
            log_event(
                "store", logging.WARNING, reason="the state folder cannot be written: oncohooks reload will not do"
            )
        self._say(Loaded(os.getpid(), self._running.release))
        self._announce(str(arbiter.LISTENERS[0]))

    def _say(self, loaded: Loaded) -> None:
        self._loaded = loaded
        if self._file:
            self._file.say(loaded)

    def _close(self) -> None:
        """In a worker that ends: what waits to be kept or sent goes first."""
        if self._running is not None:
            self._running.close()


class ReloadingArbiter(Arbiter):
    """gunicorn's master process; a reload that cannot be used leaves its workers alone."""

    def __init__(self, app: Server) -> None:
        super().__init__(app)
        self._server = app

    def reload(self) -> None:
        """SIGHUP: load anew, then replace the workers one for one without closing the socket."""
        if self._server.renew():
            super().reload()


def _in_memory() -> str | None:
    """Where a worker's sign of life is kept, which it gives with each request: not on a disk, which may stall."""
    folder = "/dev/shm"  # noqa: S108  # gunicorn makes a file that only its user can open, and unlinks it at once
    return folder if os.access(folder, os.W_OK) else None


@contextmanager
def _folder_of_master() -> Iterator[str]:
    """A folder that goes when the master ends; a worker that ends passes here too."""
    master, folder = os.getpid(), tempfile.mkdtemp(prefix="oncohooks-metrics-")
    try:
        yield folder
    finally:
        if os.getpid() == master:
            shutil.rmtree(folder, ignore_errors=True)


def serve(
    settings: Settings,
    reread: Callable[[], Settings] | None = None,
    announce: Callable[[str], None] = lambda address: None,
) -> None:
    """Serve until stopped. Raises what is in ``UNUSABLE`` for what must not start."""
    check_startable(settings)
    slots = Slots()
    with _folder_of_master() as folder:
        share_between_workers(folder, lambda: slots.mine)
        metrics = Metrics()
        configure_logging(settings.log_level, lambda number: metrics.log_fields_dropped.inc(number))
        Server(settings, reread, metrics, slots, announce).run()
