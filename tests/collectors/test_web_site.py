"""Settings of a site: each wrong line is named, and nothing forbidden is taken."""

import pytest

from collectors.post import Json
from collectors.refused import refusal
from collectors.web.collector import WebCollector
from collectors.web.form import site_of
from collectors.web.site import Site, fits

START = "https://a.example/reviews"
FORUM: dict[str, Json] = {
    "start": START,
    "read": "forum",
    "fields": "item = article.post\ntext = .body\ndate = time @datetime\nid = @data-id",
}


def test_options_are_completed_and_survive_a_second_check() -> None:
    options = WebCollector().check_options({"start": f"\n {START}#top \n{START}\n", "max_pages": "7"})
    assert options["start"] == START
    assert (options["read"], options["max_pages"], options["employer"]) == ("reviews", 7, False)
    assert WebCollector().check_options(options) == options
    forum = WebCollector().check_options(FORUM)
    assert WebCollector().check_options(forum) == forum


def test_a_site_survives_the_pipe() -> None:
    site = site_of({**FORUM, "follow": ["/thread/*", "*page=*"], "next": "a[rel=next]", "audience": "customer"})
    assert Site.from_json(site.to_json()) == site
    rule = site.field("id")
    assert rule is not None
    assert (rule.selector, rule.attribute) == ("", "data-id")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"start": ""}, "start: is missing"),
        ({"start": f"{START}\nnonsense"}, "start: line 2: must be an address"),
        ({"start": "https://user:secret@a.example/"}, "start: line 1: pages behind a sign-in"),
        ({"start": "\n".join(f"https://a.example/{n}" for n in range(21))}, "start: more than 20"),
        ({"start": 5}, "start: must be text"),
        ({"read": "everything"}, "read: must be one of"),
        ({"follow": "/ok\nhttps://a.example/x"}, "follow: line 2"),
        ({"follow": "/a b"}, "follow: line 1"),
        ({"next": "a["}, "next: 'a\\['"),
        ({"next": 3}, "next: must be"),
        ({"fields": "text = p\nstars = b"}, "fields: line 2: stars is no field"),
        ({"fields": "text = p\ntext = b"}, "fields: line 2: text is there twice"),
        ({"fields": "text p"}, "fields: line 1: must read"),
        ({"fields": "text ="}, "fields: line 1: the CSS selector is missing"),
        ({"fields": "text = p:hover-not("}, "fields: line 1"),
        ({"fields": "text = " + "a " * 200}, "fields: line 1"),
        ({"read": "forum"}, "fields: a forum needs the field item"),
        ({"read": "forum", "fields": "item = li @id\ntext = p"}, "fields: item is a whole element"),
        ({"max_pages": 501}, "max_pages: must be"),
        ({"max_depth": -1}, "max_depth: must be"),
        ({"language": "english"}, "language: must be"),
        ({"audience": "robots"}, "audience: must be one of"),
        ({"employer": "perhaps"}, "employer: must be"),
        ({"colour": "red"}, "colour: no such option"),
    ],
)
def test_what_is_wrong_is_named(changed: dict[str, Json], words: str) -> None:
    with pytest.raises(ValueError, match=f"^{words}"):
        WebCollector().check_options({"start": START, **changed})


@pytest.mark.parametrize(
    "host",
    [
        "www.linkedin.com", "de.linkedin.com", "lnkd.in", "glassdoor.com", "www.glassdoor.co.uk", "glassdoor.de.",
        "it.indeed.com", "indeed.com", "www.kununu.com", "m.facebook.com", "www.instagram.com", "x.com", "twitter.com",
        "www.tiktok.com", "play.google.com", "apps.apple.com", "old.reddit.com", "www.youtube.com",
        "de.trustpilot.com", "GLASSDOOR.COM", "ｇlassdoor.com",
    ],
)  # fmt: skip
def test_hosts_that_are_not_read_come_with_a_lawful_way(host: str) -> None:
    assert refusal(host)
    with pytest.raises(ValueError, match=r"^start: line 2: .*(source|import|Import|Connect)"):
        site_of({"start": f"{START}\nhttps://{host}/page"})


@pytest.mark.parametrize(
    "host", ["a.example", "x.example", "x.org", "notlinkedin.com", "glassdoor.mycompany.com", "google.com", "localhost"]
)
def test_other_hosts_are_free(host: str) -> None:
    assert refusal(host) is None


def test_patterns_are_linear() -> None:
    assert fits("/thread/5", "/thread/*")
    assert fits("/a/b/c", "/a/*/c")
    assert not fits("/a/c", "/a/*/c*d")
    assert not fits("/abc", "/abc*c")
    assert not fits("/" + "a" * 2000, "*" + "a*" * 140 + "b")  # a regular expression would not come back


def test_links_stay_on_the_site() -> None:
    site = site_of({"start": "https://www.a.example/", "follow": "/t/*\n/list?page=*"})
    assert site.wants("https://a.example/t/1")
    assert site.wants("https://www.a.example/list?page=2")
    assert not site.wants("https://a.example/list")
    for elsewhere in ("https://b.example/t/1", "https://a.example.evil.example/t/1", "javascript:alert(1)//t/"):
        assert not site.wants(elsewhere)


def test_hosts_with_letters_beyond_ascii_are_one_site() -> None:
    site = site_of({"start": "https://bücher.example/", "follow": "/t/*"})
    assert site.wants("https://xn--bcher-kva.example/t/1")
    assert site.wants("https://BÜCHER.example/t/1")


def test_the_host_takes_turns() -> None:
    assert WebCollector().host({"start": "https://A.example:8443/x"}) == "a.example"
    assert WebCollector().host({}) is None
