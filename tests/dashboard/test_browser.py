"""What a person sees in a real browser: nothing breaks, nothing is cut off, everything has a name."""

from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.world import PASSWORD
from tests.dashboard.conftest import Opened

pytestmark = pytest.mark.browser

ROLES = ("administrator", "marketing", "hr", "leadership", "advocate")

_NAMELESS = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a[href], img')]
    .filter(e => !(e.labels?.length || e.ariaLabel || e.textContent.trim() || e.alt)).map(e => e.outerHTML)"""
_WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
_SKIPPED = """() => { let last = 0, bad = [];
    for (const h of document.querySelectorAll('h1, h2, h3, h4')) {
        const level = Number(h.tagName[1]); if (level > last + 1) bad.push(h.textContent); last = level; }
    return bad; }"""


def test_a_person_signs_in(browser: Browser, site: str) -> None:
    with closing(browser.new_context(base_url=site)) as context:
        page = context.new_page()
        page.goto("/sign-in?next=/account")
        page.get_by_label("E-mail address").fill("hr@acme.example")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/account")


@pytest.mark.timeout(300)  # some thirty pages on a busy machine
def test_every_entry_of_the_navigation_opens(open_page: Opened, pictures: Path | None) -> None:
    """Each page is looked at by the first role that has it; that the others get it is asked without drawing.

    On a telephone's width, where things are cut off first; drawing each page twice would cost the suite its time.
    """
    seen: set[str] = set()
    for role in ROLES:
        page = open_page(role, "/account", width=390)
        paths = page.eval_on_selector_all("nav[aria-label=Main] a", "links => links.map(a => a.getAttribute('href'))")
        assert paths
        for path in paths:
            if path in seen:
                assert page.request.get(path).status == 200, (role, path)
            else:
                _look_at(page, path, pictures and pictures / f"{role}{path.replace('/', '-')}.png")
        seen.update(paths)


def _look_at(page: Page, path: str, picture: Path | None) -> None:
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 200, path
    _drawn(page)
    assert page.evaluate(_WIDER) <= 0, f"{path} is wider than the screen"
    if picture is not None:
        page.screenshot(path=picture, full_page=True)
    assert page.locator("h1").count() == 1, path
    assert page.locator("nav a[aria-current=page]").count() == 1, path
    assert page.evaluate(_NAMELESS) == [], path
    assert page.evaluate(_SKIPPED) == [], path
    assert " style=" not in answer.text(), path


def test_charts_are_drawn_and_say_the_same_as_their_tables(open_page: Opened) -> None:
    page = open_page("marketing", "/brand")
    _drawn(page)
    expect(page.locator("#chart-volume svg")).to_be_visible()
    page.locator("#chart-volume summary").click()
    expect(page.locator("#chart-volume table")).to_be_visible()
    bars = page.locator("#chart-volume svg [aria-roledescription=bar]").count()
    assert bars == page.locator("#chart-volume tbody tr").count() == 30


def test_a_wrong_tag_is_corrected_in_the_list(open_page: Opened) -> None:
    page = open_page("marketing", "/mentions?q=%22Acme+%F0%9F%8F%95%EF%B8%8F%22")
    card = page.locator("article.mention").first
    expect(card.locator(".tag").first).to_have_text("unsure")
    card.get_by_text("Correct", exact=True).click()
    card.get_by_label("Sentiment").select_option("positive")
    card.get_by_role("button", name="Save the correction").click()
    expect(page.get_by_role("status")).to_contain_text("sentiment is now positive")
    assert "q=" in page.url
    expect(page.locator("article.mention .tag").first).to_have_text("positive")
    page.reload()
    expect(page.get_by_role("status")).to_have_count(0)


def test_filters_stand_in_the_address(open_page: Opened) -> None:
    page = open_page("administrator", "/mentions")
    search = page.get_by_role("search")
    search.get_by_label("Words").fill("checkout")
    search.get_by_label("Sentiment").select_option("negative")
    search.get_by_role("button", name="Search").click()
    page.wait_for_url("**q=checkout**")
    assert "sentiment=negative" in page.url
    expect(page.get_by_label("Words")).to_have_value("checkout")
    assert page.locator("article.mention").count() == 24


def test_an_incident_is_looked_after(open_page: Opened) -> None:
    page = open_page("administrator", "/incidents")
    page.get_by_role("link", name="stories from consumers").click()
    _drawn(page)
    page.get_by_role("button", name="I look after it").click()
    expect(page.locator("#timeline")).to_contain_text("Acknowledged")
    page.get_by_label("Add a note").fill("The payment provider is down.")
    page.get_by_role("button", name="Add the note").click()
    expect(page.locator("#timeline")).to_contain_text("The payment provider is down.")


def test_the_menu_opens_on_a_telephone(open_page: Opened) -> None:
    page = open_page("hr", "/employer", width=390)
    expect(page.get_by_role("link", name="Mentions", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Mentions", exact=True)).to_be_visible()


def test_the_keyboard_reaches_the_content_first(open_page: Opened) -> None:
    page = open_page("hr", "/mentions")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()


def test_dark_pages_are_dark(open_page: Opened) -> None:
    page = open_page("leadership", "/overview")
    page.emulate_media(color_scheme="dark")
    red = page.evaluate("Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])")
    assert red < 60


def _drawn(page: Page) -> None:
    expect(page.locator("[data-chart]:not([data-drawn=true])")).to_have_count(0)
