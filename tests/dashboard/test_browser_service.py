"""Flows of the pages of the service in a real browser."""

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from notify.message import Mail
from storage import db, outbox
from tests.api.world import NOW
from tests.dashboard.conftest import Opened

pytestmark = pytest.mark.browser

_WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def _fits(page: Page, pictures: Path | None, name: str) -> None:
    for width in (390, 1400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(_WIDER) <= 0, f"{name} is wider than {width} points"
        if pictures is not None:
            page.screenshot(path=pictures / f"{name}-{width}.png", full_page=True)


def test_an_invitation_leads_a_new_person_to_their_page(
    open_page: Opened, browser: Browser, site: str, pictures: Path | None
) -> None:
    page = open_page("administrator", "/people")
    page.get_by_label("Role", exact=True).select_option("advocate")
    page.get_by_role("button", name="Make an invitation link").click()
    link = page.locator(".secret").inner_text()
    _fits(page, pictures, "people-invited")
    with closing(browser.new_context(base_url=site)) as context:
        _joins(context, "/join/" + link.rpartition("/")[2], pictures)


def _joins(context: BrowserContext, path: str, pictures: Path | None) -> None:
    page = context.new_page()
    page.goto(path)
    _fits(page, pictures, "join")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("E-mail address").fill("ada@acme.example")
    page.get_by_label("Password").fill("four words in line")
    page.get_by_role("button", name="Make the account").click()
    page.get_by_label("working here now").check()
    page.get_by_label("I agree").check()
    page.get_by_role("button", name="Join").click()
    expect(page.get_by_role("status")).to_contain_text("You have joined")
    page.get_by_label("Address of the post").fill("https://x.com/i/status/815")
    page.get_by_role("button", name="Add the post").click()
    page.get_by_text("Add numbers").click()
    page.get_by_label("Impressions").fill("1,240")
    page.get_by_role("button", name="Note them").click()
    expect(page.locator(".figures").first).to_contain_text("1,240")
    _fits(page, pictures, "my-reach")


def test_a_file_is_looked_over_before_it_is_taken_in(open_page: Opened, tmp_path: Path, pictures: Path | None) -> None:
    file = tmp_path / "posts.csv"
    file.write_text("Kommentar;Datum\n" + "Acme im Test;01.02.2026\n" * 3, "utf-8")
    page = open_page("administrator", "/import")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Look at the file").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value("Kommentar")
    expect(page.get_by_label("Name of the source")).to_have_value("posts")
    _fits(page, pictures, "import-columns")


def test_a_draft_is_tried_before_it_is_saved(open_page: Opened, pictures: Path | None) -> None:
    page = open_page("administrator", "/company")
    page.get_by_label("A post must also say one of").fill("refund")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#preview")).to_contain_text("would be mentions no more")
    expect(page.locator("#preview mark").first).to_have_text("Acme")
    _fits(page, pictures, "company-preview")


def test_a_mail_is_shown_in_its_frame(open_page: Opened, pictures: Path | None) -> None:
    with db.transaction() as session:
        mail = Mail("Shown", "Text", "<p>Ein Zelt</p>", ("a@acme.example",), (), {}, "shown in a frame")
        number = outbox.put(session, mail, None, "brand", NOW, smtp=False)
    page = open_page("marketing", f"/outbox/{number}")
    expect(page.frame_locator("iframe").get_by_text("Ein Zelt")).to_be_visible()
    _fits(page, pictures, "mail")


@pytest.mark.parametrize("path", ["/sources/new", "/sources/new?kind=hackernews", "/sources/1", "/company/text"])
def test_pages_without_an_entry_fit_too(path: str, open_page: Opened, pictures: Path | None) -> None:
    _fits(open_page("administrator", path), pictures, path.strip("/").replace("/", "-").replace("?", "-"))
