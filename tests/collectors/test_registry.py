"""The registry, and what it may not load."""

import subprocess
import sys

import pytest

from collectors.redistribution import NOBODY_SAID
from collectors.registry import all_collectors, get
from config.settings import ROOT

REQUIRED = {"app_id": "310633997", "package": "com.acme.app", "instance": "social.example", "domain": "acme.example",
            "host": "mail.acme.example"}  # fmt: skip
PLATFORM_LIBRARIES = (
    "tweepy", "praw", "mastodon", "atproto", "scrapy", "twisted", "extruct", "trafilatura", "imap_tools", "requests",
    "google.auth", "websockets", "oauthlib",
)  # fmt: skip
READERS = ("feedparser", "openpyxl", "lxml", "parsel")


def test_collectors_are_found_by_kind() -> None:
    assert [get(one.kind) for one in all_collectors()] == list(all_collectors())
    with pytest.raises(ValueError, match=r"known are app_store, .*, youtube"):
        get("fax")


def test_defaults_pass_the_check_of_options() -> None:
    for collector in all_collectors():
        given = {option.name: option.default for option in collector.options if not option.required}
        given |= {
            option.name: REQUIRED.get(option.name, "https://a.example/")
            for option in collector.options
            if option.required
        }
        if collector.kind == "inbox":
            given["trusted_authserv"] = "mx.acme.example"  # or mails whose sender nobody proved: one must be chosen
        assert set(collector.check_options(given)) == {option.name for option in collector.options}


def test_listing_collectors_loads_no_platform_library() -> None:
    code = "import sys, collectors.registry; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert {"collectors.x_owned", "collectors.x_stream", "collectors.web.collector"} <= loaded
    assert not loaded & {*PLATFORM_LIBRARIES, *READERS, "sqlalchemy", "celery"}


def test_nothing_collects_where_terms_forbid_it() -> None:
    forbidden = {"linkedin", "glassdoor", "indeed", "kununu"}  # these come by the company's own mails and files
    assert not forbidden & {one.kind for one in all_collectors()}


def test_each_source_says_what_may_leave_in_a_file_and_the_page_tells_it() -> None:
    page = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    rows = page.partition("## What may leave in a file")[2].partition("\n## ")[0].splitlines()
    for collector in all_collectors():
        rule = collector.redistribution
        assert rule != NOBODY_SAID, collector.kind
        assert any(collector.label in row and row.endswith(f"| {rule.why} |".replace("  ", " ")) for row in rows)
