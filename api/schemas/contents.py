"""Contents as the API shows and takes them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from pydantic.config import JsonDict

from advocacy.content import LANGUAGES, MAX_ALT, MAX_PROMPT, MAX_PROMPTS
from advocacy.lengths import PLATFORMS
from api.schemas.fields import Answer, Line, Moment, Question, SerialId, asked, example

_DRAFT: JsonDict = {
    "title": "The quiet kettle",
    "angle": "Two years of work for forty seconds",
    "prompts": ["What surprised you?"],
    "facts": "It boils in forty seconds",
    "avoid": "Prices",
    "link": "https://careers.acme.example/jobs",
    "language": "en",
    "platforms": ["linkedin", "x"],
}
_CONTENT: JsonDict = {
    **_DRAFT,
    "id": 7,
    "campaign_id": None,
    "campaign": None,
    "example": "",
    "has_picture": False,
    "picture_alt": None,
    "available_from": "2026-11-20T08:00:00Z",
    "available_until": None,
    "since": "2026-11-20T08:00:00Z",
    "created_at": "2026-11-19T15:12:00Z",
    "withdrawn_at": None,
    "state": "available",
    "may_change": True,
    "shared_by": 12,
}

Language = Literal[*LANGUAGES]  # type: ignore[valid-type]
Platform = Literal[*PLATFORMS]  # type: ignore[valid-type]


class ContentOut(Answer):
    """A content. `example` is for who writes contents (else `null`), since posts must differ from it; `shared_by`
    counts the advocates who shared it, `null` below five. `since`: from when on it can be shared."""

    model_config = example(_CONTENT)
    id: int
    campaign_id: int | None
    campaign: str | None
    title: str
    angle: str
    prompts: list[str]
    facts: str
    avoid: str
    example: str | None
    link: str | None
    has_picture: bool
    picture_alt: str | None
    language: str
    platforms: list[str]
    available_from: datetime
    available_until: datetime | None
    since: datetime
    created_at: datetime
    withdrawn_at: datetime | None
    state: Literal["available", "planned", "over", "withdrawn"]
    may_change: bool
    shared_by: int | None


class ContentList(Answer):
    """Newest first."""

    model_config = example({"items": [_CONTENT], "next": None})
    items: list[ContentOut]
    next: str | None


class ContentIn(Question):
    """What advocates may tell in their own words. Without `available_from` from now on; no `platforms`: any.

    A link leads to a registered host; each advocate gets an own tracked one. Pictures are added on the page."""

    model_config = asked(_DRAFT)
    title: Annotated[Line, Field(min_length=1, max_length=120)]
    angle: Annotated[Line, Field(min_length=1, max_length=500)]
    prompts: Annotated[tuple[Annotated[Line, Field(max_length=MAX_PROMPT)], ...], Field(max_length=MAX_PROMPTS)] = ()
    facts: Annotated[Line, Field(max_length=3_000)] = ""
    avoid: Annotated[Line, Field(max_length=2_000)] = ""
    example: Annotated[Line, Field(max_length=3_000)] = ""
    link: Annotated[Line, Field(max_length=2_000)] | None = None
    picture_alt: Annotated[Line, Field(max_length=MAX_ALT)] | None = None
    language: Language = "en"
    platforms: Annotated[tuple[Platform, ...], Field(max_length=len(PLATFORMS))] = ()
    campaign_id: SerialId | None = None
    available_from: Moment | None = None
    available_until: Moment | None = None
