"""From an editor's content to an advocate's post: hub, editor, guard, and the address of what it became."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from tests.advocacy.test_pictures import a_jpeg, a_png
from tests.dashboard.conftest import Opened
from tests.dashboard.forms import follow, post

Clients = Callable[[str], TestClient]
CONTENT = {
    "title": "The quiet <kettle>",
    "angle": "Two years of work for forty seconds",
    "prompts": "What surprised you?\nWho asked for it?",
    "facts": "Ninety prototypes were built before one of them was quiet enough for a kitchen",
    "avoid": "Prices",
    "example": "Our new kettle boils in forty seconds and is the quietest one on the market. We are so proud!",
    "link": "https://careers.acme.example/jobs",
    "language": "en",
}
OWN = "I work at Acme, and on my desk stood every one of the loud ones. My cat is happier now."


@pytest.fixture(scope="module")
def content(clients: Clients) -> int:
    """A content of the town."""
    answer = post(clients("marketing"), "/content", CONTENT)
    assert answer.status_code == 303, answer.text
    return int(answer.headers["location"].split("/")[2])


def test_editors_write_and_see_what_advocates_see(clients: Clients, content: int) -> None:
    shown = clients("hr").get(f"/content/{content}/preview").text
    assert "The quiet &lt;kettle&gt;" in shown
    assert "What surprised you?" in shown
    assert CONTENT["example"] not in shown
    assert CONTENT["example"] in clients("hr").get(f"/content/{content}").text
    assert f"/content/{content}" in clients("administrator").get("/content?state=available").text
    assert clients("leadership").get("/content").status_code == 403
    assert clients("advocate").get(f"/content/{content}").status_code == 403


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"title": ""}, "Give it a title"),
        ({"link": "https://evil.example/"}, "not a registered host"),
        ({"from": "tomorrow"}, "Give the day and the time"),
        ({"from": "2026-01-02T10:00", "until": "2026-01-01T10:00"}, "Must lie after the beginning"),
        ({"language": "tlh"}, "is not one of"),
        ({"campaign": "12a"}, "Choose one of the list"),
        ({"zone": "Mars/Base", "until": "2026-01-01T10:00"}, "Mars/Base"),
    ],
)
def test_what_is_wrong_is_named_and_what_was_typed_stays(clients: Clients, values: dict[str, str], words: str) -> None:
    answer = post(clients("marketing"), "/content", {**CONTENT, **values})
    assert answer.status_code == 422
    assert words in answer.text
    assert "Ninety prototypes" in answer.text


def test_a_picture_is_known_by_its_bytes_and_served_as_what_it_is(clients: Clients, content: int) -> None:
    client = clients("marketing")
    path = f"/content/{content}"
    fake: dict[str, object] = {"picture": ("kettle.png", b"<svg onload=alert(1)>", "image/png")}
    assert "JPEG, PNG or WebP" in post(client, path, {**CONTENT, "picture_alt": "x"}, fake).text
    real: dict[str, object] = {"picture": ("evil.html", a_jpeg(6), "text/html")}
    assert "Say what the picture shows" in post(client, path, CONTENT, real).text
    assert post(client, path, {**CONTENT, "picture_alt": "A kettle"}, real).status_code == 303
    answer = client.get(f"{path}/picture")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert b"59.91 N" not in answer.content
    assert clients("").get(f"{path}/picture").status_code == 303
    post(client, path, {**CONTENT, "drop_picture": "on"})
    assert client.get(f"{path}/picture").status_code == 404


def test_who_did_not_join_is_told_how(clients: Clients, content: int) -> None:
    assert "How to join" in clients("leadership").get("/share").text
    assert clients("leadership").get(f"/share/{content}").status_code == 403
    assert clients("marketing").get(f"/share/{content}").status_code == 404


def test_the_hub_offers_no_text_to_copy(advocate: TestClient, content: int) -> None:
    assert f'href="/share/{content}"' in advocate.get("/share").text
    shown = advocate.get(f"/share/{content}").text
    assert "Ninety prototypes" in shown
    assert CONTENT["example"] not in shown
    assert "X takes 280" in advocate.get(f"/share/{content}?platform=x").text


def test_own_words_go_to_the_platforms_own_composer_with_a_tracked_link(advocate: TestClient, content: int) -> None:
    shown = post(advocate, f"/share/{content}", {"platform": "x", "text": f"{OWN} <b>&"}).text
    assert "your own words" in shown
    assert "The text says that you work there." in shown
    assert "&lt;b&gt;&amp;" in shown
    href = re.search(r'href="(https://x\.com/intent/post[^"]+)"', shown)
    assert href is not None
    (text,) = parse_qs(urlsplit(href[1]).query)["text"]
    assert text.startswith(f"{OWN} <b>&\n\nhttp")
    code = re.search(r"/l/(\w{10})$", text)
    assert code is not None
    again = post(advocate, f"/share/{content}", {"platform": "x", "text": "Again"}).text
    assert code[1] in again
    assert code[1] not in post(advocate, f"/share/{content}", {"platform": "bluesky", "text": "Again"}).text
    nameless = post(advocate, f"/share/{content}", {"platform": "mastodon", "text": "Again"}).text
    assert "Name your server above" in nameless
    assert "takes no text" not in nameless
    named = post(
        advocate, f"/share/{content}", {"platform": "mastodon", "text": "Again", "server": "@a@m.example"}
    ).text
    assert "https://m.example/share?text=Again" in named


def test_a_copy_is_refused_on_x_and_warned_of_elsewhere(advocate: TestClient, content: int) -> None:
    on_x = post(advocate, f"/share/{content}", {"platform": "x", "text": CONTENT["example"]}).text
    assert "X forbids near copies" in on_x
    assert "x.com/intent" not in on_x
    url = "https://x.com/ada/status/1900000000000000001"
    reported = post(advocate, f"/share/{content}", {"platform": "x", "text": CONTENT["facts"], "url": url})
    assert reported.status_code == 422
    elsewhere = post(advocate, f"/share/{content}", {"platform": "linkedin", "text": CONTENT["example"]}).text
    assert "bot farm" in elsewhere
    assert "share-offsite/?url=" in elsewhere


def test_a_posted_address_becomes_a_share_and_colleagues_are_compared_with_it(
    advocate: TestClient, clients: Clients, content: int
) -> None:
    url = "https://bsky.app/profile/ada.example/post/3kabcdefghij2"
    form = {"platform": "bluesky", "text": OWN, "url": url}
    told = follow(advocate, post(advocate, f"/share/{content}", form))
    assert "is noted, in your own words" in told
    assert "You shared it on" in told
    assert "You shared it on" in advocate.get("/share").text
    assert post(advocate, f"/share/{content}", form).status_code == 303  # twice is once
    colleague = clients("hr")
    post(colleague, "/my-reach/join", {"standing": "employee", "consent": "on"})
    foreign = post(colleague, f"/share/{content}", form)
    assert (foreign.status_code, "somebody else" in foreign.text) == (422, True)
    like = post(colleague, f"/share/{content}", {"platform": "x", "text": OWN.replace("every", "each")}).text
    assert "what a colleague has shared" in like
    assert "Advocate" not in like.partition("<main")[2]
    post(colleague, "/my-reach/leave")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"platform": "x", "url": "https://bsky.app/profile/a.example/post/3kabcdefghij3"},
            "This is a post on Bluesky",
        ),
        ({"platform": "x", "url": "https://t.co/abc"}, "short link"),
        (
            {"platform": "x", "text": "", "url": "https://x.com/ada/status/1900000000000000007"},
            "Paste the text of your post",
        ),
        ({"platform": "x", "url": "not an address"}, "without spaces"),
        ({"platform": "myspace"}, "Choose where you want to post it"),
        ({"platform": "mastodon", "server": "localhost"}, "Write the name of your server"),
        ({"platform": "x", "text": "a" * 20_001}, "Use at most 20,000 characters"),
    ],
)
def test_a_wrong_address_or_platform_is_told(
    advocate: TestClient, content: int, values: dict[str, str], words: str
) -> None:
    answer = post(advocate, f"/share/{content}", {"text": "Mine", **values})
    assert answer.status_code == 422
    assert words in answer.text


def test_what_is_withdrawn_is_gone_for_advocates(advocate: TestClient, clients: Clients) -> None:
    made = post(clients("hr"), "/content", {**CONTENT, "title": "Soon gone"}).headers["location"].split("/")[2]
    assert advocate.get(f"/share/{made}").status_code == 200
    post(clients("marketing"), f"/content/{made}/withdraw")
    assert advocate.get(f"/share/{made}").status_code == 404
    assert post(advocate, f"/share/{made}", {"platform": "x", "text": "Mine"}).status_code == 404
    assert "Soon gone" in clients("hr").get("/content?state=withdrawn").text


@pytest.mark.browser
def test_the_editor_answers_while_one_writes_on_a_telephone(
    open_page: Opened, advocate: TestClient, clients: Clients, content: int
) -> None:
    files: dict[str, object] = {"picture": ("kettle.png", a_png(60, 40), "image/png")}
    post(clients("marketing"), f"/content/{content}", {**CONTENT, "picture_alt": "A kettle"}, files)
    page = open_page("advocate", f"/share/{content}?platform=x", width=390)
    page.get_by_label("Your post", exact=True).fill("Look 👨‍👩‍👧‍👦")
    verdict = page.locator("#verdict")
    expect(verdict).to_contain_text("32 of 280")  # five letters and a space, an emoji, two line ends, a link
    expect(verdict).to_contain_text("does not say whom you work for")
    page.get_by_label("Your post", exact=True).fill(OWN)
    expect(page.get_by_role("link", name="Open X")).to_be_visible()
    assert page.locator("img").first.evaluate("image => image.naturalWidth") == 60
    page.get_by_label("Where you post it").select_option("mastodon")
    expect(page.get_by_label("Your Mastodon server")).to_be_visible()
    expect(verdict).to_contain_text("of 500")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
