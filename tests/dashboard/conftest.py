"""One town for all tests of the pages: built once, served by a real server, looked at by one browser.

Tests that change something choose a mention or incident of their own, so that none sees the work of another.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from api.app import create_app
from config.settings import get_settings
from storage import db
from tests import servers
from tests.api.world import PASSWORD, add_person, clock_of_requests, forget_tries
from tests.conftest import _empty as empty_database
from tests.conftest import free_port
from tests.dashboard import town as town_data
from tests.dashboard.forms import post

Opened = Callable[..., Page]


@pytest.fixture(scope="package", autouse=True)
def clock() -> Iterator[None]:
    """No test hangs on the moment it runs at."""
    with clock_of_requests():
        yield


@pytest.fixture(scope="package")
def town(data_dir: Path) -> Iterator[str]:
    """The address of a database of its own with a month of talk; all of the service's code uses it meanwhile."""
    url = servers.make_database(data_dir, f"town_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    with _in_use(url):
        town_data.build()
        yield url
    db.connect(url).dispose()


@pytest.fixture(scope="package")
def second_database(data_dir: Path) -> Iterator[str]:
    """The address of an empty database beside the town; one for all tests, since engines are few."""
    url = servers.make_database(data_dir, f"first_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}")
    yield url
    db.connect(url).dispose()


@pytest.fixture
def first_start(town: str, second_database: str) -> Iterator[str]:
    """The address of a database with nothing but an administrator, in use for this test only."""
    with _in_use(second_database):
        empty_database(db.connect(second_database))
        add_person("administrator")
        yield second_database


@contextmanager
def _in_use(url: str) -> Iterator[None]:
    before = os.environ.get("DATABASE_URL")
    os.environ["DATABASE_URL"] = url
    get_settings.cache_clear()
    try:
        yield
    finally:
        os.environ.pop("DATABASE_URL")
        if before is not None:
            os.environ["DATABASE_URL"] = before
        get_settings.cache_clear()


@pytest.fixture(scope="package")
def clients(town: str) -> Iterator[Callable[[str], TestClient]]:
    """`clients("hr")`: a signed-in client of that role; `clients("")`: nobody. Redirects are not followed."""
    forget_tries()
    made: dict[str, TestClient] = {}
    app = create_app()

    def client(role: str) -> TestClient:
        if role not in made:
            made[role] = TestClient(app, follow_redirects=False)
            if role:
                form = {"email": f"{role}@acme.example", "password": PASSWORD}
                assert made[role].post("/sign-in", data=form).status_code == 303
        return made[role]

    yield client
    for each in made.values():
        each.close()


@pytest.fixture
def advocate(clients: Callable[[str], TestClient]) -> Iterator[TestClient]:
    """Somebody who joined, and leaves at the end."""
    client = clients("advocate")
    post(client, "/my-reach/join", {"standing": "employee", "consent": "on"})
    yield client
    post(client, "/my-reach/leave")


@pytest.fixture(scope="package")
def site(town: str) -> Iterator[str]:
    """The address of a real server."""
    forget_tries()
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    """One Chromium for all; a single process draws the pages, so that the chart library is compiled once."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--renderer-process-limit=1"]
        )
        yield started
        started.close()


@pytest.fixture(scope="package")
def profile(browser: Browser, site: str) -> Iterator[BrowserContext]:
    """One profile for all roles: a second one would load and compile the scripts of the pages again."""
    with closing(browser.new_context(base_url=site)) as context:
        context.set_default_navigation_timeout(60_000)  # a busy machine is no reason to fail
        yield context


@pytest.fixture(scope="package")
def sign_in(profile: BrowserContext, site: str, clients: Callable[[str], TestClient]) -> Callable[[str], None]:
    """`sign_in("hr")`: the profile is that role's from here on, by the session of `clients`; no page is drawn."""

    def change(role: str) -> None:
        profile.clear_cookies()
        for cookie in clients(role).cookies.jar:
            profile.add_cookies([{"name": cookie.name, "value": cookie.value or "", "url": site}])

    return change


@pytest.fixture
def open_page(profile: BrowserContext, sign_in: Callable[[str], None]) -> Iterator[Opened]:
    """`open_page("hr", "/employer", width=390)`; every error that the browser reports fails the test at its end.

    Opening a page as another role signs the pages before it over to that role too.
    """
    pages: list[Page] = []
    faults: list[str] = []

    def opened(role: str, path: str, width: int = 1400) -> Page:
        sign_in(role)
        page = profile.new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": 900})
        page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(path)
        return page

    yield opened
    for page in pages:
        page.close()
    assert faults == []


@pytest.fixture(scope="session")
def pictures() -> Path | None:
    """The folder for screenshots, where `OUTSPOKEN_PICTURES` names one; taking them costs a third of the time."""
    if "OUTSPOKEN_PICTURES" not in os.environ:
        return None
    folder = Path(os.environ["OUTSPOKEN_PICTURES"])
    folder.mkdir(parents=True, exist_ok=True)
    return folder
