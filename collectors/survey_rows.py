"""Rows of a survey file as answers without the people who gave them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from collectors.columns import Columns, personal
from collectors.file_rows import RowProblem, RowReader, stated_language, stated_status
from collectors.post import RawPost
from collectors.survey_answers import FEWEST, anonymous, bounds, read_score, stated_of
from collectors.tables import BadRow

Place = tuple[str, str]  # team, location
_SCALES = {"5": "1-5", "10": "0-10", "100": "percent"}


class SurveyRowReader(RowReader):
    """Reads answers. `scale` is what the scores are known to be on, "" when nobody said; `kept` are the teams and
    places with enough people in the file that naming them names nobody."""

    def __init__(self, columns: Columns, date_order: str, scale: str, kept: frozenset[Place]) -> None:
        super().__init__("survey", columns, date_order, 5)
        self._known_scale = scale
        self._kept = kept
        self._asks = "title" in columns.places  # one row a question: several rows may be of one person
        self._now = datetime.now(UTC)  # of the file: rows read before and after midnight fall into one month

    def read(self, cells: Sequence[object]) -> tuple[RawPost, bool]:
        """The row as an answer, and whether its id is the file's own; raise `RowProblem`."""
        values = self.values(cells)
        if not values.get("text") and not values.get("rating"):
            raise RowProblem("text", "is empty")
        given = values.get("id", "")[:500]
        question = values.get("title", "")
        post = RawPost(
            native_id=f"{given}\x1f{question}" if given and self._asks else given or self._content_id(values),
            text=values.get("text", ""),
            published_at=self._date(cells, values),
            title=question or None,
            kind="survey",
            lang=stated_language(values.get("lang", "")),
            stated=self._said(values),
        )
        return anonymous(post, self._now, respondent_of(values, asks=self._asks)), bool(given)

    def _said(self, values: Mapping[str, str]) -> dict[str, str]:
        scale = values.get("scale", self._known_scale)
        try:
            if scale:
                bounds(scale)
        except ValueError as error:
            raise RowProblem("scale", str(error)) from error
        try:
            said = stated_of(read_score(values.get("rating", ""), scale))
        except ValueError as error:
            raise RowProblem("rating", str(error)) from error
        if place_of(values) in self._kept:
            said |= {name: values[name] for name in ("team", "location") if name in values}
        if status := stated_status(values.get("author_status", "")):
            said["author_status"] = status
        return said | {name: values[name] for name in ("survey_type",) if name in values}


def kept_places(rows: Iterable[tuple[int, Sequence[object] | BadRow]], columns: Columns) -> frozenset[Place]:
    """Teams and places of which at least `FEWEST` different people answer; the others would point at somebody."""
    if not {"team", "location"} & {*columns.places, *columns.constants}:
        return frozenset()
    reader = RowReader("survey", columns, "dmy", 5)
    people: dict[Place, set[str]] = {}
    for line, cells in rows:
        if isinstance(cells, BadRow):
            continue
        values = reader.values(cells)
        found = people.setdefault(place_of(values), set())
        if len(found) < FEWEST:
            found.add(respondent_of(values, asks="title" in columns.places) or f"line {line}")
    return frozenset(place for place, found in people.items() if len(found) >= FEWEST)


def place_of(values: Mapping[str, str]) -> Place:
    """Team and location of a row."""
    return values.get("team", ""), values.get("location", "")


def respondent_of(values: Mapping[str, str], *, asks: bool) -> str:
    """What tells people apart: their column, or, where each question has a row, the number of the response."""
    return values.get("respondent") or (values.get("id", "") if asks else "")


def known_scale(mapping: Mapping[str, str], headings: Mapping[str, str]) -> str:
    """The scale that a person named, or that the heading of the scores tells (NPS is 0 to 10 by definition)."""
    if given := mapping.get("rating_scale"):
        return _SCALES.get(given, "")
    heading = headings.get("rating", "").casefold()
    return "0-10" if "nps" in heading else ""


def notes_of(columns: Columns, headings: Sequence[str]) -> tuple[str, ...]:
    """What becomes of columns that tell of people, for the preview and the report."""
    counted = [headings[place] for field, place in columns.places.items() if field == "respondent"]
    dropped = personal(columns.unused)
    notes = [f"{counted[0]!r} only serves to count how many people answered; it is not stored."] if counted else []
    notes += [f"Not read, since answers are stored without people: {', '.join(dropped)}."] if dropped else []
    if {"team", "location"} & {*columns.places}:
        notes.append(f"Team and place are kept where at least {FEWEST} people of them answered.")
    return tuple(notes)


__all__ = ["SurveyRowReader", "kept_places", "known_scale", "notes_of"]
