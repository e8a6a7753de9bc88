"""Dates as people and programs write them into tables."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime

DAY_FIRST, MONTH_FIRST = "dmy", "mdy"
_NUMERIC = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)[,T ]*(.*)")
_YEAR_FIRST = re.compile(r"(\d{4})([./])(\d{1,2})\2(\d{1,2})(?!\d)[,T ]*(.*)")
_DAY_NAME_YEAR = re.compile(
    r"(?:[^\W\d]+\.?,?\s+)?(\d{1,2})(?:st|nd|rd|th|\.)?[\s-]+(?:de\s+)?([^\W\d]+)\.?,?[\s-]+(?:de\s+)?(\d{4})[,\s]*(.*)"
)
_NAME_DAY_YEAR = re.compile(r"(?:[^\W\d]+day,?\s+)?([^\W\d]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})[,\s]*(.*)")
_CLOCK = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,9})?)?\s*([aApP]\.?[mM]\.?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
_LONGEST = 64  # characters of any date
_EXCEL_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
_MONTHS = {
    month: number
    for number, names in enumerate(
        (
            "jan january januar janner janvier janv enero ene janeiro gennaio",
            "feb february februar fevrier fevr février févr febrero fevereiro febbraio",
            "mar march marz märz mrz mars marzo março marco",
            "apr april avril avr abril abr aprile",
            "may mai mayo maio maggio",
            "jun june juni juin junio junho giugno",
            "jul july juli juillet juil julio julho luglio",
            "aug august aout août agosto ago",
            "sep sept september septembre septiembre setembro set settembre",
            "oct october oktober okt octobre octubre outubro out ottobre",
            "nov november novembre noviembre novembro",
            "dec december dezember dez decembre décembre diciembre dic dezembro dicembre",
        ),
        start=1,
    )
    for month in names.split()
}


@dataclass(frozen=True, slots=True)
class DateOrder:
    """Whether 03/04 is the 3rd of April (`dmy`) or the 4th of March (`mdy`), and what says so."""

    order: str
    certain: bool
    note: str = ""


def order_of(values: Iterable[str]) -> DateOrder:
    """Decide by a sample of the column: a number above 12 shows where the day stands."""
    first = second = seen = dots = 0
    for value in values:
        found = _NUMERIC.match(value.strip())
        if found:
            seen += 1
            dots += found[2] == "."
            first += int(found[1]) > 12
            second += int(found[3]) > 12
    if first and not second:
        return DateOrder(DAY_FIRST, True)
    if second and not first:
        return DateOrder(MONTH_FIRST, True)
    if first and second:
        order = DAY_FIRST if first >= second else MONTH_FIRST
        return DateOrder(order, False, f"Days and months change places within the column; read as {_words(order)}.")
    if not seen or dots == seen:
        return DateOrder(DAY_FIRST, True)  # dates with points are written day first
    return DateOrder(DAY_FIRST, False, "No date shows whether the day or the month is first; read as day/month.")


def _words(order: str) -> str:
    return "day/month" if order == DAY_FIRST else "month/day"


def read_date(value: object, order: str) -> datetime:
    """An aware UTC time; dates without a zone are read as UTC. Raise `ValueError` for what is no date.

    Understood: ISO 8601, day and month by name or number, RFC 2822, Unix seconds and milliseconds, Excel's dates.
    """
    if isinstance(value, datetime):
        return _aware(value)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_number(float(value))
    text = str(value).strip()
    if len(text) > _LONGEST or not any(letter.isdigit() for letter in text):
        raise ValueError("not a date")
    if re.fullmatch(r"-?\d{5,13}(\.\d{1,9})?", text) and not re.fullmatch(r"(19|20)\d{6}", text):
        return _from_number(float(text))
    try:
        return _aware(datetime.fromisoformat(text.removesuffix(" UTC")))
    except (ValueError, OverflowError):
        return _from_words(text, order)


def _from_words(text: str, order: str) -> datetime:
    if found := _NUMERIC.fullmatch(text):
        day, month = (found[1], found[3]) if order == DAY_FIRST else (found[3], found[1])
        if int(month) > 12 >= int(day):
            day, month = month, day  # the one row that shows its own order
        return _built(_year(found[4]), int(month), int(day), found[5])
    if found := _YEAR_FIRST.fullmatch(text):
        return _built(int(found[1]), int(found[3]), int(found[4]), found[5])
    if (found := _DAY_NAME_YEAR.fullmatch(text)) and (month_number := _MONTHS.get(found[2].casefold())):
        return _built(int(found[3]), month_number, int(found[1]), found[4])
    if (found := _NAME_DAY_YEAR.fullmatch(text)) and (month_number := _MONTHS.get(found[1].casefold())):
        return _built(int(found[3]), month_number, int(found[2]), found[4])
    try:
        if not any(letter.isalpha() for letter in text):
            raise ValueError("RFC 2822 names the month")  # noqa: TRY301 - one place decides
        return _aware(parsedate_to_datetime(text))
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise ValueError(f"{text[:40]!r} is not a date") from error


def _built(year: int, month: int, day: int, clock: str) -> datetime:
    moment = datetime(year, month, day, tzinfo=UTC)
    if not clock.strip():
        return moment
    found = _CLOCK.fullmatch(clock.strip())
    if not found:
        raise ValueError(f"{clock[:40]!r} is not a time of day")
    hour = int(found[1])
    if found[4]:
        hour = hour % 12 + (12 if found[4][0] in "pP" else 0)
    return moment.replace(hour=hour, minute=int(found[2]), second=int(found[3] or 0)) - _offset(found[5])


def _offset(zone: str | None) -> timedelta:
    if zone in (None, "Z", "UTC", "GMT"):
        return timedelta(0)
    digits = zone[1:].replace(":", "") if zone else "0000"
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -size if zone and zone[0] == "-" else size


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else int(text) + (2000 if int(text) < 70 else 1900)


def _from_number(number: float) -> datetime:
    """Excel counts days since 1900 (five digits today), Unix seconds (ten) or milliseconds (thirteen)."""
    if 10_000 <= number < 100_000:
        return _EXCEL_EPOCH + timedelta(seconds=round(number * 86_400))
    seconds = number / 1000 if number >= 1e11 else number
    if not 1e8 <= seconds < 1e10:
        raise ValueError(f"{number:g} is not a date")
    return datetime.fromtimestamp(seconds, UTC)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the date lies outside of the calendar") from error
