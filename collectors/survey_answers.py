"""Survey answers without the people who gave them: the one way in for files, the API and webhooks.

Nothing of a person stays: no author, no id that leads back to the survey tool, no day, no mail, handle, phone or name
in the text as far as it can be recognised. What stays is the answer, its question, the month and the kind of survey.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from collectors.post import HIDE, RawAuthor, RawPost
from collectors.quoting import quoted

PLATFORM = "survey"
PERSON = "[person]"
TYPES = {
    "exit": ("exit leaver leaving offboarding austritt departure", "former employee"),
    "stay": ("stay retention", "current employee"),
    "engagement": ("engagement pulse enps employee climate", "current employee"),
    "csat": ("csat nps customer satisfaction ces kundenzufriedenheit", "customer"),
}
SCALES = ("1-5", "1-7", "1-10", "0-10", "percent")
FEWEST = 5  # answerers of a team or place, below which it is not kept
_KEPT = ("survey_type", "author_status", "score", "scale", "stars", "team", "location")
_LONGEST_STATED = 100
# Forgotten when this process ends: which answers came from one person can be counted, and never traced to anyone.
_SALT = secrets.token_bytes(32)

_NAME = r"[A-Z\u00C0-\u00DE\u0410-\u042F][\w'\u2019-]{1,30}"
_TITLED = re.compile(
    r"\b((?:Mr|Mrs|Ms|Miss|Dr|Prof|Professor|Herrn?|Frau|Mme|Mlle|Monsieur|Madame|Se\u00F1ora?|Sra|Sr|Signora?)\.?)"
    rf"[ \u00a0](?:Dr\.? )?{_NAME}(?:[ -]{_NAME}){{0,2}}"
)
_RELATED = re.compile(
    r"(?i:\b((?:manager|boss|supervisor|team ?lead(?:er)?|director|colleague|co-?worker|mentor|recruiter|chefin|chef"
    r"|vorgesetzte[rn]?|kolleg(?:e|in|en|innen)|teamleit(?:er|erin|ung)|responsable|jefe|jefa)"
    rf"(?: (?:is|was|ist|war|named|called|namens))?,?)) {_NAME}(?: {_NAME})?"
)
# Not parts of phone numbers, which the privacy door masks as such, and not figures with points or commas.
_STAFF_NUMBER = re.compile(r"(?<![\w.,-])(?<!\d )[A-Za-z]{0,4}[-#]?\d{5,12}(?![\w-]|[.,]\d| \d)")
_SCORE = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,3})?")
_OUT_OF = re.compile(r"(\d{1,3}(?:[.,]\d{1,3})?)\s*(?:/|out of|von|sur|de)\s*(5|7|10|100)")
_SCALE_OF_TOP = {"5": "1-5", "7": "1-7", "10": "0-10", "100": "percent"}


@dataclass(frozen=True, slots=True)
class Score:
    """What was ticked. `scale` is one of `SCALES`, None where nobody said which."""

    value: float
    scale: str | None


def anonymous(post: RawPost, now: datetime, respondent: str = "") -> RawPost:
    """The answer without its person; the title is the question, the time the first of its month.

    `respondent` is what tells those who answered apart (a response number, at worst a mail address): it is mixed with
    a random number of this process and serves only to count distinct people, so that small groups stay hidden.
    Applied once, to the post as its source gave it.
    """
    return RawPost(
        native_id=hidden_id(post.native_id),
        text=mask_names(post.text),
        published_at=_month(post.published_at, now),
        title=None if post.title is None else mask_names(post.title),
        author=RawAuthor(PLATFORM, _token(respondent)) if respondent else None,
        kind="survey",
        lang=post.lang,
        rating=post.rating if post.rating is not None else rating_of(_stated_score(post.stated)),
        stated=_stated(post),
    )


def anonymous_sent(post: RawPost, now: datetime) -> RawPost:
    """`anonymous` for an answer that a program sends: `stated.respondent` tells answerers apart.

    Team and place are left out, since one call does not show how many people there answered.
    """
    stated = {name: value for name, value in post.stated.items() if name not in ("team", "location")}
    return anonymous(replace(post, stated=stated), now, post.stated.get("respondent", ""))


def hidden_id(native_id: str) -> str:
    """An id that the privacy door turns into a steady pseudonym: nobody gets back to the survey tool's own one."""
    return f"{HIDE}{native_id}"


def survey_type(text: str) -> tuple[str | None, str | None]:
    """The type of a survey and the standpoint of those who answer it; other types keep their own name."""
    words = re.findall(r"[^\W_]+", text.casefold())
    for survey, (known, status) in TYPES.items():
        if any(word in known.split() for word in words):
            return survey, status
    return (" ".join(words)[:60] or None), None


def read_score(text: str, scale: str = "") -> Score | None:
    """A score as tools write it ("4", "7/10", "80 %", "★★★★"); `scale` is what the survey is known to use.

    None for "n/a" and the like; raise `ValueError` for what is no score or lies outside its scale.
    """
    text = text.strip()
    if not text or text.casefold() in {"n/a", "na", "-", "–", "none", "null"}:
        return None
    told = scale or None
    if "★" in text and not any(letter.isdigit() for letter in text):
        number, told = str(text.count("★")), "1-5"
    elif found := _OUT_OF.fullmatch(text.casefold()):
        number, told = found[1], _SCALE_OF_TOP[found[2]]
    elif text.endswith("%"):
        number, told = text[:-1].strip(), "percent"
    else:
        number = text
    if not _SCORE.fullmatch(number):
        raise ValueError(f"{quoted(text)} is not a score")
    value = float(number.replace(",", "."))
    low, high = bounds(told) if told else (0, 100)
    if not low <= value <= high:
        raise ValueError(f"{quoted(text)} is not between {low} and {high}")
    return Score(value, told)


def bounds(scale: str) -> tuple[int, int]:
    """The ends of one of `SCALES`; raise `ValueError` for another."""
    if scale not in SCALES:
        raise ValueError(f"the scale must be one of {', '.join(SCALES)}, not {quoted(scale)}")
    if scale == "percent":
        return 0, 100
    low, _, high = scale.partition("-")
    return int(low), int(high)


def rating_of(score: Score | None) -> float | None:
    """The score on our stars from 1 to 5; None where its scale is not known: 4 of 5 is not 4 of 10."""
    if score is None or score.scale is None:
        return None
    low, high = bounds(score.scale)
    return round(1 + 4 * (score.value - low) / (high - low), 2)


def stated_of(score: Score | None) -> dict[str, str]:
    """What the score says, for `RawPost.stated`. `stars` only where the scale is known."""
    if score is None:
        return {}
    stated = {"score": f"{score.value:g}"}
    rating = rating_of(score)
    if score.scale is None or rating is None:
        return stated
    return stated | {"scale": score.scale, "stars": _stars(score, rating)}


def mask_names(text: str) -> str:
    """Names after a title or a role ("Frau Meier", "my manager Ann") and staff numbers become `[person]`.

    The privacy door masks mails, handles, phones and profiles after this. A name that stands alone is not recognised.
    """
    text = _TITLED.sub(lambda found: f"{found[1]} {PERSON}", text)
    text = _RELATED.sub(lambda found: f"{found[1]} {PERSON}", text)
    return _STAFF_NUMBER.sub(PERSON, text)


def _stars(score: Score, rating: float) -> str:
    """Of 0 to 10, the usual reading of a recommendation: up to 6 a critic, 7 and 8 neither, 9 and 10 a friend."""
    if score.scale == "0-10":
        return "1" if score.value <= 3 else "2" if score.value <= 6 else "3" if score.value <= 8 else "5"
    return str(min(5, max(1, round(rating))))


def _stated(post: RawPost) -> dict[str, str]:
    """Only what is known to say nothing of a single person."""
    given = {name: post.stated[name][:_LONGEST_STATED] for name in _KEPT if post.stated.get(name)}
    survey, status = survey_type(given.pop("survey_type", ""))
    stated = {"kind": "survey", **given}
    if "stars" not in stated:
        stated |= stated_of(_stated_score(post.stated))
    if post.rating is not None and "stars" not in stated:
        stated["stars"] = str(min(5, max(1, round(post.rating))))
    if survey:
        stated["survey_type"] = survey
    if status and "author_status" not in stated:
        stated["author_status"] = status
    return stated


def _stated_score(stated: Mapping[str, str]) -> Score | None:
    try:
        return read_score(stated.get("score", ""), stated.get("scale", ""))
    except ValueError:
        return None


def _month(published: datetime | None, now: datetime) -> datetime:
    moment = now if published is None or published.tzinfo is None else min(published.astimezone(UTC), now)
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _token(respondent: str) -> str:
    return hmac.new(_SALT, respondent.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


__all__ = [
    "FEWEST", "SCALES", "TYPES", "Score", "anonymous", "anonymous_sent", "bounds", "hidden_id", "mask_names",
    "rating_of", "read_score", "stated_of", "survey_type",
]  # fmt: skip
