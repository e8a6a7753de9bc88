"""What an editor writes for others to share: checked, and read as the advocate needs it."""

from dataclasses import dataclass, replace
from datetime import datetime

from advocacy.lengths import PLATFORMS

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pl", "pt", "sv", "no", "da", "fi", "ja", "zh")
MAX_PROMPTS = 8
MAX_PROMPT = 200
_LIMITS = {"title": 120, "angle": 500, "facts": 3_000, "avoid": 2_000, "example": 3_000, "link": 2_000}
_NEEDED = {"title": "give it a title", "angle": "say in a sentence what makes this worth telling"}
MAX_ALT = 500


@dataclass(frozen=True, slots=True)
class Draft:
    """A content as it is written; times aware. `platforms` empty: any."""

    title: str
    angle: str
    available_from: datetime
    available_until: datetime | None = None
    prompts: tuple[str, ...] = ()
    facts: str = ""
    avoid: str = ""
    example: str = ""
    link: str = ""
    picture_alt: str | None = None
    language: str = "en"
    platforms: tuple[str, ...] = ()
    campaign_id: int | None = None


def checked(draft: Draft, *, has_picture: bool) -> Draft:
    """The draft without spaces around its texts; raises ValueError ("field: reason")."""
    texts = {name: _text(getattr(draft, name)) for name in _LIMITS}
    for name, limit in _LIMITS.items():
        if len(texts[name]) > limit:
            raise ValueError(f"{name}: use at most {limit:,} characters")
        if name in _NEEDED and not texts[name]:
            raise ValueError(f"{name}: {_NEEDED[name]}")
    texts["title"] = " ".join(texts["title"].split())
    if draft.language not in LANGUAGES:
        raise ValueError(f"language: {draft.language[:20]!r} is not one of {', '.join(LANGUAGES)}")
    if draft.available_until is not None and draft.available_until <= draft.available_from:
        raise ValueError("available_until: must lie after the beginning")
    return replace(
        replace(draft, **texts),  # type: ignore[arg-type]
        prompts=_prompts(draft.prompts),
        platforms=_platforms(draft.platforms),
        picture_alt=_alt(draft.picture_alt, has_picture=has_picture),
    )


def lines(text: str) -> tuple[str, ...]:
    """The facts of a content one by one, without the signs that begin a list."""
    found = (line.strip().lstrip("-*•").strip() for line in text.splitlines())
    return tuple(line for line in found if line)


def texts_to_differ_from(angle: str, facts: str, example: str) -> tuple[str, ...]:
    """Everything of a content that a post must not repeat: a fact may stand in a post, but is none by itself."""
    return tuple(text for text in (example, angle, facts, *lines(facts)) if text.strip())


def _text(value: str) -> str:
    return value.replace("\x00", "").encode("utf-8", "replace").decode().replace("\r\n", "\n").strip()


def _prompts(given: tuple[str, ...]) -> tuple[str, ...]:
    prompts = tuple(dict.fromkeys(line for line in (" ".join(_text(each).split()) for each in given) if line))
    if len(prompts) > MAX_PROMPTS:
        raise ValueError(f"prompts: {MAX_PROMPTS} questions are enough")
    if any(len(prompt) > MAX_PROMPT for prompt in prompts):
        raise ValueError(f"prompts: use at most {MAX_PROMPT} characters for each question")
    return prompts


def _platforms(given: tuple[str, ...]) -> tuple[str, ...]:
    unknown = [name for name in given if name not in PLATFORMS]
    if unknown:
        raise ValueError(f"platforms: {unknown[0][:40]!r} is not one of {', '.join(PLATFORMS)}")
    return tuple(name for name in PLATFORMS if name in given)


def _alt(given: str | None, *, has_picture: bool) -> str | None:
    words = " ".join(_text(given or "").split())
    if len(words) > MAX_ALT:
        raise ValueError(f"picture_alt: use at most {MAX_ALT} characters")
    if has_picture and not words:
        raise ValueError("picture_alt: say what the picture shows, for people who can't see it")
    return words if has_picture else None
