"""What the service tells the C library and the collector about memory."""

from __future__ import annotations

import ctypes
import gc
import platform
import re
import subprocess
import sys
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cds_service import Settings
from cds_service.memory import settle_memory, share_one_heap
from cds_service.server import Server
from tests.fhir import condition, request
from tests.running import PATIENT_VIEW, running

needs_glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no heaps of threads")

#: A process whose threads hold memory all at once, and that then waits to be looked at.
_THREADS = """
import sys, threading
{first}
together = threading.Barrier(5)
def hold():
    held = [bytes(5_000) for _ in range(100)]
    together.wait()
    together.wait()
for _ in range(4):
    threading.Thread(target=hold).start()
together.wait()
print("holding", flush=True)
sys.stdin.read()
together.wait()
"""


def _heaps_of_threads(pid: int) -> int:
    """Heaps beside the first: glibc reserves 64 MiB of addresses for each, of which most is not accessible yet."""
    mapped = Path(f"/proc/{pid}/maps").read_text()
    reserved = re.findall(r"^(\w+)-(\w+) ---p 0+ 00:00 0\s*$", mapped, re.MULTILINE)
    return sum(int(end, 16) - int(start, 16) > 2**24 for start, end in reserved)


@needs_glibc
@pytest.mark.parametrize(
    ("first", "has_others"), [("", True), ("from cds_service.memory import share_one_heap; share_one_heap()", False)]
)
def test_threads_share_one_heap_once_they_are_told_to(first: str, has_others: bool) -> None:
    program = [sys.executable, "-c", _THREADS.format(first=first)]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"holding\n"
        assert (_heaps_of_threads(process.pid) > 0) is has_others
        process.communicate()
    assert process.returncode == 0


@needs_glibc
def test_the_threads_of_a_worker_share_one_heap(tmp_path: Path) -> None:
    with running(tmp_path) as service, ThreadPoolExecutor(8) as clients:
        statuses = list(clients.map(lambda _: service.post(PATIENT_VIEW, request(condition())).status_code, range(40)))
        assert statuses == [200] * 40
        assert [_heaps_of_threads(pid) for pid in service.workers()] == [0]


def test_what_is_loaded_is_kept_out_of_collections() -> None:
    program = "import gc; from cds_service.memory import settle_memory; settle_memory(); print(gc.get_freeze_count())"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 1_000


class _Node:
    """Something that refers to itself."""

    def __init__(self) -> None:
        self.me = self


def test_a_worker_frees_what_its_answers_left_in_cycles() -> None:
    answered = Server(Settings(demo=True)).cfg.post_request
    gc.disable()
    try:
        for _ in range(2):
            left = weakref.ref(_Node())
            for _ in range(499):
                answered(None, None, None, None)
            assert left() is not None
            answered(None, None, None, None)
            assert left() is None
    finally:
        gc.enable()


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())
    before = gc.get_threshold()
    try:
        share_one_heap()
        settle_memory()
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
