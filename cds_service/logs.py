"""Log lines: JSON on standard error, and only fields that are listed in ``data/log_fields.toml``.

What a library logs may hold anything, an exception's message too. So of a foreign line only the logger, the place and
a known template are written, and of an exception only its type and place.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import tomllib
import traceback
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from cds_service.codec import dumps

FIELDS = Path(__file__).parent / "data" / "log_fields.toml"
#: The logger of the service's own lines.
LOG = logging.getLogger("oncohooks.events")
#: Packages whose modules and lines may be named as the place of an error.
_OURS = ("cds_service", "cards", "fhir_mappings", "knowledge")


class AllowedFields:
    """Which events, fields and values may be written."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        kinds = {name: re.compile(pattern) for name, pattern in table["kinds"].items()}
        self._patterns = {name: kinds.get(field["kind"]) for name, field in table["fields"].items()}
        self.events = frozenset(table["events"])
        self.templates = frozenset(table["templates"]["texts"])

    def checked(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        """The fields that may be written, and how many were dropped. A field without a value is left out."""
        values = {name: value for name, value in given.items() if value is not None}
        allowed = {name: value for name, value in values.items() if self._is_allowed(name, value)}
        return allowed, len(values) - len(allowed)

    def _is_allowed(self, name: str, value: Any) -> bool:
        if name not in self._patterns:
            return False
        if name == "template":
            return value in self.templates
        pattern = self._patterns[name]
        if pattern is None:
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        return isinstance(value, str) and pattern.fullmatch(value) is not None


def load_fields() -> AllowedFields:
    """The shipped table."""
    return AllowedFields(tomllib.loads(FIELDS.read_text(encoding="utf-8")))


class JsonFormatter(logging.Formatter):
    """One JSON object for each line. ``dropped`` is told how many fields a line lost."""

    def __init__(self, fields: AllowedFields, dropped: Callable[[int], None] = lambda number: None) -> None:
        super().__init__()
        self._fields = fields
        self._dropped = dropped

    def format(self, record: logging.LogRecord) -> str:
        """The line, always of one line and without a value that is not allowed."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": "library",
            "pid": record.process,
        }
        given: Mapping[str, Any] = getattr(record, "fields", None) or {}
        if record.name == LOG.name and record.msg in self._fields.events:
            line["event"] = record.msg
        else:
            line["logger"] = record.name
            known = record.msg in self._fields.templates
            given = {"template": record.msg} if known else {"place": f"{record.module}:{record.lineno}"}
        if record.exc_info and record.exc_info[0] is not None:
            given = {**given, **of_error(record.exc_info[1])}
        allowed, dropped = self._fields.checked(given)
        if dropped:
            self._dropped(dropped)
            line["dropped"] = dropped
        return dumps(line | allowed).decode()


def log_event(event: str, level: int = logging.INFO, **fields: Any) -> None:
    """Write a line of our own; events and fields are those of the table."""
    LOG.log(level, event, extra={"fields": fields})


def plain(text: str) -> str:
    """An error of ours as the reason of a line: lower case, and no characters but those of words."""
    return "".join(sign if (sign.isascii() and sign.isalnum()) or sign in ",:_-" else " " for sign in text.lower())[
        :160
    ]


def of_error(error: BaseException | None) -> dict[str, str]:
    """Type of an error and the last place of ours on its way."""
    if error is None:
        return {}
    found = {"error": type(error).__name__}
    places = list(_places(error.__traceback__))
    return found | {"place": places[-1]} if places else found


def _places(at: TracebackType | None) -> Iterator[str]:
    for frame, line in traceback.walk_tb(at):
        name = str(frame.f_globals.get("__name__", ""))
        if name.partition(".")[0] in _OURS:
            yield f"{name}:{line}"


def configure_logging(level: str, dropped: Callable[[int], None] = lambda number: None) -> None:
    """Send every line of this process, libraries' too, to standard error in the form of :class:`JsonFormatter`.

    Errors that nothing handles, in threads too, become lines as well: a traceback would print their messages.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(load_fields(), dropped))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells each look at the tables
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a line that cannot be written would print its values
    sys.excepthook = lambda kind, error, at: _crash(error)
    sys.unraisablehook = lambda unraisable: _crash(unraisable.exc_value)
    threading.excepthook = lambda arguments: _crash(arguments.exc_value)


def _crash(error: BaseException | None) -> None:
    if not isinstance(error, (SystemExit, KeyboardInterrupt)):
        log_event("crash", logging.ERROR, **of_error(error))
