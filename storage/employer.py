"""The employer side of one window: who speaks, of what, current beside former, and what candidates went through.

Everything that is too small to show is None here already; pages and the API only write down what they find.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from metrics.gaps import Heard, movement, share_difference
from metrics.listening import Movement, NetSentiment, SentimentCounts, net_sentiment, net_sentiment_movement
from metrics.stats import Interval
from storage.breakdowns import Cell, breakdown
from storage.theme_voices import SideVoices, Voice, theme_voices, themes_of
from storage.viewer import Viewer

CURRENT, FORMER, CANDIDATE = "employee", "alumnus", "candidate"
HIRING = "hiring_process"
_NONE = SentimentCounts()


@dataclass(frozen=True, slots=True)
class AudienceRow:
    """One audience with its net sentiment (L3); None throughout where `suppressed`. `change` is against the window
    before, None where that is unknown or hidden."""

    audience: str
    mentions: int | None
    net: NetSentiment | None
    change: Movement | None
    suppressed: bool


@dataclass(frozen=True, slots=True)
class Change:
    """A negative share (0..1) against the one beside it."""

    value: float
    interval: Interval

    @property
    def clear(self) -> bool:
        """Whether the 95 % interval leaves "no difference" out."""
        return self.interval.low > 0 or self.interval.high < 0


@dataclass(frozen=True, slots=True)
class ThemeRow:
    """One theme; `voice` None: hidden. `change` against the window before only where both windows judged enough."""

    theme: str
    voice: Voice | None
    change: Change | None


@dataclass(frozen=True, slots=True)
class ThemePair:
    """One theme as current and as former employees speak of it; None: hidden, or nobody of them did."""

    theme: str
    current: Voice | None
    former: Voice | None
    difference: Change | None  # current minus former


@dataclass(frozen=True, slots=True)
class EmployerVoice:
    """All of it. `candidates` and `hiring` (what they say of the hiring process) are None where hidden or absent."""

    start: datetime
    end: datetime
    audiences: tuple[AudienceRow, ...]
    themes: tuple[ThemeRow, ...]
    pairs: tuple[ThemePair, ...]
    candidates: AudienceRow | None
    hiring: ThemeRow | None
    candidate_themes: tuple[ThemeRow, ...]

    def row(self, audience: str) -> AudienceRow | None:
        """The row of an audience; None where nobody of it spoke."""
        return next((row for row in self.audiences if row.audience == audience), None)


def employer_voice(
    session: Session,
    viewer: Viewer,
    start: datetime,
    end: datetime,
    before: datetime | None,
    audience: str | None = None,
) -> EmployerVoice:
    """Read a window (whole hours); `before` None: the window before is not known in full and nothing is compared.

    `audience` narrows the themes. Raises `NotAllowed` without the employer side.
    """
    voices = theme_voices(session, viewer, "employer", start, end, before)
    rows = _audiences(session, viewer, start, end, before)
    by_candidates = _themes(voices, CANDIDATE)
    return EmployerVoice(
        start,
        end,
        rows,
        _themes(voices, audience),
        _pairs(voices),
        next((row for row in rows if row.audience == CANDIDATE), None),
        next((row for row in by_candidates if row.theme == HIRING), None),
        tuple(row for row in by_candidates if row.theme != HIRING),
    )


def _audiences(
    session: Session, viewer: Viewer, start: datetime, end: datetime, before: datetime | None
) -> tuple[AudienceRow, ...]:
    now = breakdown(session, viewer, None, start, end, "audience", facet="employer")
    earlier = () if before is None else breakdown(session, viewer, None, before, start, "audience", facet="employer")
    known = {cell.key: cell for cell in earlier}
    return tuple(_audience(cell, known.get(cell.key)) for cell in now)


def _audience(cell: Cell, before: Cell | None) -> AudienceRow:
    if cell.suppressed:
        return AudienceRow(cell.key, None, None, None, suppressed=True)
    counts = _counts(cell)
    change = None
    if before is not None and not before.suppressed:
        change = net_sentiment_movement(counts, _counts(before))
    return AudienceRow(cell.key, cell.mentions, net_sentiment(counts), change, suppressed=False)


def _counts(cell: Cell) -> SentimentCounts:
    return SentimentCounts(cell.positive or 0, cell.neutral or 0, cell.negative or 0, cell.unsure or 0)


def _themes(voices: SideVoices, audience: str | None) -> tuple[ThemeRow, ...]:
    """The themes that were spoken of, the most frequent first, hidden ones last."""
    found = []
    for theme in themes_of("employer"):
        now = voices.now.get(theme)
        if now is None or (audience is not None and audience not in now.audiences):
            continue
        earlier = voices.before.get(theme)
        voice, was = now.shown(audience), earlier.shown(audience) if earlier else None
        found.append(ThemeRow(theme, voice, _change(voice, was)))
    return tuple(sorted(found, key=lambda row: -1 if row.voice is None else row.voice.mentions, reverse=True))


def _change(now: Voice | None, before: Voice | None) -> Change | None:
    told = None if now is None or before is None else movement(now.heard, before.heard)
    return None if told is None else Change(*told)


def _pairs(voices: SideVoices) -> tuple[ThemePair, ...]:
    """The themes that both may be shown on come first, by what their people say most."""
    found = []
    for each in voices.now.values():
        if not {CURRENT, FORMER}.isdisjoint(each.audiences):
            current, former = each.shown(CURRENT), each.shown(FORMER)
            found.append(ThemePair(each.theme, current, former, _difference(_heard(current, former))))
    return tuple(sorted(found, key=_weight, reverse=True))


def _heard(*voices: Voice | None) -> list[Heard]:
    return [voice.heard for voice in voices if voice is not None]


def _difference(heard: Sequence[Heard]) -> Change | None:
    if len(heard) < 2 or heard[0].share is None or heard[1].share is None:
        return None
    ends = share_difference(heard[0], heard[1])
    return None if ends is None else Change(heard[0].share - heard[1].share, ends)


def _weight(pair: ThemePair) -> tuple[int, int]:
    shown: Iterable[Voice] = [voice for voice in (pair.current, pair.former) if voice is not None]
    return sum(1 for _ in shown), sum(voice.mentions for voice in shown)
