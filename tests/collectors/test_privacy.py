"""The door: nothing that names the author comes out, and what organisations are called stays."""

import html
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from collectors.folding import find_words, fold
from collectors.masking import IMPERSONAL
from collectors.post import Json, Post, RawAuthor, RawPost
from collectors.privacy import PrivacyDoor

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DOOR = PrivacyDoor(b"k" * 32, [("x", "@AcmeBank")], ["Rival Corp"])
JANE = RawAuthor("x", "77012345", "jane_d", "Jane Döe", "https://x.com/jane_d")


def admitted(text: str = "", *, author: RawAuthor | None = JANE, url: str | None = None, **rest: object) -> Post:
    raw = RawPost("1", text, NOW - timedelta(hours=1), url=url, author=author, **rest)  # type: ignore[arg-type]
    return DOOR.admit(raw, NOW, 1_000)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("thanks @bob.smith and @AcmeBank", "thanks @user and @AcmeBank"),
        ("@RivalCorp is worse", "@RivalCorp is worse"),
        ("by @bob@mastodon.example!", "by @user!"),
        ("u/someone said, /u/other_one too", "u/user said, u/user too"),
        ("write to bob.b+jobs@mail.example.org.", "write to [email]."),
        ("bob (at) mail (dot) org", "[email]"),
        ("call +49 170 1234567 or (415) 555-1234 or 415-555-1234", "call [phone] or [phone] or [phone]"),
        ("030-1234567, 0171/9876543", "[phone], [phone]"),
        ("https://www.linkedin.com/in/bob-smith-123/ x", "[profile] x"),
        ("see x.com/bob/status/12", "see https://x.com/i/status/12"),
        ("https://x.com/AcmeBank/status/12", "https://x.com/AcmeBank/status/12"),
        ("https://medium.com/@joe/my-story-1a", "[profile]"),
        ("https://news.ycombinator.com/user?id=joe", "[profile]"),
        ("https://bsky.app/profile/joe.bsky.social", "[profile]"),
    ],
)
def test_persons_in_text_are_masked(text: str, masked: str) -> None:
    assert admitted(text).text == masked


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-15 10:30:00 sold 1 000 000 000 shares at 12.50",
        "v1.2.3.4 costs $1,299.00, ISBN 978-3-16-148410-0",
        "5 @ 3 EUR, km/u and w/u",
        "https://www.facebook.com/groups/acme/ https://x.com/search?q=acme",
        "السعر ممتاز 👩‍💻 \u202babc\u202c",
    ],
)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert admitted(text).text == text


@pytest.mark.parametrize(
    "text",
    [
        "I am Jane Döe.",
        "I am JANE  DOE.",
        "I am jane&nbsp;d&ouml;e.",
        "I am Jane%20D%C3%B6e.",
        "I am \uff2a\uff41\uff4e\uff45 Do\u0308e.",
        "I am J\u200bane Döe.",
        "I am jane_d.",
        "I am JANE_D.",
        "I am 77012345.",
        "I am x.com/jane_d.",
    ],
)
def test_author_is_masked_in_every_disguise(text: str) -> None:
    assert admitted(text).text in {"I am [author].", "I am [profile]."}


def test_author_within_longer_words_stays() -> None:
    assert admitted("jane_dale and Jane Döering").text == "jane_dale and Jane Döering"


def test_names_in_scripts_without_spaces_are_found() -> None:
    author = RawAuthor("x", display_name="田中太郎")
    assert admitted("これは田中太郎の意見", author=author).text == "これは[author]の意見"


def test_very_short_handles_are_masked_only_as_handles() -> None:
    author = RawAuthor("hackernews", "pg", "pg")
    post = admitted("pg is @pg", author=author, url="https://a.example/user?id=pg", raw={"tag": "author_pg", "n": "pg"})
    assert post.text == "pg is @user"
    assert post.url is None
    assert post.raw == {"tag": "[author]", "n": "[author]"}


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://x.com/Jane_D/status/99?s=20", "https://x.com/i/status/99"),
        ("https://twitter.com/somebody/status/99", "https://x.com/i/status/99"),
        ("https://x.com/acmebank/status/5", "https://x.com/acmebank/status/5"),
        (
            "https://www.linkedin.com/posts/bob-x_acme-activity-7123456789-ab",
            "https://www.linkedin.com/feed/update/urn:li:activity:7123456789",
        ),
        ("https://mastodon.example/@jane_d/112", None),
        ("https://mastodon.example/@other/112", None),
        ("https://news.example/by/jane-doe/story", None),
        ("https://news.example/a?author=Jane%20D%C3%B6e", None),
        ("https://news.example/2026/03/story-4155551234", "https://news.example/2026/03/story-4155551234"),
        ("https://jane-d.example/story", None),
        ("https://user:pw@news.example/", None),
        ("javascript:alert(1)", None),
        ("http://[broken", None),
        ("https://news.example/" + "a" * 3000, None),
    ],
)
def test_links_do_not_name_the_author(url: str, kept: str | None) -> None:
    assert admitted(url=url).url == kept


def test_raw_loses_author_fields_and_values() -> None:
    raw: dict[str, Json] = {
        "user": {"name": "Jane"},
        "author_name": "x",
        "_highlightResult": {"author": {"value": "x"}},
        "by jane_d": 1,
        "text": "I, Jane Döe, say",
        "list": ["ok", "https://x.com/jane_d", 77012345, 5, None, True, 1.5, float("nan")],
        "other": "ask @bob",
        "deep": {"deep": {"points": 3, "email": "a@b.org"}},
    }
    assert admitted(raw=raw).raw == {
        "text": "I, [author], say",
        "list": ["ok", "[author]", "[author]", 5, None, True, 1.5, None],
        "other": "ask @user",
        "deep": {"deep": {"points": 3}},
    }


def test_values_that_only_look_like_addresses_pass() -> None:
    raw = RawPost("http://[a", "", None, url="http://[b", author=JANE, raw={"a": "http://[c"})
    post = DOOR.admit(raw, NOW, 1_000)
    assert (post.native_id, post.url, post.raw) == ("http://[a", None, {"a": "http://[c"})


def test_deeply_nested_raw_is_cut() -> None:
    nested: Json = "jane_d"
    for _ in range(500):
        nested = [nested]
    assert "jane" not in repr(admitted(raw={"a": nested}).raw)


def test_own_account_keeps_its_name_and_is_marked() -> None:
    author = RawAuthor("X", handle="acmebank", display_name="Acme Bank")
    post = admitted("Acme Bank here, @acmebank", author=author, url="https://x.com/acmebank/status/1")
    assert post.own_account
    assert post.text == "Acme Bank here, @acmebank"
    assert post.url == "https://x.com/acmebank/status/1"


def test_organisation_as_author_is_no_person() -> None:
    author = RawAuthor("feed", display_name="Rival Corp")
    post = admitted("Rival Corp grows", author=author, url="https://rival.example/rival-corp-grows")
    assert (post.text, post.url) == ("Rival Corp grows", "https://rival.example/rival-corp-grows")
    assert admitted("The editor says: news", author=RawAuthor("feed", display_name="Editor")).text.startswith("The ed")


def test_pseudonyms_are_steady_keyed_and_per_platform() -> None:
    first, again = admitted("a").author_key, admitted("b").author_key
    renamed = admitted(author=RawAuthor("x", "77012345", "new_name")).author_key
    elsewhere = admitted(author=RawAuthor("reddit", "77012345")).author_key
    other_key = PrivacyDoor(b"z" * 32, []).admit(RawPost("1", "", None, author=JANE), NOW, 1_000).author_key
    assert first == again == renamed
    assert len({first, elsewhere, other_key}) == 3
    assert first is not None
    assert len(bytes.fromhex(first)) == 16
    by_handle = [admitted(author=RawAuthor("x", handle=name)).author_key for name in ("Jane_D", "@jane_d")]
    assert by_handle[0] == by_handle[1]
    assert admitted(author=None).author_key is None


def test_key_must_be_one() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        PrivacyDoor(b"short", [])


def test_ids_that_hold_the_author_become_steady_pseudonyms() -> None:
    raw = RawPost("https://medium.com/@jane_d/1", "", NOW, author=JANE, reply_to="at://jane_d/2")
    first, again = DOOR.admit(raw, NOW, 1_000), DOOR.admit(raw, NOW, 1_000)
    assert first.native_id == again.native_id
    assert first.native_id.startswith("hmac:")
    assert (first.reply_to or "").startswith("hmac:")
    assert DOOR.admit(RawPost("x" * 2000, "", NOW), NOW, 1_000).native_id.startswith("hmac:")


@pytest.mark.parametrize(
    ("given_at", "stored", "date_from"),
    [
        (NOW - timedelta(days=1), NOW - timedelta(days=1), "source"),
        (NOW + timedelta(days=1), NOW, "clamped"),
        (None, NOW, "collected"),
        (datetime.fromisoformat("9999-12-31T23:59:59-12:00"), NOW, "collected"),
    ],
)
def test_dates_are_never_missing_and_never_in_the_future(
    given_at: datetime | None, stored: datetime, date_from: str
) -> None:
    post = DOOR.admit(RawPost("1", "", given_at), NOW, 1_000)
    assert (post.published_at, post.date_from) == (stored, date_from)


def test_date_without_zone_is_an_error_of_the_collector() -> None:
    with pytest.raises(ValueError, match="time zone"):
        DOOR.admit(RawPost("1", "", datetime(2026, 1, 1)), NOW, 1_000)  # noqa: DTZ001 - the point of the test


def test_unstorable_characters_and_counts_are_dropped() -> None:
    post = admitted("a\x00b\ud800c", title="t\x00", counters={"likes": -1, "views": 2**70, "points": 0})
    assert (post.text, post.title, post.counters) == ("abc", "t", {"points": 0})


def test_huge_text_is_cut_between_words() -> None:
    text = admitted("word " * 1_000_000).text
    assert 900 < len(text) <= 1_000
    assert text.endswith("word")


NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]), min_size=3, max_size=20)
HANDLES = st.from_regex(r"[A-Za-z0-9_]{3,15}", fullmatch=True)
PLAIN_WORDS = fold("collected source clamped post x true none hmac a href b i status http example com org by p")
RESERVED = {
    *PLAIN_WORDS.split(),
    *IMPERSONAL,
    "author",
    "profile",
    "user",
    "email",
    "phone",
    "https",
    "twitter",
    "the",
    "u",
}


def texts_of(value: object) -> Iterator[str]:
    """Every string anywhere in a post."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (*texts_of(key), *texts_of(inner))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_of(inner)
    elif isinstance(value, int):
        yield str(value)


@given(HANDLES, NAMES, st.sampled_from(["x", "reddit", "hackernews", "feed"]))
def test_no_marker_leaves_the_door_in_any_field(handle: str, name: str, platform: str) -> None:
    markers = [fold(handle).strip("_"), fold(name)]
    assume(all(any(letter.isalnum() for letter in marker) and len(marker) > 2 for marker in markers))
    assume(not {word for marker in markers for word in marker.replace("_", " ").split()} & RESERVED)
    author = RawAuthor(platform, handle=handle, display_name=name, profile_url=f"https://x.com/{handle}")
    spellings = [form for word in (handle, name) for form in (word, word.upper(), html.escape(word), quote(word))]
    text = " ; ".join([*spellings, f"@{handle}", f"u/{handle}"])
    raw: dict[str, Json] = {
        "author": name,
        "list": [*spellings],
        "html": f"<p>{html.escape(name)}</p>",
        handle: handle,
        "o": {"link": f"https://a.example/{quote(name, safe='')}"},
    }
    for url in (f"https://a.example/by/{quote(handle)}/1", f"https://a.example/?q={quote(name, safe='')}"):
        post = DOOR.admit(RawPost(f"id:{handle}", text, None, url=url, title=text, author=author, raw=raw), NOW, 10_000)
        for field in fields(post):
            if field.name == "author_key":
                continue
            for value in texts_of(getattr(post, field.name)):
                assert not any(find_words(fold(value), marker) for marker in markers), (field.name, value)


@given(st.text(max_size=300), st.text(max_size=60))
def test_door_takes_any_text(text: str, name: str) -> None:
    author = RawAuthor("x", handle=name, display_name=name[::-1], profile_url=name)
    post = DOOR.admit(RawPost(name, text, None, url=text, author=author, raw={text: text}), NOW, 100)
    assert len(post.text) <= 100
    assert "\x00" not in post.text


def test_an_id_that_names_its_author_is_hashed_and_kept_sealed_for_second_looks() -> None:
    did = "did:plc:abcdefghijklmnopqrstuvwx"
    uri = f"at://{did}/app.bsky.feed.post/3kabc"
    raw = RawPost(uri, "Acme!", None, author=RawAuthor("bluesky", native_id=did, handle="ada.example"))
    post = DOOR.admit(raw, NOW, 1_000)
    assert post.native_id in DOOR.keys_of(uri)
    assert did not in repr(post)
    assert did not in (post.sealed_ref or "")
    assert DOOR.unseal(post.sealed_ref or "") == uri
    assert PrivacyDoor(b"another key, another key", ()).unseal(post.sealed_ref or "") is None


def test_an_id_that_names_nobody_stays_and_needs_no_seal() -> None:
    post = DOOR.admit(RawPost("12345", "Acme!", None, author=RawAuthor("x", native_id="77", handle="ada")), NOW, 1_000)
    assert (post.native_id, post.sealed_ref) == ("12345", None)
    assert post.native_id in DOOR.keys_of("12345")


def test_the_name_in_a_profile_address_is_the_authors_too() -> None:
    author = RawAuthor("web:a.example", display_name="Anna Muster", profile_url="https://a.example/people/nelly_b/")
    post = admitted("Nelly_B is fine", author=author, url="https://a.example/nelly_b/1", raw={"at": "/posts/nelly_b"})
    assert (post.text, post.url, post.raw) == ("[author] is fine", None, {"at": "[author]"})


@pytest.mark.parametrize("page", ["people/about", "author/marketing/", "users/2024", "profile?id=5", "about-us"])
def test_words_like_any_other_in_a_profile_address_stay(page: str) -> None:
    author = RawAuthor("web:a.example", display_name="Anna Muster", profile_url=f"https://a.example/{page}")
    text = "About marketing in 2024, see about-us"
    assert admitted(text, author=author).text == text


def test_a_handle_behind_markup_is_a_handle() -> None:
    assert "nelly" not in admitted('<a href="/x" class="mention">@<span class="p">nelly</span></a>').text


def test_an_id_by_itself_is_shown_as_that_of_its_post_would_be() -> None:
    address = "at://did:plc:abcdefghijklmnop/app.bsky.feed.post/3k1"
    assert DOOR.shown_id(address) == DOOR.keys_of(address)[1]
    assert [DOOR.shown_id(one) for one in ("t3_p1", "gp:1", "17")] == ["t3_p1", "gp:1", "17"]
