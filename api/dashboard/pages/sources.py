"""Sources: is every one alive, what went wrong in words and what to do, what it brought, costs and keeps."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.auth import SignedIn
from api.dashboard import source_form, source_words
from api.dashboard.forms import number_in
from api.dashboard.render import page
from api.dashboard.source_list import listing
from api.deps import Now, page_role
from api.source_kinds import kind_of
from api.source_trials import NOBODY_CAME
from collectors.base import Collector
from config.settings import get_settings
from storage import db, profile, sources
from storage.kinds import collector_of
from storage.sources import SourceRow
from workers import trials
from workers.trials import TrialResult

router = APIRouter()

Reader = Annotated[SignedIn, Depends(page_role("administrator"))]
_RUNS = 10
_PROBLEMS = 50
_HELD = 20
_HOURS = 48


@router.get("/sources")
def sources_page(
    request: Request,
    now: Now,
    who: Reader,
    q: str = "",
    kind: str = "",
    group: str = "",
    number: Annotated[str, Query(alias="page")] = "",
) -> Response:
    """All sources by what they need."""
    typed = {"q": q.strip(), "kind": kind, "group": group}
    with db.reading() as session:
        rows = sources.list_sources(session, who.viewer, now)
    found = listing(rows, now, typed, number_in(number) or 1)
    return page(request, who, "sources.html", title="Sources", listing=found, now=now, all_groups=source_words.GROUPS)


@router.get("/sources/{source_id}")
def source_page(request: Request, now: Now, who: Reader, source_id: int, trial: str = "", since: str = "") -> Response:
    """One source: what it does, its last hours and runs, budget, retention, settings, keys, what waits for a person.

    `trial` is the token of a connection test under way, `since` the Unix time at which it began.
    """
    tried = _tried(trial, since, now)
    return detail(request, now, who, source_id, trial=tried, waiting=bool(trial) and tried is None)


def detail(
    request: Request,
    now: datetime,
    who: SignedIn,
    source_id: int,
    *,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    trial: TrialResult | None = None,
    waiting: bool = False,
) -> Response:
    """The page of one source, also with what was typed and is wrong (422)."""
    with db.reading() as session:
        row = sources.source_row(session, who.viewer, source_id, now)
        runs = sources.runs(session, who.viewer, source_id, _RUNS)
        problems = sources.import_problems(session, who.viewer, source_id, _PROBLEMS)
        held = sources.held_items(session, who.viewer, source_id, _HELD)
        companies = profile.companies(session)
        hours = sources.coverage_hours(session, source_id, now - timedelta(hours=_HOURS - 1), now)
    found = collector_of(row.kind)
    polled = found is not None and found.polled
    values = {
        "row": row,
        "now": now,
        "runs": runs,
        "problems": problems,
        "held": held,
        "strip": source_words.strip(hours) if polled else None,
        "words": source_words.state_words(row, polled=polled),
        "ledger": source_words.ledger(row),
        "leaves": source_words.leaves(row, now),
        "window": source_words.window(row),
        "trial": trial,
        "waiting": waiting,
        "polled": polled,
        "own": row.origin not in ("profile", "demo"),
        "abouts": source_form.about_choices(found, companies),
        "settings_days": get_settings().mention_days,
        "typed": typed or _typed(row, found),
        "errors": dict(errors or {}),
        **_of_kind(row, found),
    }
    return page(request, who, "source.html", title=row.name, status=422 if errors else 200, **values)


def _of_kind(row: SourceRow, found: Collector | None) -> dict[str, object]:
    """What the page needs to know of the kind; nothing where no collector stands behind it."""
    if found is None:
        return {
            "kind": row.kind, "about": "", "connects": False, "options": [], "keys": [], "hook": "",
            "platform_days": None, "purpose": source_words.purpose, "money": source_words.money,
        }  # fmt: skip
    return {
        "kind": found.label,
        "about": kind_of(found).about,
        "connects": True,
        "options": source_form.option_fields(found),
        "keys": source_form.key_fields(found, row.credential_names),
        "hook": f"{get_settings().base_url}/hooks/{row.id}" if found.takes_hooks else "",
        "platform_days": found.keep_days,
        "purpose": source_words.purpose,
        "money": source_words.money,
    }


def _typed(row: SourceRow, found: Collector | None) -> dict[str, str]:
    options = {} if found is None else source_form.typed_options(found, row.options)
    return {
        "name": row.name,
        source_form.ABOUT: row.about,
        source_form.KEEP: "" if row.keep_days is None else str(row.keep_days),
        **options,
    }


def _tried(trial: str, since: str, now: datetime) -> TrialResult | None:
    """The answer of a connection test; None: there is none, or it is still awaited."""
    if not trial:
        return None
    result = trials.trial_result(trial)
    began = int(since) if since.isascii() and since.isdecimal() and len(since) < 12 else 0
    if result is None and now.timestamp() - began > trials.PATIENCE + 5:
        return NOBODY_CAME
    return result
