"""Channels: where incidents are told beside mail, and what became of each message."""

import secrets
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.auth import SignedIn
from api.dashboard.forms import Form, errors_of, number_in
from api.dashboard.render import page, redirect
from api.deps import Now, form_role, page_role
from storage import audit, channels, db, deliveries
from storage.trial_message import trial_facts
from workers import app as queue

router = APIRouter()

Reader = Annotated[SignedIn, Depends(page_role("administrator"))]
Sender = Annotated[SignedIn, Depends(form_role("administrator"))]
_LIMIT = 25
_EMPTY = {"name": "", "kind": "slack", "severity": "medium", "facets": ""}


@router.get("/channels")
def channels_page(request: Request, who: Reader, before: str = "") -> Response:
    """All channels and the log, newest first."""
    return _page(request, who, before=number_in(before))


@router.post("/channels")
def add(request: Request, now: Now, who: Sender, form: Form) -> Response:
    """Add a channel; the secret of a webhook is on this answer and nowhere else."""
    typed = {name: form.get(name) for name in _EMPTY}
    facets = (typed["facets"],) if typed["facets"] else ()
    try:
        with db.transaction() as session:
            row, secret = channels.add_channel(
                session, who.viewer, typed["name"], typed["kind"], form.get("address"), now, typed["severity"], facets
            )
            audit.record(session, who.viewer, "channel.add", f"{row.kind} {row.name}", now)
    except ValueError as error:
        return _page(request, who, typed, errors_of(error, otherwise="name"))
    if secret is None:
        return redirect("/channels", f"{row.name} is added. Send a test to see whether it works.")
    return _page(request, who, secret=secret)


@router.post("/channels/{channel_id}/test")
def test(now: Now, who: Sender, channel_id: int) -> Response:
    """Queue a message that says that it is a test."""
    with db.transaction() as session:
        row = channels.find_channel(session, who.viewer, str(channel_id))
        deliveries.put(session, row, trial_facts(session, now), f"test-{secrets.token_hex(8)}", now)
        audit.record(session, who.viewer, "channel.test", f"{row.kind} {row.name}", now)
        db.after_commit(session, _deliver)
    return redirect("/channels#log", "The test is on its way; the log below says what becomes of it.")


@router.post("/channels/{channel_id}/switch")
def switch(now: Now, who: Sender, channel_id: int, form: Form) -> Response:
    """Pause a channel, or let it go on."""
    on = form.get("on") == "on"
    with db.transaction() as session:
        channels.switch_channel(session, who.viewer, channel_id, on=on)
        audit.record(session, who.viewer, "channel.resume" if on else "channel.pause", f"channel {channel_id}", now)
    return redirect("/channels", "The channel is told of incidents again." if on else "The channel is paused.")


@router.post("/channels/{channel_id}/remove")
def remove(now: Now, who: Sender, channel_id: int) -> Response:
    """Delete a channel with its log."""
    with db.transaction() as session:
        channels.remove_channel(session, who.viewer, channel_id)
        audit.record(session, who.viewer, "channel.remove", f"channel {channel_id}", now)
    return redirect("/channels", "The channel is removed, and its log with it.")


@router.post("/channels/messages/{delivery_id}/retry")
def retry(now: Now, who: Sender, delivery_id: int) -> Response:
    """Try a message again."""
    with db.transaction() as session:
        deliveries.retry(session, who.viewer, delivery_id, now)
        audit.record(session, who.viewer, "channel.retry", f"message {delivery_id}", now)
        db.after_commit(session, _deliver)
    return redirect("/channels#log", "The message is tried again in a moment.")


def _page(
    request: Request,
    who: SignedIn,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    *,
    secret: str = "",
    before: int | None = None,
) -> Response:
    with db.reading() as session:
        rows = channels.list_channels(session, who.viewer)
        log = deliveries.list_deliveries(session, who.viewer, _LIMIT + 1, before)
    return page(
        request,
        who,
        "channels.html",
        title="Channels",
        status=422 if errors else 200,
        channels=rows,
        log=log[:_LIMIT],
        next=log[_LIMIT - 1].id if len(log) > _LIMIT else None,
        kinds=channels.KINDS,
        severities=channels.SEVERITIES,
        typed=typed or _EMPTY,
        errors=errors or {},
        secret=secret,
    )


def _deliver() -> None:
    queue.enqueue(queue.DELIVER)
