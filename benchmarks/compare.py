"""Candidates for the server and for the JSON reader, on the same requests."""

from __future__ import annotations

import importlib
import importlib.util
import json
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from statistics import median
from types import GenericAlias
from typing import Any

import orjson

from benchmarks.process import RunningServer, running
from benchmarks.report import table
from benchmarks.rounds import Cell, measure, ratio
from benchmarks.serving import DEFAULT_SERVER, SERVERS, is_installed
from benchmarks.workload import request_bodies, request_body

Reader = Callable[[bytes], object]

_BY_RESOURCE = "msgspec, one resource at a time"


def compare_servers(observations: int, seconds: float, patients: int | None = None) -> str:
    """Floor and service under every server that is installed."""
    bodies = request_bodies(observations, patients)
    skipped = [f"{server} is not installed and was skipped." for server in SERVERS if not is_installed(server)]
    with ExitStack() as stack:
        started: dict[tuple[str, str], RunningServer] = {}
        for server in filter(is_installed, SERVERS):
            service = stack.enter_context(running(server, "service", bodies[0]))
            with service.client(bodies) as client:
                answer_bytes = len(client.call())
            started[server, "service"] = service
            started[server, "floor"] = stack.enter_context(running(server, "floor", bodies[0], answer_bytes))
        clients = {f"{server}/{name}": stack.enter_context(at.client(bodies)) for (server, name), at in started.items()}
        cells = measure(clients, seconds)
        rows = [_server_row(server, cells, started[server, "service"]) for server in filter(is_installed, SERVERS)]
    header = ("Server", "Floor/s", "Service/s", "p50", "p99", "Service/floor", "to present", "Start", "Worker", "All")
    return "\n\n".join([f"{observations} Observations, one worker.", table(header, rows), *skipped])


def _server_row(server: str, cells: Mapping[str, Cell], running_service: RunningServer) -> tuple[str, ...]:
    floor, service = cells[f"{server}/floor"], cells[f"{server}/service"]
    present = cells[f"{DEFAULT_SERVER}/service"]
    return (
        server,
        f"{floor.throughput:.0f}",
        f"{service.throughput:.0f}",
        f"{service.p50_ms:.2f} ms",
        f"{service.p99_ms:.2f} ms",
        f"{ratio(service, floor):.2f}",
        f"{ratio(service, present):.2f}",
        f"{running_service.start_seconds:.2f} s",
        _mib(running_service.worker_mib()),
        _mib(running_service.total_mib()),
    )


def _mib(size: float | None) -> str:
    return "–" if size is None else f"{size:.0f} MiB"


def compare_json(sizes: tuple[int, ...], repeats: int = 60) -> str:
    """Milliseconds to read the same bodies, and what the readers make of questionable JSON."""
    readers = json_readers()
    rows = []
    timings = {size: reading_times(readers, request_body(size), repeats) for size in sizes}
    for name in readers:
        rows.append((name, *(f"{timings[size][name]:.2f} ms" for size in sizes)))
    plain = {name: read for name, read in readers.items() if name != _BY_RESOURCE}
    odd = [(what, *(_outcome(read, text) for read in plain.values())) for what, text in QUESTIONABLE.items()]
    parts = [
        table(("Reader", *(f"{size} Observations" for size in sizes)), rows),
        table(("Input", *plain), odd),
    ]
    if importlib.util.find_spec("msgspec") is None:
        parts.append("msgspec is not installed and was skipped.")
    return "\n\n".join(parts)


def json_readers() -> dict[str, Reader]:
    """Every reader that is installed, by name."""
    readers: dict[str, Reader] = {"orjson": orjson.loads, "json": json.loads}
    if importlib.util.find_spec("msgspec") is not None:
        decode = importlib.import_module("msgspec.json").decode
        readers |= {"msgspec": decode, _BY_RESOURCE: _resource_by_resource()}
    return readers


def _resource_by_resource() -> Reader:
    """Bundles are taken apart first, then each of their resources is read and forgotten before the next."""
    msgspec = importlib.import_module("msgspec")
    decode = importlib.import_module("msgspec.json").decode
    structure = msgspec.defstruct
    entry: Any = structure("Entry", [("resource", msgspec.Raw)])
    bundle: Any = structure("Bundle", [("entry", GenericAlias(list, (entry,)), [])])
    request = structure("Request", [("prefetch", GenericAlias(dict, (str, bundle | None)), {})])
    decoder = importlib.import_module("msgspec.json").Decoder(request)

    def read(body: bytes) -> object:
        count = 0
        for sent in decoder.decode(body).prefetch.values():
            for item in sent.entry if sent else ():
                decode(item.resource)
                count += 1
        return count

    return read


def reading_times(readers: Mapping[str, Reader], body: bytes, repeats: int) -> dict[str, float]:
    """Median milliseconds of each reader, taken in turn."""
    taken: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(repeats):
        for name, read in readers.items():
            start = time.perf_counter()
            read(body)
            taken[name].append(time.perf_counter() - start)
    return {name: 1000 * median(values) for name, values in taken.items()}


#: What a careless or hostile client may send.
QUESTIONABLE: dict[str, bytes] = {
    "NaN": b'{"a":NaN}',
    "Infinity": b'{"a":-Infinity}',
    "number beyond a double (1e400)": b'{"a":1e400}',
    "integer of 30 digits": b'{"a":' + b"9" * 30 + b"}",
    "integer of 10,000 digits": b'{"a":' + b"9" * 10_000 + b"}",
    "the same member twice": b'{"a":1,"a":2}',
    "comma at the end": b'{"a":1,}',
    "byte order mark": b'\xef\xbb\xbf{"a":1}',
    "bytes that are not UTF-8": b'{"a":"\xff"}',
    "half a surrogate pair": b'{"a":"\\ud800"}',
    "control character in a string": b'{"a":"\x01"}',
    "900 arrays in each other": b"[" * 900 + b"]" * 900,
    "100,000 arrays in each other": b"[" * 100_000 + b"]" * 100_000,
    "text after the end": b'{"a":1}{"b":2}',
    "nothing": b"",
}


def _outcome(read: Reader, text: bytes) -> str:
    try:
        value: Any = read(text)
    except (ValueError, RecursionError) as error:
        return f"refused ({type(error).__name__})"
    except Exception as error:  # whatever else a reader lets out is what this table is for
        return f"**{type(error).__name__}**"
    if not isinstance(value, dict):
        return "read"
    shown = repr(value.get("a"))
    return f"`{shown}`" if len(shown) < 24 else f"read ({type(value.get('a')).__name__})"
