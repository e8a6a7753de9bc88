"""Counters of advocates' own posts: read over the accounts that they connected, at set ages of each post.

Each account is claimed by one process. A renewed token is stored before all else, each reading as it comes;
what a run did not come to stays due. A token that is no longer accepted is told to its owner once, and waits for them.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.own_posts.registry import WAYS
from collectors.own_posts.shapes import OwnPosts, Token
from config.settings import get_settings
from notify.letters import reconnect_letter
from storage import advocate_tokens, db, mail_states, own_posts, personal_mails, ways_in
from storage.own_posts import Claimed, Owner
from workers.app import GIVE_BACK_TOKENS, READ_SHARES, SEND_MAILS, enqueue, job
from workers.gate import HostGate

log = logging.getLogger(__name__)

_PACE = timedelta(milliseconds=500)
_AT_ONCE = 400  # accounts of one run; the next one comes in a minute
_APP_WAIT = timedelta(hours=1)  # until a service that a platform does not know asks again
_LAID_DOWN = "The permission cannot be read any more, since SECRET_KEY has changed. Connect the account again."


@dataclass(slots=True)
class _Run:
    """One account being read, with the token that is good now."""

    claimed: Claimed
    way: OwnPosts
    token: Token
    now: datetime
    renewed: bool = False


def read_shares(now: datetime | None = None) -> None:
    """Read what is due over every account that has something due."""
    at, settings = now or datetime.now(UTC), get_settings()
    with db.transaction() as session:
        for owner in own_posts.over(session, at):
            _tell(session, owner, at)
    with HttpClient.from_settings(settings, HostGate(_PACE)) as http:
        for _ in range(_AT_ONCE):
            with db.transaction() as session:
                claimed = own_posts.claim(session, at)
            if claimed is None:
                break
            _read_account(claimed, http, at)
    enqueue(SEND_MAILS, expires=60)


def give_back_tokens(now: datetime | None = None) -> None:
    """Tell the platforms of tokens that nobody uses any more; tried for a week, then thrown away."""
    at, settings = now or datetime.now(UTC), get_settings()
    with db.transaction() as session:
        waiting = advocate_tokens.revocations(session, at)
    with HttpClient.from_settings(settings, HostGate(_PACE)) as http:
        for each in waiting:
            ways_in.give_back(each, http, at)


def _read_account(claimed: Claimed, http: HttpClient, now: datetime) -> None:
    try:
        way = ways_in.way_to(claimed.platform, claimed.who.host, http, now)
        _read(_Run(claimed, way, _opened(claimed), now))
    except CollectError as error:
        _broken_off(claimed, error, now)
        return
    with db.transaction() as session:
        own_posts.ended_well(session, claimed.id, now)


def _opened(claimed: Claimed) -> Token:
    if claimed.token is None:
        raise CollectError("unauthorized", _LAID_DOWN, permanent=True)
    return claimed.token


def _read(run: _Run) -> None:
    """All that is due. A token that turns out to be over is renewed once, and the run goes on where it was."""
    if run.token.is_over(run.now) and run.token.refresh:
        _renew(run)
    left = {ref: share_id for share_id, ref in run.claimed.refs}
    while left:
        try:
            for reading in run.way.read(run.token, run.claimed.who, tuple(left)):
                share_id = left.pop(reading.ref, None)
                if share_id is not None:
                    with db.transaction() as session:
                        own_posts.store(session, run.claimed, share_id, reading, run.now)
            break
        except CollectError as error:
            if error.reason != "unauthorized" or run.renewed or not run.token.refresh:
                raise
            _renew(run)
    _note_followers(run)


def _renew(run: _Run) -> None:
    """The new token is stored at once: the old one may be dead already."""
    run.token, run.renewed = run.way.refresh(run.token), True
    with db.transaction() as session:
        kept = own_posts.renewed(session, run.claimed.id, run.token)
    if not kept:
        raise CollectError("gone", "The account was disconnected meanwhile.", permanent=True)


def _note_followers(run: _Run) -> None:
    """Followers at posting time can only be had while a post is young."""
    with db.reading() as session:
        wanted = own_posts.wants_followers(session, run.claimed, run.now)
    if wanted:
        who = run.way.identity(run.token)
        with db.transaction() as session:
            own_posts.note_followers(session, run.claimed, who.followers, run.now)


def _broken_off(claimed: Claimed, error: CollectError, now: datetime) -> None:
    """What a failure means: the owner must agree again, the administrator must mend something, or later helps."""
    log.info("Reading shares over account %d broke off: %s", claimed.id, error.detail)
    with db.transaction() as session:
        if error.reason == "unauthorized":
            owner = own_posts.needs_owner(session, claimed.id, error.detail)
            if owner is not None:
                _tell(session, owner, now)
            return
        retry_at = now + _APP_WAIT if error.reason == "needs_credentials" else error.retry_at
        own_posts.failed(session, claimed.id, error.detail, retry_at, now)


def _tell(session: Session, owner: Owner, now: datetime) -> None:
    """Once per connection: its time is in the key of the mail."""
    way = WAYS[owner.platform]
    key = f"reconnect-{owner.account_id}-{owner.connected_at:%Y%m%d%H%M%S%f}"
    link = f"{get_settings().base_url}/my-settings"
    mail = reconnect_letter(owner.email, way.label, owner.handle, link, key, mail_states.stop_url(owner.email))
    personal_mails.put(session, mail, now)


job(READ_SHARES, soft=240, hard=280)(read_shares)
job(GIVE_BACK_TOKENS, soft=240, hard=280)(give_back_tokens)
