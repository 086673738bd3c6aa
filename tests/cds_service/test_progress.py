"""The bar of long work: on a terminal, beside results that go elsewhere, and nowhere else."""

from __future__ import annotations

import io
import sys

import pytest

from cds_service.progress import watched


class _Stream(io.StringIO):
    def __init__(self, is_terminal: bool) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize(
    ("stderr", "stdout", "is_shown"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_it_is_shown_only_where_somebody_looks(
    stderr: bool, stdout: bool, is_shown: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages, results = _Stream(stderr), _Stream(stdout)
    monkeypatch.setattr(sys, "stderr", messages)
    monkeypatch.setattr(sys, "stdout", results)
    with watched(range(3), "replaying") as items:
        assert list(items) == [0, 1, 2]
    shown = messages.getvalue()
    assert ("replaying" in shown and "100%" in shown) is is_shown
    assert is_shown or not shown
    assert not results.getvalue()
