"""`manage.py run`: everything from nothing to a served dashboard, and an orderly end."""

import contextlib
import http.client
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from config.settings import Settings
from nlp.persons import NamesError, how_found
from storage import db, embedded
from workers.children import RunError, check_port, check_queue, children
from workers.supervisor import Supervisor

ADMINISTRATOR = "admin@localhost"


@dataclass(frozen=True, slots=True)
class FirstStart:
    """What the person at the terminal has to know after the preparations; None where there is nothing to tell."""

    password: str | None
    hint: str | None


def serve(settings: Settings, console: Console) -> None:
    """Run the service until asked to stop. Raises `RunError` or `EmbeddedError` with one sentence."""
    own_postgres = not settings.database_url.get_secret_value()
    own_valkey = not settings.redis_url.get_secret_value()
    try:
        how_found(settings.names_model)
    except NamesError as error:
        raise RunError(str(error)) from error
    with embedded.own(settings.data_dir, "manage.py run"):
        check_port(settings.host, settings.port)
        if not own_valkey:
            check_queue(db.redis_url())
        if own_postgres or own_valkey:
            console.print("Starting the database …" if _has_cluster(settings.data_dir) else "Making the database …")
            embedded.prepare(settings.data_dir)
        family = children(settings, postgres=own_postgres, valkey=own_valkey)
        supervisor = Supervisor(family, settings.data_dir, console)
        with supervisor.signals():
            try:
                _start(supervisor, settings, console, own_postgres, own_valkey)
                supervisor.run()
            finally:
                supervisor.stop()
                embedded.clear_sockets(settings.data_dir)
        supervisor.say("Stopped.")


def _start(supervisor: Supervisor, settings: Settings, console: Console, own_postgres: bool, own_valkey: bool) -> None:
    supervisor.start("postgres", "valkey")
    if own_postgres:
        supervisor.wait_until(lambda: embedded.postgres_ready(settings.data_dir), 60.0, "postgres")
    if own_valkey:
        supervisor.wait_until(lambda: embedded.valkey_ready(settings.data_dir), 60.0, "valkey")
    if supervisor.asked_to_stop:
        return
    supervisor.start("web")  # it imports for seconds; meanwhile the schema is brought up to date
    db.migrate()
    first = _prepare_data(settings)
    supervisor.wait_until(lambda: _answers(settings.host, settings.port), 120.0, "web")
    if supervisor.asked_to_stop:
        return
    _welcome(console, settings.base_url, first)
    supervisor.start("worker", "collector", "stream", "beat")  # after the page, which somebody waits for


def _prepare_data(settings: Settings) -> FirstStart:
    from config.company import ProfileError
    from storage import profile, pseudonym_keys, users

    now = datetime.now(UTC)
    password, hint = None, None
    with db.transaction() as session:
        pseudonym_keys.verify(session, settings, now)  # with the wrong key each author would count twice
        if not users.any_administrator(session):
            password = secrets.token_urlsafe(12)
            users.create_user(session, ADMINISTRATOR, "Administrator", "administrator", password, now)
    try:
        with db.transaction() as session:
            profile.load_file(session, settings.company_file, now)
            if profile.current_profile(session) is None:
                hint = "No company is set up yet: the dashboard offers to make one, or a demo."
    except (ProfileError, OSError) as error:
        hint = f"{settings.company_file} was not read: {error}"
    return FirstStart(password, hint)


def _has_cluster(data_dir: Path) -> bool:
    return (data_dir / "postgres" / "PG_VERSION").exists()


def _answers(host: str, port: int) -> bool:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not bound)
    connection = http.client.HTTPConnection(reachable, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _welcome(console: Console, url: str, first: FirstStart) -> None:
    lines = [f"Outspoken is at [bold]{escape(url)}[/]"]
    if first.password is not None:
        lines += ["", f"First sign-in   {ADMINISTRATOR}", f"Password        [bold]{escape(first.password)}[/]"]
        lines += ["", "The password is shown this once and stored nowhere in clear."]
    if first.hint:
        lines += ["", escape(first.hint)]
    lines += ["", "Ctrl-C stops everything."]
    with contextlib.suppress(OSError):
        console.print(Panel("\n".join(lines), border_style="green", expand=False, padding=(1, 3)))
