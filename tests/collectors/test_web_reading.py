"""Pages as items: what they state, what they show, and what becomes of the hostile and the broken."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.post import RawPost
from collectors.privacy import PrivacyDoor
from collectors.web.form import site_of
from collectors.web.item import post_of
from collectors.web.reading import PageRead, read_page
from collectors.web.site import Site
from collectors.web.values import Scale, moment, rated, to_stars
from tests.collectors.conftest import NOW
from tests.collectors.mutation import mutants
from tests.collectors.web_pages import markup, review

URL = "https://a.example/products/7"
DOOR = PrivacyDoor(b"k" * 32, [])


def read(text: str, site: Site | None = None, url: str = URL) -> PageRead:
    return read_page(text, url, site or Site((URL,)))


def posts(text: str, site: Site | None = None) -> list[RawPost]:
    return [post for item in read(text, site).items if (post := post_of(item)) is not None]


def one(**changed: Any) -> RawPost:
    (post,) = posts(markup([review(1, **changed)]))
    return post


def test_a_review_with_all_it_says() -> None:
    post = one(itemReviewed={"@type": "Product", "name": "Kettle"}, inLanguage="de-DE")
    assert post.native_id == "a.example#review-10001"
    assert (post.title, post.text) == ("Title 1", "Opinion number 1 of Anna Muster.")
    assert post.published_at == datetime(2024, 1, 5, 8, tzinfo=UTC)
    assert (post.rating, post.kind, post.lang) == (4.0, "review", "de")
    assert post.stated == {"kind": "review", "stars": "4"}
    assert post.raw["node"]["itemReviewed"]["name"] == "Kettle"  # type: ignore[call-overload,index]


def test_no_author_passes_the_door_and_the_stored_item_gives_the_same_post() -> None:
    post = one()
    admitted = DOOR.admit(post, NOW, 100_000)
    assert admitted.author_key
    assert "Muster" not in str(admitted)
    again = post_of(admitted.raw)
    assert again is not None
    assert (again.native_id, again.published_at, again.rating, again.title) == (
        post.native_id, post.published_at, post.rating, post.title,
    )  # fmt: skip
    assert again.author is None


def test_people_of_one_name_on_two_sites_are_two() -> None:
    keys = set()
    for host in ("a.example", "b.example"):
        item = read(markup([review(1)]), url=f"https://{host}/x").items[0]
        post = post_of(item)
        assert post is not None
        keys.add(DOOR.admit(post, NOW, 1000).author_key)
    assert len(keys) == 2


@pytest.mark.parametrize("name", ["Anonymous", "guest", "Anonym", "Kunde", "Member"])
def test_a_placeholder_is_nobody(name: str) -> None:
    assert one(author={"name": name}).author is None


def test_a_position_in_place_of_the_name_is_a_status() -> None:
    post = one(author={"name": "Former employee - QA Analyst"})
    assert post.author is None
    assert post.stated["author_status"] == "former employee"


def test_what_the_operator_knows_is_stated() -> None:
    site = site_of({"start": URL, "audience": "customer", "language": "fr", "employer": "no"})
    (post,) = posts(markup([review(1)]), site)
    assert (post.stated["author_status"], post.lang) == ("customer", "fr")
    employer = site_of({"start": URL, "employer": "yes"})
    (told,) = posts(markup([review(1)]), employer)
    assert told.stated["facet"] == "employer"


@pytest.mark.parametrize(
    ("rating", "stars"),
    [
        ({"ratingValue": "4,5"}, 4.5),
        ({"ratingValue": 9, "bestRating": 10, "worstRating": 0}, 4.6),
        ({"ratingValue": "8", "bestRating": "10"}, 4.111),
        ({"ratingValue": "80 %"}, 4.2),
        ({"ratingValue": "4 von 5"}, 4.0),
        ({"ratingValue": "7,5/10"}, 3.889),
        ({"ratingValue": "★★★☆☆"}, 3.0),
        ([{"ratingValue": 5}], 5.0),
        (3, 3.0),
        ("2", 2.0),
        ({"ratingValue": 0, "bestRating": 5, "worstRating": 0}, 1.0),
        ({"ratingValue": "12", "bestRating": "5"}, None),
        ({"ratingValue": "good"}, None),
        ({"ratingValue": None}, None),
        ({"ratingValue": True}, None),
        ({"ratingValue": 5, "bestRating": 5, "worstRating": 5}, None),
        ([], None),
    ],
)
def test_ratings_are_brought_to_five_stars(rating: Any, stars: float | None) -> None:
    assert one(reviewRating=rating).rating == stars


def test_the_scale_of_the_page_holds_where_the_review_names_none() -> None:
    whole = {"@type": "Product", "name": "Kettle", "aggregateRating": {"ratingValue": 8, "bestRating": 10}}
    (post,) = posts(markup([whole, review(1, reviewRating={"ratingValue": "5"})]))
    assert post.rating == 2.778


@pytest.mark.parametrize(
    ("overall", "stated"),
    [
        ({"ratingValue": "8,2", "bestRating": 10, "reviewCount": "1204"}, ("4.2", "1204")),
        ({"ratingValue": 4.1}, ("4.1", None)),
        ({"ratingValue": 4.1, "ratingCount": 31}, ("4.1", "31")),
        ({"ratingValue": "good", "reviewCount": 3}, (None, None)),
        ({"ratingValue": [4], "reviewCount": {}}, (None, None)),
    ],
)
def test_the_star_of_all_reviews_is_told_apart(overall: Any, stated: tuple[str | None, str | None]) -> None:
    whole = {"@type": "Organization", "name": "Acme", "aggregateRating": overall}
    (post,) = posts(markup([whole, review(1, reviewRating={"ratingValue": "5", "bestRating": 5})]))
    assert (post.stated.get("lifetime_stars"), post.stated.get("lifetime_reviews")) == stated
    assert post.rating == 5.0


@given(st.floats(0, 1000), st.floats(-10, 1000) | st.none(), st.floats(-10, 1000) | st.none())
def test_stars_are_stars(value: float, best: float | None, worst: float | None) -> None:
    stars = to_stars(value, Scale(best, worst))
    assert stars is None or 1 <= stars <= 5


@given(st.text(max_size=60))
def test_any_text_can_be_asked_for_a_rating_and_a_date(text: str) -> None:
    found = rated(text)
    assert found is None or found[0] >= 0
    date = moment(text, "dmy")
    assert date is None or date.tzinfo is not None


@pytest.mark.parametrize(
    ("date", "read_as", "zoned"),
    [
        ("2024-06-17T09:37:05.000Z", datetime(2024, 6, 17, 9, 37, 5, tzinfo=UTC), True),
        ("2024-06-17", datetime(2024, 6, 17, tzinfo=UTC), False),
        ("2020-06-08 00:00:00", datetime(2020, 6, 8, tzinfo=UTC), False),
        ("17. Juni 2024", datetime(2024, 6, 17, tzinfo=UTC), False),
        ("June 17, 2024", datetime(2024, 6, 17, tzinfo=UTC), False),
        ("Mon, 17 Jun 2024 09:37:05 +0200", datetime(2024, 6, 17, 7, 37, 5, tzinfo=UTC), True),
    ],
)
def test_dates_are_aware(date: str, read_as: datetime, zoned: bool) -> None:
    found = read(markup([review(1, datePublished=date)]))
    post = post_of(found.items[0])
    assert post is not None
    assert post.published_at == read_as
    assert (found.without_zone, found.undated) == (int(not zoned), 0)


def test_numeric_dates_are_read_by_the_whole_page() -> None:
    dates = ["03/04/2024", "04/25/2024"]
    found = posts(markup([review(n, datePublished=date) for n, date in enumerate(dates)]))
    assert [post.published_at for post in found] == [
        datetime(2024, 3, 4, tzinfo=UTC),
        datetime(2024, 4, 25, tzinfo=UTC),
    ]


def test_a_date_that_is_none_is_counted() -> None:
    found = read(markup([review(1, datePublished="yesterday"), review(2, datePublished=None)]))
    assert (len(found.items), found.undated) == (2, 2)


def test_ids_without_the_sites_own_are_steady_and_free_of_the_author() -> None:
    first = one(**{"@id": None})
    other = one(**{"@id": None, "author": {"name": "Somebody Else"}})
    moved = posts(markup([review(2), review(1, **{"@id": None})]))[1]
    edited = one(**{"@id": None, "reviewBody": "Another opinion."})
    assert first.native_id.startswith("sha256:")
    assert first.native_id == other.native_id == moved.native_id != edited.native_id


@pytest.mark.parametrize("given_id", ["#review1", "_:b0", URL, f"{URL}#reviews", "http://[broken"])
def test_running_numbers_and_page_addresses_are_no_ids(given_id: str) -> None:
    assert one(**{"@id": given_id}).native_id.startswith("sha256:")


def test_an_id_that_two_reviews_share_is_none() -> None:
    found = posts(markup([review(1), review(2, **{"@id": review(1)["@id"]})]))
    assert len({post.native_id for post in found}) == 2
    assert all(post.native_id.startswith("sha256:") for post in found)


def test_equal_reviews_of_two_people_are_two_and_a_copy_is_one() -> None:
    alike = [review(1, **{"@id": None, "author": {"name": name}}) for name in ("A. B.", "C. D.")]
    found = read(markup([*alike, alike[0]]))
    assert len({item["id"] for item in found.items}) == 2
    assert found.repeated == 1


def test_references_within_the_page_are_followed() -> None:
    person = {"@type": "Person", "@id": "#p", "name": "Anna Muster"}
    thing = {"@type": "Product", "@id": "#t", "name": "Kettle"}
    text = markup([person, thing, review(1, author={"@id": "#p"}, itemReviewed={"@id": "#t"})])
    (post,) = posts(text)
    assert post.author is not None
    assert post.raw["node"]["itemReviewed"]["name"] == "Kettle"  # type: ignore[call-overload,index]


def test_pros_and_cons_belong_to_the_text() -> None:
    notes = {"itemListElement": [{"@type": "ListItem", "name": "quiet"}, {"@type": "ListItem", "name": "cheap"}]}
    assert one(positiveNotes=notes).text.endswith("\nPros: quiet; cheap")


def test_one_broken_script_does_not_lose_the_others() -> None:
    text = markup([review(1)]).replace("<body>", '<body><script type="application/ld+json">{"a": [}</script>')
    found = read(text)
    assert (len(found.items), found.unreadable) == (1, 1)


def test_scripts_that_name_their_charset_are_read() -> None:
    assert posts(markup([review(1)]).replace("ld+json", "ld+json; charset=utf-8"))


def test_a_review_that_says_nothing_is_counted() -> None:
    found = read(markup([{"@type": "Review"}, review(1), {"@type": "ClaimReview", "reviewBody": "false"}]))
    assert (len(found.items), found.unreadable) == (1, 1)


def test_microdata_and_json_ld_of_the_same_reviews_count_once() -> None:
    micro = (
        '<div itemscope itemtype="http://schema.org/Product"><b itemprop="name">Kettle</b>'
        '<div itemprop="review" itemscope itemtype="http://schema.org/Review">'
        '<p itemprop="reviewBody">Fine &amp; <i>quiet</i>.</p><meta itemprop="datePublished" content="2024-01-02">'
        '<span itemprop="reviewRating" itemscope itemtype="http://schema.org/Rating"><b itemprop="ratingValue">4,5</b>'
        "</span></div></div>"
    )
    (post,) = posts(f"<html>{micro}</html>")
    assert (post.text, post.rating) == ("Fine & quiet.", 4.5)
    assert post.raw["node"]["itemReviewed"]["name"] == "Kettle"  # type: ignore[call-overload,index]
    assert len(posts(markup([review(1)], micro))) == 1


def test_reviews_in_the_pages_own_data() -> None:
    state = (
        '{"props": {"reviews": [{"id": "r1", "rating": 2, "title": "Slow", "text": "It took weeks.", '
        '"dates": {"publishedDate": "2024-05-01T00:00:00Z"}, "consumer": {"displayName": "Anna Muster"}}]}}'
    )
    (post,) = posts(f'<html><script type="application/json">{state}</script></html>')
    assert (post.native_id, post.rating, post.title) == ("a.example:r1", 2.0, "Slow")
    assert post.author is not None


def test_an_average_without_reviews_is_told_apart() -> None:
    found = read(markup([{"@type": "Product", "name": "K", "aggregateRating": {"ratingValue": 4}}]))
    assert not found.items
    assert found.rated_only


FORUM = site_of(
    {
        "start": URL,
        "read": "forum",
        "fields": "item = article.post\ntext = .body\ntitle = h3\ndate = time @datetime\nauthor = .who\nid = @data-id\n"
        "url = a.link @href\nrating = .stars",
    }
)


def test_a_forum_is_read_by_its_fields() -> None:
    body = (
        '<article class="post" data-id="77"><h3>Late <b>again</b></h3><div class=body>One.<br>Two.</div>'
        '<time datetime="2024-02-03T04:05:06Z"></time><span class=who>anna_m</span><a class=link href="#p77">x</a>'
        "</article><article class=post></article><article class=post><div class=body>No id.</div>"
        "<span class=stars>8/10</span></article>"
    )
    found = read(f"<html><body>{body}</body></html>", FORUM)
    assert (len(found.items), found.unreadable, found.undated) == (2, 1, 1)
    first, second = (post_of(item) for item in found.items)
    assert first is not None
    assert second is not None
    assert (first.native_id, first.title, first.text) == ("a.example:77", "Late again", "One.\nTwo.")
    assert (first.url, first.kind) == (f"{URL}#p77", "post")
    assert (second.kind, second.rating) == ("review", 4.111)
    assert "anna_m" not in str(DOOR.admit(first, NOW, 1000))


def test_next_page_and_links() -> None:
    site = site_of({"start": URL, "next": "a.next", "follow": "/t/*"})
    body = (
        '<base href="/forum/"><a class=next href="p2">2</a><a href="/t/1#x">a</a><a href="/t/1">b</a>'
        '<a href="https://evil.example/t/2">c</a><a href="javascript:x">d</a><a href="http://[">e</a>'
    )
    found = read(f"<html><body>{body}</body></html>", site)
    assert found.next == "https://a.example/forum/p2"
    assert found.links == ("https://a.example/t/1",)
    assert read('<a class=next href="https://evil.example/">x</a>', site).next is None


def test_no_mutation_of_a_review_loses_its_neighbour_or_raises() -> None:
    for changed in mutants(review(1)):
        assert isinstance(changed, dict)
        found = read(markup([changed, review(2)]))
        kept = [post for item in found.items if (post := post_of(item)) is not None]
        assert any(post.native_id == "a.example#review-10002" for post in kept), changed
        for post in kept:
            DOOR.admit(post, NOW, 10_000)


@pytest.mark.parametrize(
    "hostile",
    [
        "<div itemscope itemprop=review itemtype=http://schema.org/Review>" * 75_000,
        "<div>" * 1_000_000,
        "<" * 5_000_000,
        '<script type="application/ld+json">' + "[" * 5_000_000 + "</script>",
        '<script type="application/json">' + '{"a":' * 1_000_000 + "</script>",
        "<a href=/t/x>" * 300_000,
        "",
        "\x00\x00",
    ],
    ids=["nested items", "nested tags", "open tags", "nested lists", "nested objects", "links", "empty", "zeros"],
)
def test_hostile_pages_end(hostile: str) -> None:
    assert not read(hostile, site_of({"start": URL, "follow": "/t/*"})).items


@pytest.mark.parametrize(
    "raw", [{}, {"id": 1}, {"id": "x", "page": URL, "node": []}, {"id": "x", "page": 3, "node": {}}]
)
def test_damaged_items_are_no_posts(raw: Any) -> None:
    assert post_of(raw) is None


def test_a_page_nested_without_end_does_not_hold_up_the_next_one() -> None:
    scope = '<div itemscope itemtype="http://schema.org/Review" itemprop="review">'
    for depth in range(150, 250, 12):  # wherever the recursion happens to end
        read(scope * depth)
    assert len(read(f'{scope}<p itemprop="reviewBody">Good</p></div>').items) == 1
