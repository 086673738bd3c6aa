"""The JSON reader and writer of the service; the choice is measured in docs/decisions/server.md."""

from __future__ import annotations

from typing import Any

import orjson


class NotJson(ValueError):
    """A body that is not JSON; the message holds nothing of the body."""


class TooDeep(ValueError):
    """A value that is nested more deeply than can be written: 254 objects and lists in each other."""


def loads(body: bytes | str) -> Any:
    """Parse JSON. Raises :class:`NotJson`."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotJson(f"not JSON: line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise NotJson("not JSON: nested too deeply") from None


def dumps(value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return orjson.dumps(value)


def dumps_canonical(value: Any) -> bytes:
    """Compact JSON with sorted keys, so that equal values give equal bytes.

    Raises :class:`TooDeep`: of a value that was parsed, nothing else keeps it from being written.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        raise TooDeep from None


def dumps_members(value: dict[str, Any]) -> dict[str, bytes]:
    """The members of an object, each by itself with its name as it stands in canonical JSON: ``"hook":"order-sign"``.

    Raises :class:`TooDeep` as for the whole.
    """
    return {name: dumps_canonical({name: member})[1:-1] for name, member in value.items()}


def dumps_pretty(value: Any) -> str:
    """Indented JSON with sorted keys, for people and golden files."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()
