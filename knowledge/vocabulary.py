"""What records can name: passed in by whoever has the tables that read records."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

from knowledge.problems import Severity

#: From this likeness on, a name that is not known is taken for a slip of the pen.
_ALIKE = 0.9


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that the reading tables know.

    ``drugs`` become therapies of a patient; ``is_other_medicine``: known, and read as no treatment of cancer.
    """

    drugs: frozenset[str]
    is_other_medicine: Callable[[str], bool]
    is_gene: Callable[[str], bool]
    is_treatment: Callable[[str], bool]
    is_marker: Callable[[str], bool]

    def unknown_drug(self, name: str, as_therapy: bool) -> tuple[str, Severity] | None:
        """What is wrong with the name of a drug, and how bad; ``None`` if nothing is.

        ``as_therapy``: a record has to be able to say that the patient had it, which a partner need not.
        """
        if name in self.drugs:
            return None
        if self.is_other_medicine(name):
            message = f"no record can name {name} as a therapy: it is read as no treatment of cancer"
            return (message, Severity.GAP) if as_therapy else None
        near = difflib.get_close_matches(name, self.drugs, n=1, cutoff=_ALIKE)
        if near:
            return f"{name} is not known: is {near[0]} meant?", Severity.ERROR
        return f"no reading table knows {name}", Severity.GAP
