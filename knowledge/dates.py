"""FHIR dates, which may be partial: ``2016`` means some day of that year."""

from __future__ import annotations

import calendar
import re
from datetime import date
from functools import lru_cache

_FHIR_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T.*)?)?)?")

#: Stands for "no date": such a result is older than every dated one.
UNDATED = (date.min, date.min)


@lru_cache(maxsize=4096)
def date_interval(text: str | None) -> tuple[date, date]:
    """First and last day that a FHIR date or dateTime can mean; ``UNDATED`` if there is none."""
    match = _FHIR_DATE.fullmatch(text) if text else None
    if match is None:
        return UNDATED
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        if year is None or month is None:
            return date(year or 1, 1, 1), date(year or 1, 12, 31)
        if day is None:
            return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
        return date(year, month, day), date(year, month, day)
    except ValueError:
        return UNDATED


def is_fhir_date(text: str) -> bool:
    """Whether the text is a readable FHIR date or dateTime."""
    return date_interval(text) != UNDATED


def surely_later(first: str | None, second: str | None) -> bool:
    """Whether the first date is later than the second whatever the partial dates mean."""
    return date_interval(first)[0] > date_interval(second)[1]


def months_between(born: str, today: date) -> tuple[int, int] | None:
    """Lowest and highest completed age in months, or ``None`` without a readable birth date."""
    earliest, latest = date_interval(born)
    if (earliest, latest) == UNDATED:
        return None
    return _completed_months(latest, today), _completed_months(earliest, today)


def _completed_months(born: date, today: date) -> int:
    return 12 * (today.year - born.year) + today.month - born.month - (today.day < born.day)
