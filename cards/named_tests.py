"""Tests that EMA documents name, where a test is advised: never more than their role as it is stated."""

from __future__ import annotations

from collections.abc import Iterable

from cards.lists import in_full
from cards.markdown import bullet
from knowledge.evaluation import Finding
from knowledge.language import Language
from knowledge.named_tests import NO_CE_STATUS, ROLES, NamedTest
from knowledge.statements import name_of

#: Tests shown for one analyte at most; the curator's commands and the statement's page list all.
_MOST = 3


def named_test_lines(findings: Iterable[Finding], analyte: str, say: Language) -> list[str]:
    """One line with the tests that EMA documents name for an analyte, those nearest to a label first."""
    found: dict[str, tuple[NamedTest, list[str]]] = {}
    for finding in findings:
        for test in finding.medicine.tests_for(finding.statement, name_of(analyte)):
            if test.kind == "named-test":
                found.setdefault(f"{test.title}, {_role(test, say)}", (test, []))[1].append(finding.medicine.brand)
    if not found:
        return []
    ordered = sorted(found.items(), key=lambda entry: (_rank(entry[1][0]), entry[0]))
    names = [f"{words} ({', '.join(dict.fromkeys(brands))})" for words, (_, brands) in ordered]
    shown = in_full(names[:_MOST])
    if (rest := len(names) - _MOST) > 0:
        shown += say.plural("; and {count} more", "; and {count} more", rest)
    return [bullet(say("named in EMA documents, no list of certified devices: {tests}", tests=shown), 1)]


def _role(test: NamedTest, say: Language) -> str:
    """Its nearest role and its CE status, both as stated."""
    role = next(words for name, words in ROLES.items() if name in test.roles)
    if test.ce_status == NO_CE_STATUS:
        return say(role)
    return f"{say(role)}, {say('{status} as stated', status=test.ce_status)}"


def _rank(test: NamedTest) -> int:
    return min(list(ROLES).index(role) for role in test.roles)
