"""Request bodies: inflated within the limit, and JSON of which every reader makes the same."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from flask import Request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from cds_service.codec import NotJson, TooDeep, dumps_canonical, dumps_members, loads
from cds_service.outcomes import ServiceError

#: Window sizes of zlib: a gzip member (RFC 1952), and a zlib stream, which HTTP calls deflate (RFC 9110, 8.4.1).
_ENCODINGS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
#: Of an application that sets no limit of its own.
_LARGEST = 10 * 1024 * 1024
#: A quotation mark and a colon (RFC 8259, section 7).
_ESCAPED_MARKS = (rb"\u0022", rb"\u003a", rb"\u003A")


@dataclass(frozen=True, slots=True)
class Body:
    """A parsed body. ``written`` are the members of an object in canonical JSON, each by itself with its name."""

    value: Any = field(repr=False)
    written: dict[str, bytes] = field(repr=False)


def read_json(request: Request) -> Body:
    """Parse a JSON body. Raises :class:`ServiceError` with 400, 413 or 415."""
    if not (request.mimetype == "application/json" or request.mimetype.endswith("+json")):
        raise ServiceError(415, "The content type must be application/json.")
    encoding = (request.headers.get("Content-Encoding") or "identity").strip().lower()
    if encoding != "identity" and encoding not in _ENCODINGS:
        raise ServiceError(415, "The content encoding must be gzip, deflate or identity.")
    body = _whole_body(request)
    if encoding in _ENCODINGS:
        body = inflated(body, _ENCODINGS[encoding], request.max_content_length or _LARGEST)
    return read_strictly(body)


def _whole_body(request: Request) -> bytes:
    try:
        body = request.get_data(cache=False)
        if request.content_length is None:
            request.stream.read(1)  # a body of unknown length was cut at the limit: reading on raises the 413
    except HTTPException:  # too long
        raise
    except Exception:  # chunks that are none, a client that went away: each server has its own types for it
        raise ServiceError(400, "The request body could not be read.") from None
    return body


def inflated(body: bytes, window: int, limit: int) -> bytes:
    """A compressed body, never more than ``limit`` bytes. Raises :class:`ServiceError` with 400, or 413 of Werkzeug."""
    parts: list[bytes] = []
    left = limit
    rest = body
    while rest or not parts:
        stream = zlib.decompressobj(window)
        try:
            part = stream.decompress(rest, left + 1)
        except zlib.error:
            raise ServiceError(400, "The request body is not compressed as its content encoding says.") from None
        if len(part) > left:
            raise RequestEntityTooLarge
        if not stream.eof:
            raise ServiceError(400, "The request body is not compressed as its content encoding says.")
        parts.append(part)
        left -= len(part)
        rest = stream.unused_data  # gzip allows several members one after the other
    return b"".join(parts)


def read_strictly(body: bytes) -> Body:
    """Parse JSON that is not too deep and names no member twice. Raises :class:`ServiceError` with 400."""
    try:
        value = loads(body)
        is_object = isinstance(value, dict)
        written = dumps_members(value) if is_object else {"": dumps_canonical(value)}
    except NotJson as error:
        raise ServiceError(400, f"The request body is {error}.") from None
    except TooDeep:
        raise ServiceError(400, "The request body is nested too deeply.") from None
    if _may_name_twice(body, written.values()) and _names_twice(body):
        raise ServiceError(400, "The request body names a member twice.")
    return Body(value, written if is_object else {})


def _may_name_twice(body: bytes, written: Collection[bytes]) -> bool:
    """Whether marks of a member are missing in what was written: one that came twice is written once.

    Counting them costs far less than looking at every member. Those of the usual spacing are counted first, which is
    quicker. Only escaped marks can make up for missing ones.
    """
    if b"\\" in body and any(escape in body for escape in _ESCAPED_MARKS):
        return True
    return all(body.count(mark) != sum(part.count(mark) for part in written) for mark in (b'":', b'"'))


def _names_twice(body: bytes) -> bool:
    found = False

    def look(members: list[tuple[str, Any]]) -> None:
        nonlocal found
        found = found or len({name for name, _ in members}) < len(members)

    json.loads(body, object_pairs_hook=look)
    return found
