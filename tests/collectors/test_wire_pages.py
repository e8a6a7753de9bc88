"""Recorded pages: reviews through the real crawler, structured data through the reader, news through the extraction."""

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from parsel import Selector

from collectors.article import Article, extract
from collectors.base import Batch, CollectRequest
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.post import RawPost
from collectors.privacy import PrivacyDoor
from collectors.web.collector import WebCollector
from collectors.web.cursor import Cursor, mark
from collectors.web.item import post_of
from collectors.web.reading import read_page
from collectors.web.site import Site
from collectors.web.structured import stated_reviews, type_of
from collectors.web.values import objects
from tests.collectors.conftest import NOW
from tests.wire.replay import Answer, replay_server

pytestmark = pytest.mark.shared

DOOR = PrivacyDoor(b"k" * 32, [])
BLOCKED = "indeed-blocked-challenge.html.gz"
EVERY = 6  # of the news pages, each sixth: all of them take ten seconds and more


def index(shared: Path, *folder: str) -> tuple[Path, list[dict[str, Any]]]:
    place = shared.joinpath("wire", *folder)
    if not place.is_dir():
        pytest.skip(f"wire/{'/'.join(folder)} is not on this machine")
    return place, json.loads((place / "index.json").read_text(encoding="utf-8"))["pages"]


def unpacked(place: Path, name: str) -> str:
    return gzip.decompress((place / name).read_bytes()).decode("utf-8", "replace")


@dataclass(frozen=True)
class Crawled:
    """What one crawl over all recorded review pages gave, by the name of the recording."""

    posts: dict[str, list[RawPost]]
    error: CollectError
    expected: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def crawled(shared: Path) -> Crawled:
    """The blocked page comes last, since it ends the run."""
    place, pages = index(shared, "reviews")
    names = sorted((one["file"] for one in pages), key=lambda name: name == BLOCKED)
    types = {one["file"]: one["content_type"] for one in pages}
    posts: dict[str, list[RawPost]] = {name: [] for name in names}
    with replay_server() as server, HttpClient(user_agent="Outspoken/test", timeout=5, allow_private=True) as http:
        for name in names:
            headers = {"content-type": types[name], "content-encoding": "gzip"}
            server.add(f"/p/{name}", Answer(200, headers, (place / name).read_bytes()))
        links = "".join(f'<a href="/p/{name}">x</a>' for name in names)
        server.add("/", Answer(200, {"content-type": "text/html"}, links.encode()))
        request = CollectRequest(1, {"start": server.url("/"), "follow": "/p/*"}, (), {}, NOW)
        run = WebCollector(pace=timedelta(0)).collect(request, http)
        error = _drain(run, posts)
    return Crawled(posts, error, {one["file"]: one["expected"] for one in pages})


def _drain(run: Iterator[Batch], posts: dict[str, list[RawPost]]) -> CollectError:
    try:
        for batch in run:
            for post in batch.posts:
                posts[str(post.raw["page"]).rpartition("/p/")[2]].append(post)
    except CollectError as error:
        return error
    pytest.fail("the challenge page did not end the run")


def test_every_review_page_gives_what_it_states(crawled: Crawled) -> None:
    for name, expected in crawled.expected.items():
        # One page states five reviews twice.
        stated = expected.get("review_nodes") or 0
        assert len(crawled.posts[name]) == (5 if name == "recept.html.gz" else stated), name
    assert sum(map(len, crawled.posts.values())) == 198


def test_the_first_review_of_each_page_is_read_right(crawled: Crawled) -> None:
    for name, expected in crawled.expected.items():
        first = expected.get("first_review")
        if not first:
            continue
        post = crawled.posts[name][0]
        assert post.text.startswith(" ".join((first["body_start"] or "").split("\n")[0].split())[:40]), name
        assert post.title == ((first["headline"] or "").strip() or None), name
        assert (post.rating is None) == (first["rating"] is None), name
        if first["datePublished"]:
            assert post.published_at is not None
            assert post.published_at.isoformat()[:10] == first["datePublished"][:10], name


def test_a_page_of_an_anti_bot_service_ends_the_run_without_a_trick(crawled: Crawled) -> None:
    assert (crawled.error.reason, crawled.error.permanent) == ("not_allowed", True)
    assert "test for humans" in crawled.error.detail


def test_ids_are_the_sites_own_where_it_gives_them(crawled: Crawled) -> None:
    state = crawled.expected["trustpilot-eventnet-de-t1.html.gz"]["embedded_state"]["review_ids"]
    ids = [post.native_id.rpartition("/")[2] for post in crawled.posts["trustpilot-eventnet-de-t1.html.gz"]]
    assert sorted(ids) == sorted(state)
    for posts in crawled.posts.values():
        assert len({post.native_id for post in posts}) == len(posts)


def test_employees_state_their_position_in_place_of_a_name(crawled: Crawled) -> None:
    posts = crawled.posts["glassdoor-tata-consultancy-services.html.gz"]
    assert {post.stated["author_status"] for post in posts} <= {"current employee", "former employee"}
    assert all(post.author is None for post in posts)


def test_all_reviews_pass_the_door_and_come_out_of_the_store_again(crawled: Crawled) -> None:
    for posts in crawled.posts.values():
        for post in posts:
            stored = DOOR.admit(post, NOW, 100_000)
            again = post_of(stored.raw)
            assert again is not None
            assert (again.published_at, again.rating, again.kind) == (post.published_at, post.rating, post.kind)


def test_the_second_look_at_a_page_finds_what_is_new(shared: Path) -> None:
    place, _ = index(shared, "reviews")
    url = "https://a.example/review"
    site = Site((url,))
    first, second = (
        [
            str(item["id"])
            for item in read_page(unpacked(place, f"trustpilot-eventnet-de-{when}.html.gz"), url, site).items
        ]
        for when in ("t1", "t2")
    )
    known = Cursor.read({}, site).with_page(url, first, site).known
    assert sum(mark(one) not in known for one in second) == 2


def test_the_pages_own_data_stand_in_for_missing_markup(shared: Path) -> None:
    place, pages = index(shared, "reviews")
    for name, count in (("trustpilot-eventnet-de-t1.html.gz", 18), ("trustpilot-eventnet-de-t2.html.gz", 20)):
        text = unpacked(place, name).replace("application/ld+json", "text/plain")
        url = next(one["url"] for one in pages if one["file"] == name)
        posts = [post_of(item) for item in read_page(text, url, Site((url,))).items]
        assert len(posts) == count
        assert all(post is not None and post.text and post.rating and post.published_at for post in posts)


def test_structured_samples_are_read_as_their_source_says(shared: Path) -> None:
    place, pages = index(shared, "pages", "structured")
    reviews = 0
    for one in pages:
        text = unpacked(place, one["file"])
        found = stated_reviews(Selector(text or "<html></html>"), text)
        expected = max((_stated(one["expected"], key) for key in (".jsonld", ".json")), default=0)
        assert len(found.reviews) == expected, one["file"]
        read = read_page(text, one["url"], Site((one["url"],)))
        assert len(read.items) + read.unreadable + read.repeated >= expected
        reviews += expected
    assert reviews


def _stated(expected: Any, key: str) -> int:
    value = expected.get(key) if isinstance(expected, dict) else None
    kinds = [type_of({"@type": node.get("@type") or node.get("type")}) for node in objects(value)]
    return sum(kind.endswith("Review") for kind in kinds)


@pytest.fixture(scope="module")
def news(shared: Path) -> list[tuple[dict[str, Any], Article | None]]:
    place, pages = index(shared, "pages", "news")
    lines = gzip.decompress((place / "expected.jsonl.gz").read_bytes()).decode().splitlines()
    chosen = [json.loads(line) for line in lines][::EVERY]
    assert len(pages) == len(lines)
    return [(one, extract(gzip.decompress((place / one["file"]).read_bytes()), one["url"])) for one in chosen]


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


def test_news_text_against_the_text_written_out_by_hand(news: list[tuple[dict[str, Any], Article | None]]) -> None:
    scores = []
    for expected, found in news:
        if "articleBody" in expected:
            ours, theirs = words(found.text if found else ""), words(expected["articleBody"])
            scores.append(2 * (ours & theirs).total() / max(1, ours.total() + theirs.total()))
    assert len(scores) >= 20
    assert fmean(scores) > 0.92


def test_news_sentences_titles_and_dates(news: list[tuple[dict[str, Any], Article | None]]) -> None:
    wanted, unwanted, dates = [], [], []
    for expected, found in news:
        text = " ".join((found.text if found else "").split())
        wanted += [" ".join(part.split()) in text for part in expected.get("with", [])]
        unwanted += [" ".join(part.split()) in text for part in expected.get("without", [])]
        if expected.get("date"):
            dates.append(found is not None and found.date == expected["date"])
    assert fmean(wanted) > 0.85
    assert fmean(unwanted) < 0.15
    assert fmean(dates) > 0.8
