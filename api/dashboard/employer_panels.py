"""The figures of the Employer page in words: each with its n and interval, and hidden ones called so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from api.dashboard.employer_gists import Gists, gists
from api.dashboard.figures import Window
from api.dashboard.heard_words import HIDDEN, NOT_TOLD, ends, share
from api.dashboard.panels import Table
from api.dashboard.review_words import beside_rivals, ratings, stated
from api.dashboard.wording import UNKNOWN, count, group, interval, label, percent, signed
from metrics.blocks import UNKNOWN as NO_STANDPOINT
from metrics.listening import NET_SENTIMENT_MIN_N
from metrics.stats import proportion
from storage.alumni import AlumniVoice, Interest, alumni_voice
from storage.blocks import REST
from storage.employer import AudienceRow, Change, EmployerVoice, ThemePair, ThemeRow, employer_voice
from storage.employer_places import TRAITS, Places, places
from storage.employer_reviews import lifetime, month_ratings, rival_reviews
from storage.search import MentionRow
from storage.theme_quotes import theme_quotes
from storage.theme_voices import Voice
from storage.viewer import NotAllowed, Viewer


@dataclass(frozen=True, slots=True)
class Balance:
    """Judged mentions (`mentions`), and how many of them are positive and negative: the ends of a bar."""

    mentions: int
    positive: int
    negative: int


@dataclass(frozen=True, slots=True)
class ThemeLine:
    """One theme of the table; `quote` only where the rule lets its author be quoted."""

    theme: str
    hidden: bool
    cells: tuple[str, ...] = ()
    balance: Balance | None = None
    quote: MentionRow | None = None


@dataclass(frozen=True, slots=True)
class EmployerPanels:
    """All tables; a title that is not there has nothing to tell. What of a table is hidden stands in one sentence below
    it. `quotes` counts what is quoted."""

    voices: Table
    held_back: bool
    themes: tuple[ThemeLine, ...]
    themes_hidden: str
    pairs: Table
    pairs_hidden: str
    ratings: Table
    lifetime: tuple[str, ...]
    candidates: tuple[str, ...]
    candidate_themes: Table
    candidates_hidden: str
    rivals: Table
    rival_notes: tuple[str, ...]
    places: tuple[tuple[str, Table, str], ...]
    alumni: tuple[str, ...]
    quotes: tuple[MentionRow, ...]
    gists: Gists


def employer_panels(
    session: Session, viewer: Viewer, span: Window, before: datetime | None, audience: str | None
) -> EmployerPanels:
    """Read and word all of it; `before` None: the window before is not known in full."""
    found = employer_voice(session, viewer, span.start, span.end, before, audience)
    quoted = _quotes(session, viewer, found.themes, span, audience)
    rivals = rival_reviews(session, viewer, span.start, span.end)
    months = month_ratings(session, viewer, span.end)
    where = [places(session, viewer, trait, span.start, span.end) for trait in TRAITS]
    alumni = alumni_voice(session, viewer, found)
    return EmployerPanels(
        _voices(found.audiences, span),
        found.row(REST) is not None,
        tuple(_theme_line(row, quoted) for row in found.themes),
        _named("Hidden, few people speak of it", [row.theme for row in found.themes if row.voice is None]),
        _pairs(found),
        _named("Of both hidden, or spoken of by nobody", [each.theme for each in found.pairs if not _told(each)]),
        ratings(months),
        tuple(stated(each) for each in lifetime(session, viewer, span.end)),
        _candidates(found),
        _by_candidates(found.candidate_themes),
        _named("Hidden, few candidates speak of it", [row.theme for row in found.candidate_themes if not row.voice]),
        beside_rivals(rivals),
        tuple(f"{each.company}: {', '.join(each.sources)}" for each in rivals),
        tuple(_places(each) for each in where),
        _alumni(alumni),
        tuple(quoted.values()),
        gists(found, months, where, alumni),
    )


def points(change: Change | None) -> str:
    """A difference of shares in points, with its interval."""
    if change is None:
        return UNKNOWN
    sure = "" if change.clear else "; could be chance"
    low, high = 100 * change.interval.low, 100 * change.interval.high
    return f"{signed(100 * change.value)} points ({interval(low, high)}){sure}"


def _voices(rows: Sequence[AudienceRow], span: Window) -> Table:
    columns = ("Who speaks", "Mentions", "Net sentiment", "95 % interval", "Judged", f"Against the {span.words} before")
    held_back = any(row.audience == REST for row in rows)
    shown = (row for row in rows if not (row.audience == NO_STANDPOINT and row.suppressed and held_back))
    return Table(columns, tuple(_voice_cells(row) for row in shown))


def _voice_cells(row: AudienceRow) -> tuple[str, ...]:
    if row.suppressed or row.net is None:
        return (group(row.audience), HIDDEN, *[UNKNOWN] * 4)
    return (group(row.audience), count(row.mentions), *_net(row), count(row.net.n), _moved(row))


def _net(row: AudienceRow) -> tuple[str, str]:
    if row.net is None or row.net.value is None or row.net.interval is None:
        return UNKNOWN, f"needs {NET_SENTIMENT_MIN_N} judged"
    return signed(row.net.value), interval(row.net.interval.low, row.net.interval.high)


def _moved(row: AudienceRow) -> str:
    if row.change is None or row.change.change is None or row.change.interval is None:
        return UNKNOWN
    sure = "" if row.change.clear else "; could be chance"
    return f"{signed(row.change.change)} ({interval(row.change.interval.low, row.change.interval.high)}){sure}"


def _theme_line(row: ThemeRow, quoted: Mapping[str, MentionRow]) -> ThemeLine:
    if row.voice is None:
        return ThemeLine(row.theme, True)
    heard = row.voice.heard
    balance = Balance(heard.judged, row.voice.positive, heard.negative)
    return ThemeLine(row.theme, False, _theme_cells(row.voice, row.change), balance, quoted.get(row.theme))


def _theme_cells(voice: Voice, change: Change | None) -> tuple[str, ...]:
    heard = voice.heard
    positive = percent(voice.positive / heard.judged if heard.judged else None)
    return count(voice.mentions), positive, share(heard), ends(heard.interval), points(change)


def _quotes(
    session: Session, viewer: Viewer, rows: Sequence[ThemeRow], span: Window, audience: str | None
) -> Mapping[str, MentionRow]:
    shown = [row.theme for row in rows if row.voice is not None]
    try:
        return theme_quotes(session, viewer, shown, span.start, span.end, audience)
    except NotAllowed:
        return {}


def _pairs(found: EmployerVoice) -> Table:
    columns = ("", "Current employees", "Former employees", "Current − former (95 % interval)")
    current, former = found.row("employee"), found.row("alumnus")
    rows = [
        ("Mentions", _volume(current), _volume(former), UNKNOWN),
        ("Net sentiment", _whole(current), _whole(former), UNKNOWN),
        *(_pair(pair) for pair in found.pairs if _told(pair)),
    ]
    return Table(columns, tuple(rows) if current or former else ())


def _told(pair: ThemePair) -> bool:
    return pair.current is not None or pair.former is not None


def _named(why: str, themes: Sequence[str]) -> str:
    """One sentence in the place of rows that hold nothing; empty without any."""
    return f"{why}: {', '.join(label(theme) for theme in themes)}." if themes else ""


def _volume(row: AudienceRow | None) -> str:
    return "0" if row is None else HIDDEN if row.suppressed else count(row.mentions)


def _whole(row: AudienceRow | None) -> str:
    if row is None or row.net is None:
        return HIDDEN if row is not None and row.suppressed else UNKNOWN
    value, span = _net(row)
    return f"{value} ({span}), n = {count(row.net.n)}" if row.net.value is not None else f"{UNKNOWN} ({span})"


def _pair(pair: ThemePair) -> tuple[str, ...]:
    name = f"{label(pair.theme).capitalize()}: negative"
    return name, _part(pair.current), _part(pair.former), points(pair.difference)


def _part(voice: Voice | None) -> str:
    return NOT_TOLD if voice is None else f"{share(voice.heard)} ({ends(voice.heard.interval)})"


def _candidates(found: EmployerVoice) -> tuple[str, ...]:
    row = found.candidates
    if row is None:
        return ("No candidate was heard in this time.",)
    if row.suppressed:
        return ("Few candidates wrote, so this stays hidden.",)
    lines = [f"{count(row.mentions)} mentions by candidates. Net sentiment: {_whole(row)}."]
    if found.hiring is None:
        return (*lines, "None of them speaks of the hiring process.")
    if found.hiring.voice is None:
        return (*lines, "What they say of the hiring process stays hidden: few people spoke of it.")
    heard = found.hiring.voice.heard
    lines.append(
        f"{count(found.hiring.voice.mentions)} of these speak of the hiring process: negative {share(heard)}, "
        f"95 % interval {ends(heard.interval)}."
    )
    if found.hiring.change is not None:
        lines.append(f"Against the window before: {points(found.hiring.change)}.")
    return tuple(lines)


def _by_candidates(rows: Sequence[ThemeRow]) -> Table:
    columns = ("Other themes of candidates", "Mentions", "Positive", "Negative", "95 % interval", "Against before")
    lines = ((label(row.theme), *_theme_cells(row.voice, row.change)) for row in rows if row.voice is not None)
    return Table(columns, tuple(lines))


def _alumni(found: AlumniVoice) -> tuple[str, ...]:
    return (_alumni_say(found), _would_return(found.interest), _alumni_advocates(found.advocates))


def _alumni_say(found: AlumniVoice) -> str:
    row = found.row
    if row is None:
        return "No alumnus was heard in this time."
    if row.suppressed:
        return "Few alumni wrote, or their number would give a small group away: this stays hidden."
    return f"{count(row.mentions)} mentions by alumni. Net sentiment: {_whole(row)}."


def _would_return(found: Interest) -> str:
    if found.suppressed or found.would_return is None or found.people is None:
        return "How many say that they would come back is hidden: few people."
    if not found.people:
        return "Nobody could say whether they would come back."
    part = proportion(found.would_return, found.people)
    most = f" (the newest {count(found.read)} texts)" if found.cut else ""
    return (
        f"{count(found.would_return)} of {count(found.people)} people say that they would come back: "
        f"{percent(part.value)}, 95 % interval {ends(part.interval)}{most}. Found by phrases; "
        "others may want to and not say so."
    )


def _alumni_advocates(number: int | None) -> str:
    return (
        "How many alumni are advocates is hidden: few people."
        if number is None
        else f"{count(number)} alumni are advocates by their own choice."
    )


def _places(found: Places) -> tuple[str, Table, str]:
    rows = tuple(
        (row.name, count(row.voice.mentions), share(row.voice.heard), ends(row.voice.heard.interval))
        for row in found.rows
    )
    none = "" if rows else f"No {found.trait} is named by 5 people. "
    note = f"{none}What fewer than 5 people share is not listed; surveys and public talk each count from 5 people on."
    title = {"location": "By location", "team": "By team"}[found.trait]
    return title, Table((found.trait.capitalize(), "Mentions", "Negative", "95 % interval"), rows), note
