"""Synthetic facts for tests, written as short as a laboratory would say them."""

from __future__ import annotations

from typing import Any

from knowledge import Fact, Kind, Source, State


def fact(kind: Kind, reference: str = "Observation/1", **members: Any) -> Fact:
    members.setdefault("state", State.PRESENT)
    return Fact(kind=kind, source=Source(reference), **members)


def variant(gene: str, protein: str | None = None, **members: Any) -> Fact:
    return fact(Kind.VARIANT, genes=(gene,), protein=protein, **members)


def negative(gene: str, **members: Any) -> Fact:
    return variant(gene, state=State.ABSENT, **members)


def fusion(*genes: str, **members: Any) -> Fact:
    return fact(Kind.FUSION, genes=genes, **members)


def pd_l1(score: str, value: float, **members: Any) -> Fact:
    return fact(Kind.EXPRESSION, marker="PD-L1", score=score, value=value, unit="%", **members)


def tumour(code: str | None, **members: Any) -> Fact:
    return fact(Kind.DISEASE, "Condition/1", tumour=code, **members)


def born(date: str) -> Fact:
    return fact(Kind.DEMOGRAPHIC, "Patient/1", marker="birth-date", value=date)
