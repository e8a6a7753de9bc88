"""Statuses of Mastodon and its kin as posts: pure."""

import html
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from collectors import fields
from collectors.html_text import plain_text
from collectors.post import Json, RawAuthor, RawPost

STATUS_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")  # decimal here, other shapes at Pleroma and GoToSocial
# fmt: off
_KEPT = (
    "id", "created_at", "edited_at", "in_reply_to_id", "sensitive", "spoiler_text", "visibility", "language", "content",
    "replies_count", "reblogs_count", "favourites_count", "quotes_count", "instance", "remote",
)
_COUNTERS = {
    "likes": "favourites_count", "reposts": "reblogs_count", "replies": "replies_count", "quotes": "quotes_count",
}
# fmt: on
_PUBLIC = frozenset(("public", "unlisted"))
_OPT_OUTS = ("#nobot", "#noindex")
_ANCHOR = re.compile(r"<a\s([^<>]{1,3000})>", re.IGNORECASE)
_HREF = re.compile(r"""href=["'](https?://[^"'\s]{1,2000})["']""", re.IGNORECASE)
_MOST_LINKS = 10
_SNOWFLAKE_FROM = 1 << 50  # smaller decimals are plain counters of other servers


def withheld(status: Json) -> str | None:
    """Why a status is not collected although it can be read; None: it may be."""
    if not isinstance(status, dict):
        return None
    if status.get("reblog"):
        return "boost"
    if status.get("visibility") not in _PUBLIC:
        return "not public"
    account = status.get("account")
    if isinstance(account, dict) and (account.get("noindex") is True or _opted_out(account)):
        return "opted out"
    return None


def _opted_out(account: dict[str, Json]) -> bool:
    """Signs in the profile by which people keep robots away."""
    fields = account.get("fields")
    listed = [field for field in fields if isinstance(field, dict)] if isinstance(fields, list) else []
    said = [account.get("note"), *(value for field in listed[:20] for value in (field.get("name"), field.get("value")))]
    words = " ".join(plain_text(text[:20_000]) for text in said if isinstance(text, str)).lower()
    return any(sign in words for sign in _OPT_OUTS)


def id_of(status: Json) -> str | None:
    """The id on the server that was asked; None: not readable."""
    value = status.get("id") if isinstance(status, dict) else None
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return text if isinstance(text, str) and STATUS_ID.fullmatch(text) else None


def post_of(status: Json, instance: str) -> RawPost | None:
    """A status that `instance` showed as a post; None when it has no usable id or no content."""
    native_id = id_of(status)
    if not isinstance(status, dict) or native_id is None or not isinstance(status.get("content"), str):
        return None
    account = fields.record(status.get("account"))
    remote = status.get("remote") is True or "@" in fields.text(account.get("acct"))
    item = {**status, "instance": instance, "remote": remote}
    reply = item.get("in_reply_to_id")
    return RawPost(
        native_id=native_id,
        text=_words(item),
        published_at=created_of(item),
        url=f"https://{instance}/web/statuses/{native_id}",  # the usual address holds the author's name
        author=_author(account, instance),
        followers=fields.count(account.get("followers_count")),
        lang=fields.text(item.get("language")) or None,
        reply_to=id_of({"id": reply}),
        counters=fields.counted({name: item.get(key) for name, key in _COUNTERS.items()}),
        stated={"instance": instance} | ({"counts": "partial"} if item["remote"] else {}),
        raw=_raw(item),
    )


def created_of(status: Json) -> datetime | None:
    """When the status was made."""
    return fields.moment(fields.record(status).get("created_at"))


def earlier(status_id: str, by: timedelta) -> str:
    """An id as it would have been some time before; ids that do not tell their time come back as they are."""
    if not _is_snowflake(status_id):
        return status_id
    return str(int(status_id) - (int(by.total_seconds() * 1000) << 16))


def is_plausible(status_id: str, now: datetime) -> bool:
    """Whether an id may be a newest one: one of the far future would silence all that follow."""
    if not status_id.isdecimal():
        return True
    return len(status_id) <= 20 and int(status_id) >> 16 <= (now + timedelta(days=1)).timestamp() * 1000


def is_known(status_id: str, since: str) -> bool:
    """Whether an id is not newer than another, where ids tell."""
    if status_id.isdecimal() and since.isdecimal():
        return int(status_id) <= int(since)
    return status_id == since


def _is_snowflake(status_id: str) -> bool:
    return status_id.isdecimal() and len(status_id) <= 20 and int(status_id) >= _SNOWFLAKE_FROM


def _raw(item: Mapping[str, Json]) -> dict[str, Json]:
    """Without addresses: they hold the author's name."""
    kept = {name: item[name] for name in _KEPT if item.get(name) is not None}
    options = _poll(item)
    return kept | ({"poll": {"options": [{"title": title} for title in options]}} if options else {})


def _author(account: Mapping[str, Json], instance: str) -> RawAuthor | None:
    """The whole handle is the same wherever the author is read."""
    name = fields.text(account.get("acct")) or fields.text(account.get("username"))
    if not name:
        return None
    whole = (name if "@" in name else f"{name}@{instance}").lower()
    others = {fields.text(account.get(key)) for key in ("username", "uri")} - {""}
    url, shown = fields.text(account.get("url")), fields.text(account.get("display_name"))
    return RawAuthor("mastodon", whole, whole, shown or None, url or None, tuple(sorted(others)))


def _words(item: Mapping[str, Json]) -> str:
    """The warning, the content, poll answers, and links that the content shows under other words."""
    content = fields.text(item.get("content"))
    text = plain_text(content)
    missing: list[str] = []
    for anchor in _ANCHOR.finditer(content):
        found = _HREF.search(anchor[1])
        if not found or "mention" in anchor[1] or "hashtag" in anchor[1] or len(missing) >= _MOST_LINKS:
            continue
        link = html.unescape(found[1])
        if link.rstrip("/") not in text and link not in missing:
            missing.append(link)
    spoiler = plain_text(fields.text(item.get("spoiler_text")))
    parts = (spoiler, text, *(f"- {title}" for title in _poll(item)), *missing)
    return "\n".join(part for part in parts if part)


def _poll(item: Mapping[str, Json]) -> list[str]:
    options = fields.records(fields.record(item.get("poll")).get("options"))
    return [title for each in options[:20] if (title := fields.text(each.get("title")))]
