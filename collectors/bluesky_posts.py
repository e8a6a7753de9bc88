"""Posts of Bluesky as its servers give them, for the search and for the stream: pure mapping."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime

from collectors.fields import counted, moment, record, several, text, web_link
from collectors.post import Json, RawAuthor, RawPost

OPT_OUT = "!no-unauthenticated"  # an account's wish not to be shown outside of the network
_HIDDEN = frozenset(("!hide", "!takedown", OPT_OUT))
_URI = re.compile(r"at://(did:[a-z]+:[A-Za-z0-9._:%-]{1,200})/app\.bsky\.feed\.post/([A-Za-z0-9._~:-]{1,512})")
_RECORD_KEPT = ("text", "createdAt", "facets", "langs", "reply", "tags")
_MASK = "[author]"  # what the privacy door leaves of an address that names its author


def post_of(view: Json, *, stored: bool = False) -> RawPost | None:
    """A post view (`app.bsky.feed.defs#postView`) as a post; None when it has no address or no readable record.

    `stored` reads a raw payload that has passed the privacy door: its address is masked, and so is the native id.
    """
    item = record(view)
    uri = text(item.get("uri"))
    named = _URI.fullmatch(uri)
    words = record(item.get("record"))
    if not (named or (stored and uri == _MASK)) or not isinstance(words.get("text"), str):
        return None
    if stored and words["text"] == _MASK:  # it held the author's name, so the door kept nothing of it
        return None
    author = record(item.get("author"))
    did = named[1] if named else ""
    parent = text(record(record(words.get("reply")).get("parent")).get("uri"))
    langs = [text(lang) for lang in several(words.get("langs"))]
    return RawPost(
        native_id=uri,
        text=_full_text(item, words),
        published_at=_published(moment(words.get("createdAt")), moment(item.get("indexedAt"))),
        url=f"https://bsky.app/profile/{did}/post/{named[2]}" if named else None,
        author=_author(author, did, words) if did else None,
        followers=counted({"followers": author.get("followersCount")}).get("followers"),
        lang=langs[0] if len(langs) == 1 else None,  # of several named ones none is certain
        kind="comment" if parent else "post",
        reply_to=parent if _URI.fullmatch(parent) else None,
        counters=_counters(item),
        raw=_trimmed(item, words),
    )


def view_of(did: str, rkey: str, commit: Mapping[str, Json], indexed: datetime) -> dict[str, Json]:
    """The post view of a commit in the stream, with what the stream knows of it."""
    return {
        "uri": uri_of(did, rkey),
        "cid": commit.get("cid"),
        "record": commit.get("record"),
        "indexedAt": indexed.isoformat(),
    }


def uri_of(did: str, rkey: str) -> str:
    """The address of a post."""
    return f"at://{did}/app.bsky.feed.post/{rkey}"


def is_uri(value: str) -> bool:
    """Whether this is the address of a post."""
    return bool(_URI.fullmatch(value))


def opted_out(view: Json) -> bool:
    """Whether account or post carry a label that asks not to be shown outside of the network."""
    item = record(view)
    words = record(item.get("record"))
    labels = [
        *several(item.get("labels")),
        *several(record(item.get("author")).get("labels")),
        *several(record(words.get("labels")).get("values")),
    ]
    return any(text(record(one).get("val")) in _HIDDEN and record(one).get("neg") is not True for one in labels)


def plain_words(words: Mapping[str, Json]) -> str:
    """The text of a post record and what it shows in links, pictures and tags: all that a term may be found in."""
    return _full_text({}, words)


def _published(claimed: datetime | None, indexed: datetime | None) -> datetime | None:
    """The author's clock may be wrong, and posts may be indexed late: the earlier one is nearest to the truth."""
    known = [one for one in (claimed, indexed) if one is not None]
    return min(known) if known else None


def _author(author: Mapping[str, Json], did: str, words: Mapping[str, Json]) -> RawAuthor:
    """Whom the post answers is named by its addresses too, and must not be kept either."""
    reply = record(words.get("reply"))
    answered = [_URI.fullmatch(text(record(reply.get(end)).get("uri"))) for end in ("parent", "root")]
    others = tuple(dict.fromkeys(found[1] for found in answered if found and found[1] != did))
    return RawAuthor(
        "bluesky",
        native_id=did,
        handle=text(author.get("handle")) or None,
        display_name=text(author.get("displayName")) or None,
        profile_url=f"https://bsky.app/profile/{did}",
        others=others,
    )


def _counters(item: Mapping[str, Json]) -> dict[str, int]:
    return counted(
        {
            "likes": item.get("likeCount"),
            "reposts": item.get("repostCount"),
            "replies": item.get("replyCount"),
            "quotes": item.get("quoteCount"),
            "bookmarks": item.get("bookmarkCount"),
        }
    )


def _full_text(item: Mapping[str, Json], words: Mapping[str, Json]) -> str:
    """The text with real addresses, then pictures' descriptions, the card of a link and tags that it does not show."""
    shown = with_links(text(words.get("text")), several(words.get("facets")))
    embed = record(words.get("embed")) or record(item.get("embed"))
    lines = [shown]
    lines += [piece for piece in _embedded(embed) if piece and piece not in shown]
    tags = [f"#{name}" for tag in several(words.get("tags")) if (name := text(tag).strip().lstrip("#"))]
    lines.append(" ".join(tag for tag in tags if tag.casefold() not in shown.casefold()))
    return "\n".join(line for line in lines if line).strip()


def _embedded(embed: Mapping[str, Json]) -> Iterator[str]:
    """What a post shows beside its text in its author's choice; a quoted post is somebody else's words."""
    media = record(embed.get("media")) or embed
    for image in several(media.get("images")):
        yield text(record(image).get("alt")).strip()
    yield text(media.get("alt")).strip()
    card = record(media.get("external"))
    yield " ".join(text(card.get("title")).split())
    yield web_link(card.get("uri")) or ""


def with_links(words: str, facets: list[Json]) -> str:
    """Put the real address where a link's text is a shortened one. Places are counted in bytes of UTF-8.

    Words that were made a link stay, with the address behind them; places that make no sense are passed over.
    """
    data = words.encode("utf-8", "surrogatepass")
    pieces, done = [], 0
    for start, end, address in sorted(_links(facets, len(data))):
        if start < done:
            continue
        try:
            before, covered = data[done:start].decode(), data[start:end].decode()
        except UnicodeDecodeError:  # the place cuts a character
            continue
        pieces += [before, _link_text(covered, address)]
        done = end
    return "".join(pieces) + data[done:].decode("utf-8", "replace")


def _links(facets: list[Json], size: int) -> Iterator[tuple[int, int, str]]:
    for facet in facets:
        place = record(record(facet).get("index"))
        start, end = place.get("byteStart"), place.get("byteEnd")
        if not isinstance(start, int) or not isinstance(end, int) or not 0 <= start < end <= size:
            continue
        for feature in several(record(facet).get("features")):
            address = web_link(record(feature).get("uri"))
            if text(record(feature).get("$type")).endswith("#link") and address:
                yield start, end, address
                break


def _link_text(covered: str, address: str) -> str:
    shortened = "." in covered and not any(map(str.isspace, covered.strip()))
    return address if shortened or covered.strip() == address else f"{covered} ({address})"


def _trimmed(item: Mapping[str, Json], words: Mapping[str, Json]) -> dict[str, Json]:
    """The item without thumbnails, viewer state and authors."""
    kept: dict[str, Json] = {name: words[name] for name in _RECORD_KEPT if name in words}
    embed = record(words.get("embed")) or record(item.get("embed"))
    if shown := _trimmed_embed(embed):
        kept["embed"] = shown
    counts = ("likeCount", "repostCount", "replyCount", "quoteCount", "bookmarkCount")
    raw: dict[str, Json] = {
        name: item[name] for name in ("uri", "cid", "indexedAt", *counts) if item.get(name) is not None
    }
    return raw | {"record": kept}


def _trimmed_embed(embed: Mapping[str, Json]) -> dict[str, Json]:
    media = record(embed.get("media")) or embed
    card = record(media.get("external"))
    images: list[Json] = [{"alt": alt} for image in several(media.get("images")) if (alt := record(image).get("alt"))]
    kept: dict[str, Json] = {"images": images} if images else {}
    if alt := text(media.get("alt")):
        kept["alt"] = alt
    if card:
        kept["external"] = {name: card[name] for name in ("uri", "title") if name in card}
    return kept


__all__ = ["OPT_OUT", "is_uri", "opted_out", "plain_words", "post_of", "uri_of", "view_of", "with_links"]
