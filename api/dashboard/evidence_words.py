"""The words behind a mention's tags as the page shows them: the text in pieces, a table per tag, honest sentences."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from api.dashboard.wording import kind_of_tag, label, percent, signed, voice
from nlp.result import Evidence, HeadEvidence, Span, Word
from nlp.text import TARGET_SIGN, clean, mark_target
from storage.mentions import MentionDetail

_THICK = (0.15, 0.4)  # weights from which a line under a word is thicker, and thickest


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the text. `tone`: "" (plain), raises, lowers, theme or unread; `strength`: 1 to 3; `named`: the company
    stands in it."""

    text: str
    tone: str = ""
    strength: int = 0
    named: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One tag with its words. `columns` and `rows` are the table; empty rows: `note` says why."""

    id: str
    title: str
    note: str
    pieces: tuple[Piece, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Target:
    """Whom the sentiment is about, and whether the text names them."""

    company: str
    named: bool


@dataclass(frozen=True, slots=True)
class _Mark:
    span: Span
    tone: str = ""
    strength: int = 0


def target_of(detail: MentionDetail) -> Target:
    """Found with the same words by which the model is shown the company."""
    text = clean(f"{detail.row.title or ''}\n\n{detail.text}")
    return Target(detail.row.company, TARGET_SIGN in mark_target(text, detail.names))


def panels(found: Evidence, detail: MentionDetail) -> list[Panel]:
    """A panel per tag, and one for the themes."""
    return [*(_panel(found, head, detail) for head in found.heads), _themes(found)]


def _panel(found: Evidence, head: HeadEvidence, detail: MentionDetail) -> Panel:
    spans = [_mark(word, head.together) for word in head.words]
    name = _name(head.head, head.explained)
    whole = head.probability or 0.0
    words = [(found.text[word.start : word.end], word.weight) for word in head.words]
    if head.together is not None:
        words = [(", ".join(word for word, _ in words), head.together)]
    rows = tuple(
        (word, f"{percent(whole)} → {percent(min(max(whole - fall, 0.0), 1.0))}", signed(-100 * fall))
        for word, fall in words
    )
    title = f"{kind_of_tag(head.head)}: {_name(head.head, head.label)}"
    note = " ".join(_notes(found, head, detail))
    columns = ("Left out", f"Probability of “{name}”", "Change in points")
    return Panel(head.head, title, note, tuple(_pieces(found, spans)), columns, rows)


def _notes(found: Evidence, head: HeadEvidence, detail: MentionDetail) -> Iterator[str]:
    now = str(getattr(detail.row, head.head))
    if head.head in detail.row.corrected:
        yield f"A person corrected this tag: {_name(head.head, now)} counts. Below is the model’s own view."
    elif now != head.label:
        yield (
            f"The tag in force, {_name(head.head, now)}, was given by model {detail.model or '–'}; "
            f"read again by model {found.model}, it is {_name(head.head, head.label)}."
        )
    if head.statement is not None:
        yield f"{_decided(head.statement)}, so no words are behind it."
        return
    if head.label != head.explained:
        yield (
            f"The model is not sure enough to say it. Its likeliest guess is {_name(head.head, head.explained)}, "
            f"with {percent(head.probability)}; the words below moved that guess."
        )
    else:
        yield f"The model gives “{_name(head.head, head.explained)}” {percent(head.probability)}."
    part = "phrase" if found.phrases else "word"
    if head.together is not None:
        left = max((head.probability or 0.0) - head.together, 0.0)
        yield (
            f"No single {part} carries it, since they stand in for each other; "
            f"without all of these at once it falls to {percent(left)}."
        )
    elif not head.words:
        yield f"No single {part} carries it: without any one of them it stays about as probable."


def _decided(statement: str) -> str:
    if statement.startswith("source: "):
        return f"The source itself decided this ({statement.removeprefix('source: ')})"
    return f"The model did not read this text ({statement})"


def _themes(found: Evidence) -> Panel:
    spans = [_Mark((one.start, one.end), "theme", 1) for one in found.themes]
    words: dict[str, list[str]] = {}
    for one in found.themes:
        words.setdefault(one.theme, []).append(found.text[one.start : one.end])
    rows = tuple((label(theme), ", ".join(dict.fromkeys(each))) for theme, each in words.items())
    note = "Themes are found by the words of their lists, not by the model." if rows else "No word of a theme’s list."
    return Panel("themes", "Themes", note, tuple(_pieces(found, spans)), ("Theme", "Words"), rows)


def _pieces(found: Evidence, spans: Sequence[_Mark]) -> Iterator[Piece]:
    """The whole text in order. Where marks meet, words go before the company's name, and that before what is unread."""
    marks = [*spans, *(_Mark(span) for span in found.named)]
    if found.unread is not None:
        marks.append(_Mark(found.unread, "unread"))
    at = 0
    for mark in sorted(_apart(marks), key=lambda each: each.span):
        start, end = mark.span
        if at < start:
            yield Piece(found.text[at:start])
        yield Piece(
            found.text[start:end], mark.tone, mark.strength, any(_meet(mark.span, name) for name in found.named)
        )
        at = end
    if at < len(found.text):
        yield Piece(found.text[at:])


def _apart(marks: Sequence[_Mark]) -> list[_Mark]:
    kept: list[_Mark] = []
    for mark in marks:
        if not any(_meet(mark.span, other.span) for other in kept):
            kept.append(mark)
    return kept


def _meet(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _mark(word: Word, together: float | None) -> _Mark:
    weight = word.weight if together is None else together
    return _Mark((word.start, word.end), "raises" if weight > 0 else "lowers", _strength(weight))


def _strength(weight: float) -> int:
    return 1 + sum(abs(weight) >= least for least in _THICK)


def _name(head: str, name: str) -> str:
    return voice(name) if head == "audience" else label(name)
