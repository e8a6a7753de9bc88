"""My settings: what an advocate decides for themselves, their own accounts, and numbers from a table."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response

from advocacy.consents import PLATFORM_VERSION, platform_consent
from advocacy.own_figures import COUNTERS, read_figures
from api.auth import SignedIn
from api.dashboard.forms import Form, Posted, errors_of
from api.dashboard.render import page, redirect
from api.deps import Now, ProgrammeReader, ProgrammeSender
from collectors.own_posts.registry import WAYS, Way, app_of_settings
from config.settings import get_settings
from storage import advocacy, advocate_accounts, audit, db, own_figures, users
from storage.advocacy import Choices

router = APIRouter()

_SWITCHES = ("on_leaderboard", "weekly_mail", "take_off_mails", "campaign_mails")


@router.get("/my-settings")
def my_settings(request: Request, now: Now, who: ProgrammeReader) -> Response:
    """Choices, accounts, consents; or where to join."""
    return settings_page(request, now, who)


@router.post("/my-settings")
def choose(request: Request, now: Now, who: ProgrammeSender, form: Form) -> Response:
    """Put choices in force at once."""
    try:
        with db.transaction() as session:
            me = advocacy.advocate_of(session, who.user.id)
            if me is None:
                return redirect("/my-reach")
            groups = users.groups_of(session, who.user.id)
            advocacy.choose(session, who.viewer, me.id, _choices(form, *groups))
    except ValueError as error:
        return settings_page(request, now, who, errors_of(error))
    return redirect("/my-settings", "Your choices are in force.")


@router.post("/my-settings/accounts/{platform}/withdraw")
def withdraw(now: Now, who: ProgrammeSender, platform: str) -> Response:
    """Withdraw the consent for one platform; its permission is given back by a job."""
    with db.transaction() as session:
        me = advocacy.advocate_of(session, who.user.id)
        if me is None or platform not in WAYS:
            return redirect("/my-settings")
        advocate_accounts.disconnect(session, who.viewer, me.id, platform, now)
        audit.record(session, who.viewer, "advocate.withdraw", f"user {who.user.id}, {platform}", now)
    words = f"Nothing more is read over {WAYS[platform].label}. The permission is deleted here and given back."
    return redirect("/my-settings#accounts", words)


@router.post("/my-settings/figures")
def take_figures(request: Request, now: Now, who: ProgrammeSender, form: Form) -> Response:
    """Posts and numbers from a table, for platforms that tell us nothing."""
    try:
        good, bad = read_figures(form.get("table"), now)
        with db.transaction() as session:
            me = advocacy.advocate_of(session, who.user.id)
            if me is None:
                return redirect("/my-reach")
            report = own_figures.note_figures(session, who.viewer, me.id, good, now)
    except ValueError as error:
        return settings_page(request, now, who, errors_of(error), typed={"table": form.get("table")})
    refused = sorted((*bad, *report.refused), key=lambda each: each.line)
    return settings_page(request, now, who, report=report, refused=refused)


def settings_page(
    request: Request,
    now: Now,
    who: SignedIn,
    errors: Mapping[str, str] | None = None,
    *,
    at: str = "",
    typed: Mapping[str, str] | None = None,
    report: own_figures.FiguresReport | None = None,
    refused: object = (),
) -> Response:
    """The page; `at`: the platform whose form was wrong."""
    with db.reading() as session:
        me = advocacy.advocate_of(session, who.user.id)
        if me is None:
            return page(request, who, "my_settings_none.html", title="My settings")
        accounts = {each.platform: each for each in advocate_accounts.accounts(session, who.viewer, me.id)}
        consents = advocate_accounts.consents(session, who.viewer, me.id)
        team, location = users.groups_of(session, who.user.id)
    return page(
        request,
        who,
        "my_settings.html",
        title="My settings",
        status=422 if errors else 200,
        me=me,
        choices=me.choices,
        team=team,
        location=location,
        ways=[(way, accounts.get(way.platform), _ready(way), consent_lines(way)) for way in WAYS.values()],
        consents=consents,
        columns=", ".join(COUNTERS),
        now=now,
        errors=errors or {},
        at=at,
        typed=typed or {},
        report=report,
        refused=refused,
    )


def consent_lines(way: Way) -> tuple[str, ...]:
    """What is agreed to for a platform."""
    return platform_consent(way.label, way.gives)


def consent_version() -> str:
    """The version of these words."""
    return PLATFORM_VERSION


def _ready(way: Way) -> bool:
    """Whether the platform can be connected at all: X and LinkedIn want this service registered."""
    return way.platform in {"bluesky", "mastodon"} or app_of_settings(way.platform, get_settings()) is not None


def _choices(form: Posted, team: str | None, location: str | None) -> Choices:
    switches = {name: bool(form.get(name)) for name in _SWITCHES}
    return Choices(
        form.get("visibility", "me"),
        **switches,
        team=team if form.get("team") else None,
        location=location if form.get("location") else None,
    )
