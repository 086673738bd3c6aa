"""What a prescriber is about to order, and the tests that are on their way."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DrugDraft:
    """A drafted order of anticancer drugs.

    ``reference`` is how the client names the draft (``MedicationRequest/1``), ``drugs`` are INNs, ``name`` is the
    medication as it was sent, ``selected`` whether the prescriber is working on this one.
    """

    reference: str
    drugs: tuple[str, ...]
    name: str
    selected: bool = True


@dataclass(frozen=True, slots=True)
class TestOrder:
    """A test that is drafted or was ordered: the analytes that it names, or a panel that may hold any."""

    __test__ = False  # not a test class, whatever its name suggests to pytest

    reference: str
    analytes: frozenset[str]
    is_panel: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class Orders:
    """All drafted drugs of a request, and the tests that are drafted or were ordered before."""

    drugs: tuple[DrugDraft, ...] = ()
    tests: tuple[TestOrder, ...] = ()

    def covering(self, analyte: str) -> tuple[TestOrder, ...]:
        """The ordered tests that may answer for an analyte."""
        return tuple(order for order in self.tests if order.is_panel or analyte in order.analytes)
