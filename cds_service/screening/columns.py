"""The results of many patients as Arrow columns. What recurs is a number into a short list of names."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any

import pyarrow

from cds_service.screening.patients import Screened, facts_json
from cds_service.screening.wording import OUTCOMES, Said, StatementWords

_NAME = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
_NAMES = pyarrow.list_(pyarrow.string())
#: One row for each patient and statement that concerns the patient. ``missing``: what keeps it undecided, in words;
#: ``analytes``: for each of these the biomarker that it asks for, empty for what is clinical.
FINDINGS_SCHEMA = pyarrow.schema(
    [
        ("patient", pyarrow.string()),
        ("statement", _NAME),
        ("medicine", _NAME),
        ("inn", _NAME),
        ("layer", _NAME),
        ("outcome", _NAME),
        ("stale", pyarrow.bool_()),
        ("missing", _NAMES),
        ("analytes", _NAMES),
    ]
)
_UNREAD = pyarrow.struct([("reference", pyarrow.string()), ("code", pyarrow.string()), ("reason", pyarrow.string())])
_DAYS = pyarrow.struct([("kind", pyarrow.string()), ("days", pyarrow.int32())])
#: One row for each patient. ``facts`` is a JSON array; ``names`` are the genes and markers that the facts name.
PATIENTS_SCHEMA = pyarrow.schema(
    [
        ("patient", pyarrow.string()),
        ("tumours", _NAMES),
        ("names", _NAMES),
        ("drugs", _NAMES),
        ("resources", pyarrow.int32()),
        ("identical", pyarrow.int32()),
        ("conflicting", pyarrow.int32()),
        ("has_patient", pyarrow.bool_()),
        ("fact_count", pyarrow.int32()),
        ("warning_count", pyarrow.int32()),
        ("unread", pyarrow.list_(_UNREAD)),
        ("turnaround", pyarrow.list_(_DAYS)),
        ("failure", pyarrow.string()),
        ("facts", pyarrow.binary()),
    ]
)


class FindingColumns:
    """Columns of findings."""

    def __init__(self, words: StatementWords) -> None:
        self._words = words
        self._keys: list[str] = []
        self._patients, self._statements, self._outcomes = array("i"), array("i"), array("i")
        self._missing, self._ends = array("i"), array("i", [0])

    def add(self, key: str, said: Sequence[Said]) -> None:
        """Add the findings of one patient."""
        patient = len(self._keys)
        self._keys.append(key)
        self._patients.extend([patient] * len(said))
        self._statements.extend([one.statement for one in said])
        self._outcomes.extend([one.outcome for one in said])
        for one in said:
            self._missing.extend(one.missing)
            self._ends.append(len(self._missing))

    def table(self) -> pyarrow.Table:
        """All rows."""
        rows = self._words.rows
        statements, missing = _numbers(self._statements), _numbers(self._missing)
        ends = _numbers(self._ends)
        columns = [
            pyarrow.array(self._keys, pyarrow.string()).take(_numbers(self._patients)),
            *(_named(statements, [row[name] for row in rows]) for name in ("id", "medicine", "inn", "layer")),
            _named(_numbers(self._outcomes), list(OUTCOMES)),
            pyarrow.array(["stale" in row for row in rows], pyarrow.bool_()).take(statements),
            pyarrow.ListArray.from_arrays(ends, pyarrow.array(self._words.texts, pyarrow.string()).take(missing)),
            pyarrow.ListArray.from_arrays(ends, pyarrow.array(self._words.analytes, pyarrow.string()).take(missing)),
        ]
        return pyarrow.Table.from_arrays(columns, schema=FINDINGS_SCHEMA)


class PatientColumns:
    """Rows of patients."""

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._rows)

    def add(self, screened: Screened) -> None:
        """Add one patient."""
        record = screened.record
        self._rows.append(
            (
                screened.key,
                screened.tumours,
                screened.names,
                screened.drugs,
                screened.resources,
                screened.identical,
                screened.conflicting,
                screened.has_patient,
                len(record.facts),
                len(record.warnings),
                [entry.to_json() for entry in record.unread],
                screened.turnaround,
                screened.failure,
                facts_json(record),
            )
        )

    def table(self) -> pyarrow.Table:
        """All rows."""
        columns = zip(*self._rows, strict=True) if self._rows else [()] * len(PATIENTS_SCHEMA)
        pairs = zip(columns, PATIENTS_SCHEMA, strict=True)
        arrays = [pyarrow.array(list(column), field.type) for column, field in pairs]
        return pyarrow.Table.from_arrays(arrays, schema=PATIENTS_SCHEMA)


def _numbers(values: array[int]) -> pyarrow.Array:
    return pyarrow.Array.from_buffers(pyarrow.int32(), len(values), [None, pyarrow.py_buffer(values)])


def _named(numbers: pyarrow.Array, names: list[str]) -> pyarrow.Array:
    """The names of numbered things; a dictionary must not hold a name twice."""
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    place_of = pyarrow.array([places[name] for name in names], pyarrow.int32())
    return pyarrow.DictionaryArray.from_arrays(place_of.take(numbers), pyarrow.array(list(places), pyarrow.string()))
