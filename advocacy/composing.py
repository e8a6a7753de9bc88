"""A draft on its way to a platform: what goes out, what a reader sees of it, and what stands in the way.

Only one thing is refused: a text on X that is too like another one (X forbids near copies across accounts). All else is
advice to the person, who decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from advocacy.disclosure import Disclosure, check_disclosure
from advocacy.disclosure_rules import EMPLOYEE
from advocacy.intents import title_and_text
from advocacy.lengths import TITLE_LENGTH, Length, links, measure
from advocacy.similarity import TOO_SIMILAR, similarity

NAMES = {
    "linkedin": "LinkedIn",
    "x": "X",
    "bluesky": "Bluesky",
    "mastodon": "Mastodon",
    "threads": "Threads",
    "instagram": "Instagram",
    "reddit": "Reddit",
}
REFUSES_COPIES = frozenset({"x"})
WITHOUT_LINKS = frozenset({"instagram"})  # a link in a caption can't be followed
SUGGESTION, COLLEAGUE = "suggestion", "colleague"
# What a platform shows before "more", in characters: what its pages show, as seen; None: all of it.
_FOLD = {"linkedin": 210, "instagram": 125}
_MOST_HASHTAGS = 30
_MOST_THREADS_LINKS = 5


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wrote for a platform. `link` is the tracked link that goes along."""

    platform: str
    text: str
    link: str | None = None
    standing: str = EMPLOYEE
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said about a draft. `too_like`: "suggestion" or "colleague"; None: own words, or nothing to compare.

    `disclosure` None: no company is set up, so there is no name to look for. `refused` says why it may not go out;
    empty: it may.
    """

    composed: str
    shown: str  # what a reader sees before "more"
    folded: bool
    length: Length
    disclosure: Disclosure | None
    too_like: str | None
    notes: tuple[str, ...]
    refused: str

    @property
    def own_words(self) -> bool:
        """Whether the text is the person's own."""
        return self.too_like is None


def compose(draft: Draft) -> str:
    """The text as it goes out: with the link at its end, unless it stands in it or the platform makes nothing of it."""
    text = draft.text.strip()
    if draft.link is None or draft.platform in WITHOUT_LINKS or draft.link in text:
        return text
    return f"{text}\n\n{draft.link}" if text else draft.link


def judge(draft: Draft, names: Sequence[str], suggested: Sequence[str], colleagues: float = 0.0) -> Judgement:
    """Everything about a draft. `suggested` are the content's texts, `colleagues` the likeness to the nearest share."""
    composed = compose(draft)
    length = measure(draft.platform, composed)
    room = max(0, length.remaining)
    disclosure = (
        check_disclosure(draft.text, names, draft.language, standing=draft.standing, room=room) if names else None
    )
    too_like = _too_like(draft.text, suggested, colleagues)
    fold = _FOLD.get(draft.platform)
    return Judgement(
        composed=composed,
        shown=composed[:fold].rstrip() if fold else composed,
        folded=fold is not None and len(composed) > fold,
        length=length,
        disclosure=disclosure,
        too_like=too_like,
        notes=_notes(draft, length, room, disclosure),
        refused=_refusal(draft.platform, too_like),
    )


def _too_like(text: str, suggested: Sequence[str], colleagues: float) -> str | None:
    if any(similarity(text, other) >= TOO_SIMILAR for other in suggested):
        return SUGGESTION
    return COLLEAGUE if colleagues >= TOO_SIMILAR else None


def _refusal(platform: str, too_like: str | None) -> str:
    if too_like is None or platform not in REFUSES_COPIES:
        return ""
    whose = "the suggestion" if too_like == SUGGESTION else "what a colleague has shared"
    return f"X forbids near copies across accounts, and this text is too like {whose}. Say it your way, then it can go."


def _notes(draft: Draft, length: Length, room: int, disclosure: Disclosure | None) -> tuple[str, ...]:
    name = NAMES[draft.platform]
    notes = []
    if not length.fits:
        notes.append(f"{-length.remaining:,} {length.unit} too long for {name}.")
    elif disclosure is not None and not disclosure.disclosed and not disclosure.suggestions:
        notes.append(f"Only {room} {length.unit} are left: shorten the text to make room for the disclosure.")
    notes.extend(_of_platform(draft))
    return tuple(notes)


def _of_platform(draft: Draft) -> list[str]:
    """What is particular to a platform."""
    notes = []
    if draft.platform == "instagram":
        if draft.link or links(draft.text):
            notes.append("Instagram makes no link of an address in a caption; put it into your profile or a story.")
        if draft.text.count("#") > _MOST_HASHTAGS:
            notes.append(f"Instagram takes at most {_MOST_HASHTAGS} hashtags.")
    if draft.platform == "threads" and len(set(links(compose(draft)))) > _MOST_THREADS_LINKS:
        notes.append(f"Threads takes at most {_MOST_THREADS_LINKS} links.")
    if draft.platform == "reddit":
        first = draft.text.strip().partition("\n")[0]
        if len(first.strip()) > TITLE_LENGTH:
            notes.append(f"The first line becomes the title on Reddit, which takes {TITLE_LENGTH} characters.")
        elif draft.text.strip() and not title_and_text(draft.text)[1]:
            notes.append("The first line becomes the title on Reddit; what follows is the text.")
    return notes
