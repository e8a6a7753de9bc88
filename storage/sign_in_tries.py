"""How often one client, and one mail address, may fail to sign in; counted over all processes.

Neither is stored: a row's key is a keyed hash with the day in it, so that nobody reads addresses out of the table, and
rows of two days have nothing in common. Rows go when their time is over.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address

from sqlalchemy import case, delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from config.settings import get_settings
from storage.models.users import SignInTry

WINDOW = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many tries of one kind within `WINDOW`."""

    kind: str
    most: int


CLIENT = Limit("client", 20)
ACCOUNT = Limit("account", 30)  # from many clients at once; ten wrong passwords in a row lock the account before

NOBODY = Limit("nobody", ACCOUNT.most)  # decides nothing: written so that time does not tell who has an account
PROVIDER = Limit("provider", 60)  # steps that led to no sign-in; each asks the provider, whoever it is that comes


def take(session: Session, limit: Limit, of: str, now: datetime) -> timedelta | None:
    """Count one try; None when it is allowed, else how long to wait. Commit in both cases."""
    session.execute(delete(SignInTry).where(SignInTry.since <= now - WINDOW))
    made = insert(SignInTry).values(key=_key(limit, of, now), tries=1, since=now)
    again = case((SignInTry.tries < limit.most + 1, SignInTry.tries + 1), else_=SignInTry.tries)
    counted = made.on_conflict_do_update(index_elements=["key"], set_={"tries": again})
    tries, since = session.execute(counted.returning(SignInTry.tries, SignInTry.since)).one()
    return None if tries <= limit.most else since + WINDOW - now


def give_back(session: Session, limit: Limit, of: str, now: datetime) -> None:
    """The last try was a good one: it does not count."""
    good = update(SignInTry).where(SignInTry.key == _key(limit, of, now), SignInTry.tries > 0)
    session.execute(good.values(tries=SignInTry.tries - 1))


def network(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that one IPv6 customer has."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or parsed.exploded[:19])
    return str(parsed)


def _key(limit: Limit, of: str, now: datetime) -> bytes:
    told = f"{limit.kind}\n{now:%Y-%m-%d}\n{of.strip().casefold()}".encode("utf-8", "replace")
    return hmac.digest(b"sign-in tries\n" + get_settings().secret().encode(), told, "sha256")[:16]
