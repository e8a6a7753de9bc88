"""Answers of every platform in which persons were planted: the author, and others whom posts answer, quote or repeat.

Each function drives one collector over its platform's answers and returns what the run handed over.
"""

import csv
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from collectors.base import Batch, Collector, CollectRequest, Delivery, Outcome
from collectors.feed import FeedCollector
from collectors.files import Row, open_rows
from collectors.http import HttpClient
from collectors.post import Json
from collectors.signing import HEADER, sign
from collectors.survey import SurveyCollector
from collectors.trustpilot import TrustpilotCollector
from collectors.web.collector import WebCollector
from collectors.webhook import WebhookCollector
from tests.collectors import (
    reddit_things,
    test_app_store,
    test_bluesky,
    test_bluesky_stream,
    test_gdelt,
    test_google_play,
    test_hackernews,
    test_mastodon,
    test_trustpilot,
    test_x,
    test_x_owned,
    test_x_stream,
    test_youtube,
    web_pages,
    x_platform,
)
from tests.collectors.conftest import NOW
from tests.collectors.run import Run, run
from tests.collectors.test_http_lines import chunk, stream
from tests.wire.replay import Answer, Replay

# The author, and the other: each by name, handle, id, profile and mail. None of these words is found anywhere else.
NAME, HANDLE, NATIVE, MAIL = "Zorblax Quintessimo", "zorblax_quint", "908172635445362718", "zorblax@quint.example"
OTHER, OTHER_HANDLE, OTHER_NATIVE = "Vexilo Tarrantine", "vexilo_tarr", "817263544536271809"
DID, OTHER_DID = "did:plc:zorblaxquintessimoabcde2", "did:plc:vexilotarrantineabcdef2"
PROFILE, PHONE, PHONE_DIGITS = f"https://x.com/{HANDLE}", "+49 171 8350 9426", "4917183509426"
MARKERS = ("zorblax", "quintess", "vexilo", "tarrant", "8350 9426", PHONE_DIGITS, NATIVE, OTHER_NATIVE)


def says(name: str = "a friend") -> str:
    """What the author writes; `name` is a name that the platform tells us beside the text."""
    ask = f"Ask @{HANDLE} or @{OTHER_HANDLE}, {MAIL}, {PHONE}, {PROFILE}"
    return f"Acme Bank is slow, says {name}. {ask}, https://x.com/{OTHER_HANDLE}"


SAYS = says(NAME)
SECRET = "correct horse battery staple"
TERMS = ("Acme Bank",)
Plant = Callable[[Replay, HttpClient], Run]


def hackernews(server: Replay, http: HttpClient) -> Run:
    hit = test_hackernews.hit(
        5, test_hackernews.PRESENT - 60, author=HANDLE, comment_text=says(HANDLE),

        _tags=["comment", f"author_{HANDLE}"],
        _highlightResult={"author": {"value": f"<em>{HANDLE}</em>"}, "comment_text": {"value": says(HANDLE)}},
    )  # fmt: skip
    hit["story_title"] = f"Acme Bank against @{OTHER_HANDLE}"
    server.rule(test_hackernews.PATH, test_hackernews.Index([hit]))
    return run(test_hackernews.collector(server), http, {}, terms=TERMS)


def feed(server: Replay, http: HttpClient) -> Run:
    page = f"<html><head><meta name='author' content='{NAME}'></head><body><article><h1>Acme Bank opens</h1>" + (
        f"<p class='byline'>By <a href='/people/{HANDLE}'>{NAME}</a></p><p>{SAYS} "
        + "The company says that it goes well with the new branch in the old town. " * 30
        + "</p></article></body></html>"
    )
    server.add("/1", Answer(200, {"content-type": "text/html"}, page.encode()))
    server.add("/robots.txt", Answer(404))
    items = (
        f"<item><guid>1</guid><title>Acme Bank opens</title><link>{server.url('/1')}</link>"
        f"<author>{MAIL} ({NAME})</author><dc:creator>{NAME}</dc:creator><description>{SAYS}</description></item>"
        f"<item><guid>{server.url(f'/{HANDLE}/2')}</guid><link>{server.url(f'/{HANDLE}/2')}</link>"
        f"<title>Acme Bank, by {HANDLE}</title><dc:creator>{HANDLE}</dc:creator></item>"
    )
    head = (
        '<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>N</title>'
    )
    server.add("/feed", Answer(200, {"content-type": "text/xml"}, f"{head}{items}</channel></rss>".encode()))
    options = FeedCollector().check_options({"url": server.url("/feed"), "full_text": True})
    return run(FeedCollector(), http, options)


def gdelt(server: Replay, http: HttpClient) -> Run:
    article = test_gdelt.article(1, title=f"Acme Bank and @{OTHER_HANDLE}", author=NAME)
    server.rule(test_gdelt.PATH, test_gdelt.Index([article]))
    return test_gdelt.collected(server, http)


def web(server: Replay, http: HttpClient) -> Run:
    person: Json = {"@type": "Person", "name": NAME, "url": f"https://a.example/people/{HANDLE}", "email": MAIL}
    review = web_pages.review(
        1, author=person, reviewBody=SAYS, publisher=person, **{"@id": f"https://a.example/{HANDLE}/review-1"},
    )  # fmt: skip
    answer = {"@type": "Comment", "author": {"@type": "Person", "name": OTHER}, "text": "Sorry"}
    server.add("/", Answer(200, web_pages.HTML, web_pages.markup([review, review | {"comment": answer}]).encode()))
    collector = WebCollector(pace=timedelta(0))
    return run(collector, http, collector.check_options({"start": server.url("/")}))


def app_store(server: Replay, http: HttpClient) -> Run:
    author: Json = {
        "name": {"label": NAME}, "uri": {"label": f"https://itunes.apple.com/us/reviews/id{NATIVE}"},
    }  # fmt: skip
    review = test_app_store.review(5, author=author, content={"label": SAYS}, title={"label": f"By {NAME}"})
    server.add(test_app_store.path(), test_app_store.feed(review))
    server.add(test_app_store.path(page=2), test_app_store.feed())
    return test_app_store.collected(server, http)


def bluesky(server: Replay, http: HttpClient) -> Run:
    other = f"at://{OTHER_DID}/app.bsky.feed.post/3kother"
    person: Json = {"did": OTHER_DID, "handle": f"{OTHER_HANDLE.replace('_', '')}.example", "displayName": OTHER}
    quoted: Json = {"uri": other, "cid": "b", "author": person, "value": {"text": "Acme Bank?"}}
    mention: Json = {"$type": "app.bsky.richtext.facet#mention", "did": OTHER_DID}
    words: Json = {
        "$type": "app.bsky.feed.post", "text": SAYS, "createdAt": NOW.isoformat(), "langs": ["en"],
        "facets": [{"index": {"byteStart": 0, "byteEnd": 4}, "features": [mention]}],
        "reply": {"parent": {"uri": other, "cid": "b"}, "root": {"uri": other, "cid": "b"}},
        "embed": {"$type": "app.bsky.embed.record", "record": {"uri": other, "cid": "b"}},
    }  # fmt: skip
    author: Json = {"did": DID, "handle": f"{HANDLE.replace('_', '')}.example", "displayName": NAME}
    view = test_bluesky.view(5, uri=f"at://{DID}/app.bsky.feed.post/3k5", author=author, record=words)
    view |= {"embed": {"$type": "app.bsky.embed.record#view", "record": quoted}, "replyParent": {"author": person}}
    test_bluesky.answering(server, test_bluesky.Index([view]))
    return test_bluesky.collected(server, http)


def bluesky_stream(server: Replay, http: HttpClient) -> Run:
    made = test_bluesky_stream.event(50, says(DID)) | {"did": DID}
    gone = test_bluesky_stream.event(40, operation="delete") | {"did": DID}
    with test_bluesky_stream.streaming(test_bluesky_stream.tape(made, gone, test_bluesky_stream.LIVE)) as one:
        return test_bluesky_stream.collected(one, http, terms=TERMS)


def mastodon(server: Replay, http: HttpClient) -> Run:
    account: Json = {
        "id": NATIVE, "username": HANDLE, "acct": f"{HANDLE}@far.example", "display_name": NAME,
        "url": f"https://far.example/@{HANDLE}", "uri": f"https://far.example/users/{HANDLE}",
        "note": f"<p>{NAME}</p>", "followers_count": 40, "noindex": False, "fields": [],
    }  # fmt: skip
    other: Json = {
        "id": OTHER_NATIVE,
        "username": OTHER_HANDLE,
        "acct": OTHER_HANDLE,
        "url": f"https://a.example/@{OTHER_HANDLE}",
    }
    where = {"uri": f"https://far.example/users/{HANDLE}/statuses/1", "url": f"https://far.example/@{HANDLE}/1"}
    quoted = test_mastodon.status(90, account=other)
    mention = f'<a href="https://far.example/@{OTHER_HANDLE}" class="u-url mention">@<span>{OTHER_HANDLE}</span></a>'
    content = f"<p>{SAYS} {mention}</p>"
    plain = test_mastodon.status(
        60, account=account, content=content, mentions=[other], in_reply_to_account_id=OTHER_NATIVE,
        in_reply_to_id="5", quote={"state": "accepted", "quoted_status": quoted}, spoiler_text=f"By {NAME}", **where,
    )  # fmt: skip
    boost = test_mastodon.status(30, account=other, reblog=plain)
    server.rule(test_mastodon.TAG, test_mastodon.Timeline([plain, boost]))
    return test_mastodon.collect(server, http)


def youtube(server: Replay, http: HttpClient) -> Run:
    test_youtube.serving(server, 1)
    video = test_youtube.video(0)
    video["snippet"] = {**_object(video["snippet"]), "channelTitle": NAME, "channelId": NATIVE, "description": SAYS}
    said: Json = {
        "authorDisplayName": f"@{HANDLE}", "authorChannelId": {"value": NATIVE}, "textDisplay": says(HANDLE),
        "authorChannelUrl": f"http://www.youtube.com/@{HANDLE}", "authorProfileImageUrl": f"https://p.example/{HANDLE}",
    }  # fmt: skip
    answer: Json = {"authorDisplayName": f"@{OTHER_HANDLE}", "authorChannelId": {"value": OTHER_NATIVE}}
    reply = test_youtube.comment("two", **_object(answer)) | {"id": "Ugone-0123-AaABAg.reply"}
    thread = test_youtube.thread("one", total=1, replies=[reply])
    thread["snippet"] = {**_object(thread["snippet"]), "topLevelComment": test_youtube.comment("one", **_object(said))}
    server.add(test_youtube.VIDEOS, test_youtube.page(video))
    server.add(test_youtube.THREADS, test_youtube.page(thread))
    known: dict[str, Json] = {"videos": {test_youtube.vid(0): [test_youtube.PRESENT - 90_000, 0, 0]}}
    return test_youtube.collected(server, http, cursor=known)


def tweets() -> list[dict[str, Json]]:
    """A reply that quotes, and the same by way of a repost."""
    named: Json = {
        "mentions": [{"username": OTHER_HANDLE, "id": OTHER_NATIVE}],
        "urls": [{"url": "https://t.co/q", "expanded_url": f"https://twitter.com/{OTHER_HANDLE}/status/11"}],
    }
    first = x_platform.tweet(
        5, 1, author_id=NATIVE, text=f"{SAYS} https://t.co/q", entities=named, in_reply_to_user_id=OTHER_NATIVE,
        referenced_tweets=[{"type": "quoted", "id": "11"}, {"type": "replied_to", "id": "12"}],
    )  # fmt: skip
    second = x_platform.tweet(
        4, 2, author_id=NATIVE, text=f"RT @{OTHER_HANDLE}: Acme Bank is slow", entities=named,
        referenced_tweets=[{"type": "retweeted", "id": "13"}],
    )  # fmt: skip
    return [first, second]


def users() -> list[dict[str, Json]]:
    """Who wrote them, and who was answered."""
    people = ((NATIVE, HANDLE, NAME), (OTHER_NATIVE, OTHER_HANDLE, OTHER))
    return [{"id": one, "username": handle, "name": name, "description": name} for one, handle, name in people]


def answer_of_x() -> Answer:
    others: Json = [
        {"id": "11", "author_id": OTHER_NATIVE, "text": "Acme Bank?"},
        {"id": "13", "author_id": OTHER_NATIVE, "text": f"Acme Bank is slow, asks @{HANDLE}"},
    ]
    data = tweets()
    meta = {"result_count": 2, "newest_id": data[1]["id"], "oldest_id": data[0]["id"]}
    refused: Json = [
        {"resource_id": OTHER_NATIVE, "detail": f"Could not find user with id: [{OTHER_NATIVE}].", "title": "Not Found"}
    ]
    return Answer.json(
        {"data": data, "includes": {"users": users(), "tweets": others}, "meta": meta, "errors": refused}
    )


def x(server: Replay, http: HttpClient) -> Run:
    server.rule(x_platform.SEARCH, lambda _: answer_of_x())
    return test_x.collect(server, http, terms=TERMS)


def x_owned(server: Replay, http: HttpClient) -> Run:
    server.rule("/2/users/10001/tweets", lambda _: answer_of_x())
    return test_x_owned.collect(server, http)


def x_stream(server: Replay, http: HttpClient) -> Run:
    lines = [
        chunk(
            json.dumps({"data": one, "includes": {"users": users()}, "matching_rules": [{"id": "1"}]}).encode()
            + b"\r\n"
        )
        for one in tweets()
    ]
    test_x_stream.serve(server, stream(*lines, *test_x_stream.quiet(150)))
    return test_x_stream.hear(server, http, lambda found: len(found.posts) == 2)


def google_play(server: Replay, http: HttpClient) -> Run:
    key = key_file()
    review = test_google_play.review(1, text=SAYS) | {"authorName": NAME}
    server.add(test_google_play.REVIEWS, test_google_play.page(review))
    return test_google_play.collected(server, http, key)


def trustpilot(server: Replay, http: HttpClient) -> Run:
    server.add(test_trustpilot.FIND, Answer.json({"id": test_trustpilot.UNIT, "numberOfReviews": {"total": 1}}))
    consumer = {"id": NATIVE, "displayName": NAME, "displayLocation": "Gera"}
    reply = {"text": f"Dear {NAME}, sorry.", "authorBusinessUserName": OTHER, "authorBusinessUserId": OTHER_NATIVE}
    review = test_trustpilot.review(1, text=SAYS, title=f"By {NAME}", consumer=consumer, companyReply=reply)
    test_trustpilot.serve(server, review)
    return test_trustpilot.collected(TrustpilotCollector(server.base_url), http)


def reddit(server: Replay, http: HttpClient) -> Run:
    reddit_things.tree_server(reddit_things.sign_in(server))
    who: dict[str, Any] = {"author": HANDLE, "author_fullname": f"t2_{HANDLE}"}
    other: dict[str, Any] = {"author": OTHER_HANDLE, "author_fullname": f"t2_{OTHER_HANDLE}"}
    nested = reddit_things.comment(2, "t1_c1", body=f"Hear u/{HANDLE}: {says()}", **other)
    outer = reddit_things.comment(1, body=says(HANDLE), replies=reddit_things.listing(nested), **who)
    parents = [{"author": OTHER_HANDLE, "selftext": "x"}]
    crosspost: dict[str, Any] = {"crosspost_parent_list": parents, "subreddit": f"u_{HANDLE}"}
    post = reddit_things.submission(
        1, title=f"Acme Bank, by {HANDLE}", selftext=says(HANDLE), num_comments=6, url=f"https://a.example/{HANDLE}",
        permalink=f"/user/{HANDLE}/comments/p1/x/", **who, **crosspost,
    )  # fmt: skip
    server.rule("/r/acme/new", reddit_things.Things([post]))
    server.add("/comments/p1/", Answer.json([reddit_things.listing(post), reddit_things.listing(outer)]))
    return reddit_things.collect(server, http, {"subreddits": "acme", "search": False, "trees": True}, terms=TERMS)


def survey(server: Replay, http: HttpClient) -> Run:
    item = {
        "rid": NATIVE,
        "q": "How is work?",
        "a": f"Slow, ask {OTHER_HANDLE}@acme.example",
        "who": NAME,
        "mail": MAIL,
    }
    mapping = "items = answers\nnative_id = rid\ntitle = q\ntext = a\nstated.respondent = mail\nstated.name = who"
    collector = SurveyCollector()
    options = collector.check_options({"survey_type": "engagement", "scale": "0-10", "mapping": mapping})
    return delivered(collector, options, {"answers": [item]})


def webhook(server: Replay, http: HttpClient) -> Run:
    collector = WebhookCollector()
    mapping = "items = tickets\nnative_id = ref\ntext = body\nurl = at\n"
    mapping += "author.id = by.id\nauthor.name = by.name\nauthor.url = by.page"
    options = collector.check_options({"platform": "desk", "mapping": mapping})
    ticket = {
        "ref": f"T-{HANDLE}-1", "body": SAYS, "by": {"id": NATIVE, "name": NAME, "mail": MAIL, "page": f"https://desk.example/people/{HANDLE}/"},
        "at": f"https://desk.example/people/{HANDLE}/1", "cc": [OTHER],
    }  # fmt: skip
    return delivered(collector, options, {"tickets": [ticket]})


def delivered(collector: Collector, options: Mapping[str, Json], body: object) -> Run:
    data = json.dumps(body).encode()
    request = CollectRequest(1, options, (), {}, NOW, {"secret": SECRET})
    batch = collector.receive(request, Delivery({HEADER: sign(SECRET, data, NOW)}, data))
    assert batch.posts
    return Run((batch,), Outcome(True, "ok"))


def survey_file(folder: Path) -> Run:
    """The columns of a survey, uploaded."""
    path = folder / "survey.csv"
    columns = ("Response ID", "Employee ID", "Name", "E-Mail", "Manager", "Date", "Question", "Answer", "Score")
    row = (NATIVE, OTHER_NATIVE, NAME, MAIL, OTHER, "2026-02-17", "Why do you leave Acme?", f"Ask {MAIL}", "3")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows((columns, row))
    rows = list(open_rows(path, "survey", {"survey_type": "=exit"}))
    return Run((Batch(tuple(one.post for one in rows if isinstance(one, Row)), None),), Outcome(True, "ok"))


def key_file() -> str:
    """A service account of nobody."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    form = serialization.PrivateFormat.PKCS8
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return json.dumps({"client_email": "reader@x.example", "private_key": pem.decode()})


def _object(value: Any) -> dict[str, Any]:
    assert isinstance(value, dict)
    return value


PLANTS: Mapping[str, Plant] = {
    plant.__name__: plant
    for plant in (
        hackernews, feed, gdelt, web, app_store, bluesky, bluesky_stream, mastodon, youtube, x, x_owned, x_stream,
        google_play, trustpilot, reddit, survey, webhook,
    )
}  # fmt: skip
