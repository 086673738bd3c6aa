"""Tests that EMA documents name for a medicine, with the role and the CE status that the documents state.

The list says what documents print; it is no list of certified devices. The role is never promoted: a test that selected
the patients of a trial was used in that trial, and is called nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from knowledge.labels import Anchor
from knowledge.language import phrase
from knowledge.terminology import table_rows

#: What each role is called. Only a device on which EMA or CHMP gave an opinion is called a companion diagnostic.
ROLES = {
    "companion-diagnostic-consulted": phrase("companion diagnostic on which EMA was consulted"),
    "named-in-label": phrase("named in the label"),
    "used-in-pivotal-trial": phrase("used in the pivotal trial"),
    "bridging-study": phrase("used in a bridging study"),
    "central-lab-test": phrase("used by the central laboratory of a trial"),
    "listed-as-available": phrase("listed in the assessment report as available"),
    "companion-diagnostic-planned": phrase("under development at the time of the report"),
}
#: ``imaging-agent`` is a medicine and no in vitro diagnostic.
TEST_KINDS = ("named-test", "unbranded-method", "imaging-agent")
NO_CE_STATUS = "not stated"

COLUMNS = (
    "medicine",
    "inn",
    "test",
    "printed_name",
    "manufacturer",
    "analyte",
    "names",
    "specimen",
    "method",
    "roles",
    "use_in_trial",
    "in_current_label",
    "kind",
    "ce_status",
    "ce_document",
    "ce_anchor",
    "cut_off",
    "document",
    "section",
    "document_date",
    "anchor",
    "rows",
)


@dataclass(frozen=True, slots=True)
class NamedTest:
    """One test that EMA documents name for one medicine.

    ``names`` are genes and markers as criteria name them; ``rows`` the rows of the reference table that it is about,
    none where the label asks no such test. ``ce_status`` is what ``ce_document`` says at its date.
    """

    medicine: str
    test: str
    printed_name: str
    manufacturer: str | None
    analyte: str
    names: tuple[str, ...]
    specimen: str
    method: str
    roles: tuple[str, ...]
    use_in_trial: str | None
    in_current_label: bool
    kind: str
    ce_status: str
    ce_document: str | None
    cut_off: str | None
    document: str
    document_date: date
    anchor: Anchor
    rows: tuple[str, ...]

    @property
    def role_in_words(self) -> str:
        """Every role as it is stated, the nearest to the label first."""
        return "; ".join(words for role, words in ROLES.items() if role in self.roles)

    @property
    def ce_in_words(self) -> str:
        """The CE status with the document that states it; that none is stated does not mean that there is none."""
        if self.ce_status == NO_CE_STATUS:
            return "CE status not stated"
        return f"CE status as stated in {self.ce_document}: {self.ce_status}"

    @property
    def title(self) -> str:
        """Test and manufacturer."""
        known = self.manufacturer is None or self.manufacturer.lower() in self.test.lower()
        return self.test if known else f"{self.test} ({self.manufacturer})"

    def asks_for(self, analyte: str) -> bool:
        """Whether it tests a gene or marker, named as a criterion names it."""
        return analyte in self.names


def read_named_tests(text: str, name: str) -> tuple[NamedTest, ...]:
    """The tests of the compiled table. Raises ``TableError`` for a table of another form."""
    rows = (dict(zip(COLUMNS, row.split("\t"), strict=True)) for row in table_rows(text, "\t".join(COLUMNS), name))
    return tuple(map(_named_test, rows))


def _named_test(row: Mapping[str, str]) -> NamedTest:
    return NamedTest(
        medicine=row["medicine"],
        test=row["test"],
        printed_name=row["printed_name"],
        manufacturer=row["manufacturer"] or None,
        analyte=row["analyte"],
        names=_parts(row["names"]),
        specimen=row["specimen"],
        method=row["method"],
        roles=_parts(row["roles"]),
        use_in_trial=row["use_in_trial"] or None,
        in_current_label=row["in_current_label"] == "yes",
        kind=row["kind"],
        ce_status=row["ce_status"],
        ce_document=row["ce_document"] or None,
        cut_off=row["cut_off"] or None,
        document=row["document"],
        document_date=date.fromisoformat(row["document_date"]),
        anchor=Anchor(row["section"], row["anchor"]),
        rows=_parts(row["rows"]),
    )


def _parts(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()
