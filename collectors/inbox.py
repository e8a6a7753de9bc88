"""A mailbox that receives review alerts, Google Alerts and newsletters: the lawful way to sites nobody may scrape."""

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from collectors import inbox_reading
from collectors.base import Batch, Collector, CollectRequest, Option, Outcome
from collectors.errors import CollectError
from collectors.http import HttpClient
from collectors.inbox_reading import Rules, Verdict
from collectors.inbox_templates import entry
from collectors.options import complete, whole_number, yes_or_no
from collectors.post import Json, RawPost
from collectors.redistribution import WHOLE

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from imap_tools import BaseMailBox

MOST_MAILS = 200  # of one run; the next one goes on
BATCH = 20
MOST_MAIL_BYTES = 10_000_000
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?|\[?[0-9a-fA-F:.]{2,45}\]?")
_FOLDER = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
_DOMAIN = re.compile(r"(?:[\w.+%-]{1,64}@)?[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")
_SECURITIES = ("tls", "starttls", "plain")
_PORTS = {"tls": 993, "starttls": 143, "plain": 143}
_AFTER = ("leave", "seen", "move")


@dataclass(slots=True)
class _Tally:
    """What a run saw, for its sentence on the Sources page."""

    read: int = 0
    held: int = 0
    strangers: int = 0  # mails of senders that the source does not read
    notes: list[str] = field(default_factory=list)

    @property
    def detail(self) -> str:
        parts = [f"{self.held} mails wait for a person."] if self.held else []
        parts += [f"{self.strangers} mails of other senders were passed over."] if self.strangers else []
        return " ".join([*parts, *self.notes[:3]])


class InboxCollector(Collector):
    """One folder of one mailbox. By default nothing in it is changed, not even what counts as read."""

    kind = "inbox"
    about = "own"  # of its reviews; articles are about whom they name
    label = "Mailbox (review alerts, newsletters)"
    redistribution = WHOLE
    access = "key"
    summary = "Review alerts of Glassdoor, Indeed and kununu, Google Alerts and newsletters, from a mailbox of yours."
    options: tuple[Option, ...] = (
        Option("host", "Mail server (IMAP)", "Such as imap.example.com.", required=True),
        Option("port", "Port", "Empty: 993 with TLS, else 143.", default=""),
        Option("security", "Encryption", "plain: only for a server on this machine.", default="tls",
               choices=_SECURITIES),
        Option("oauth", "The password is an OAuth token", "Signs in by XOAUTH2.", default=False),
        Option("folder", "Folder", default="INBOX"),
        Option("after", "After reading", "leave: nothing is changed. seen: marked as read. move: moved to the folder "
               "below. Mails that wait for a person stay where they are.", default="leave", choices=_AFTER),
        Option("processed_folder", "Folder for read mails", "With move; it must exist.", default=""),
        Option("days", "First look back (days)", default=90),
        Option("prove_sender", "Read proven senders only", "Anybody can write any sender on a mail. Only mails whose "
               "DKIM signature your own server found good are read.", default=True),
        Option("trusted_authserv", "Name of your server in Authentication-Results", "The word behind that header's "
               "colon in a mail of this mailbox, such as mx.example.com. Needed to prove senders.", default=""),
        Option("forwarders", "Colleagues who forward alerts", "An address or domain a line.", default="",
               many_lines=True),
        Option("newsletters", "Senders of newsletters", "An address or domain a line; linked articles are read.",
               default="", many_lines=True),
    )  # fmt: skip
    credentials = (
        Option("user", "User", "Usually the mail address.", required=True),
        Option("password", "Password", "Better one made for this program only, or an OAuth token.", required=True),
    )
    interval = timedelta(minutes=15)
    needs_terms = False

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        values = complete(options, self.options)
        for name, choices in (("security", _SECURITIES), ("after", _AFTER)):
            if values[name] not in choices:
                raise ValueError(f"{name}: must be one of {', '.join(choices)}")
        host = str(values["host"]).strip()
        if not _HOST.fullmatch(host):
            raise ValueError("host: must be the name of a mail server, without address marks")
        values["host"] = host.strip("[]")
        if values["port"] in (None, ""):
            values["port"] = _PORTS[str(values["security"])]
        values["port"] = whole_number(values, "port", 1, 65_535)
        values["days"] = whole_number(values, "days", 1, 3_650)
        for name in ("oauth", "prove_sender"):
            values[name] = yes_or_no(values, name)
        return values | _words(values)

    def host(self, options: Mapping[str, Json]) -> str | None:
        return str(options["host"]) if options.get("host") else None

    def test(self, request: CollectRequest, http: HttpClient) -> str:
        options = self.check_options(request.options)
        with _signed_in(options, request, http) as box:
            _select(box, options)
            count = len(box.uids("ALL", charset=None))
        return f"The mailbox answers; the folder {options['folder']} has {count:,} mails."

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        options = self.check_options(request.options)
        rules = rules_of(options)
        tally = _Tally()
        with _signed_in(options, request, http) as box:
            place = _select(box, options)
            last = _last_uid(request.cursor, place)
            todo = _waiting(box, last, request, options)
            for start in range(0, min(len(todo), MOST_MAILS), BATCH):
                part = todo[start : min(start + BATCH, MOST_MAILS)]
                verdicts = [(uid, _verdict(box, uid, rules, http)) for uid in part]
                batch = _batch([verdict for _, verdict in verdicts], {**place, "last_uid": part[-1]}, tally)
                yield batch  # what was stored may be tidied away
                _tidy(box, options, [str(uid) for uid, verdict in verdicts if verdict.posts and not verdict.held])
            if not todo:
                yield Batch((), {**place, "last_uid": last})
        if len(todo) > MOST_MAILS:
            left = f"{len(todo) - MOST_MAILS:,} mails are left for the next run."
            return Outcome(False, "limit_reached", f"{left} {tally.detail}".strip(), next_check=timedelta(minutes=1))
        return Outcome(True, "ok", tally.detail)

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        return None if "[author]" in raw.values() else entry.post_of(raw)


def rules_of(options: Mapping[str, Json]) -> Rules:
    """Whose mails are read, by checked options."""
    return Rules(
        prove=bool(options["prove_sender"]),
        authserv=str(options["trusted_authserv"]),
        forwarders=tuple(str(options["forwarders"]).split()),
        newsletters=tuple(str(options["newsletters"]).split()),
    )


def _words(values: Mapping[str, Json]) -> dict[str, Json]:
    """The options that are words, checked."""
    found: dict[str, Json] = {}
    for name in ("folder", "processed_folder", "trusted_authserv"):
        text = str(values[name] or "").strip()
        if text and not _FOLDER.fullmatch(text):
            raise ValueError(f"{name}: must have at most 200 characters and none that is invisible")
        found[name] = text
    if not found["folder"]:
        raise ValueError("folder: is missing")
    if values["after"] == "move" and found["processed_folder"] in ("", found["folder"]):
        raise ValueError("processed_folder: name another folder for the mails that were read")
    if values["prove_sender"] and not found["trusted_authserv"]:
        raise ValueError(
            "trusted_authserv: name your server as it signs Authentication-Results, or read unproven mails"
        )
    for name in ("forwarders", "newsletters"):
        given = values[name]
        text = "\n".join(str(each) for each in given) if isinstance(given, list) else str(given or "")
        lines = [line.strip().lower().lstrip("@") for line in text.splitlines() if line.strip()]
        if wrong := next((line for line in lines if not _DOMAIN.fullmatch(line)), None):
            raise ValueError(f"{name}: {wrong[:60]!r} is no mail address and no domain")
        found[name] = "\n".join(lines)
    return found


def _signed_in(
    options: Mapping[str, Json], request: CollectRequest, http: HttpClient
) -> "AbstractContextManager[BaseMailBox]":
    from collectors.inbox_connection import Server, signed_in

    user, password = request.credentials.get("user", ""), request.credentials.get("password", "")
    if not user or not password:
        raise CollectError("needs_credentials", "Enter user and password of the mailbox.", permanent=True)
    if any(ord(letter) < 32 for letter in user + password):
        raise CollectError("needs_credentials", "User and password hold invisible characters.", permanent=True)
    port = options["port"] if isinstance(options["port"], int) else 993
    server = Server(
        str(options["host"]), port, str(options["security"]), user, password, oauth=options["oauth"] is True
    )
    return signed_in(server, http, MOST_MAIL_BYTES + 100_000)


def _select(box: "BaseMailBox", options: Mapping[str, Json]) -> dict[str, Json]:
    """Open the folder, read-only unless mails are to be changed; what says which folder a UID belongs to."""
    from imap_tools.errors import MailboxFolderSelectError

    folder = str(options["folder"])
    try:
        box.folder.set(folder, readonly=options["after"] == "leave")
    except MailboxFolderSelectError as error:
        detail = f"The mailbox has no folder {folder}, or it may not be opened."
        raise CollectError("bad_answer", detail, permanent=True) from error
    found = box.client.untagged_responses.get("UIDVALIDITY") or [b""]
    validity = found[-1].decode("ascii", "replace") if isinstance(found[-1], bytes) else ""
    if not validity.isdecimal():
        raise CollectError("bad_answer", "The mail server gives its mails no lasting numbers (UIDVALIDITY).")
    return {"host": options["host"], "folder": folder, "uidvalidity": int(validity)}


def _last_uid(cursor: Mapping[str, Json], place: Mapping[str, Json]) -> int:
    """The last mail that was read; 0 in another folder, or where the server has numbered its mails anew.

    Mails read again then are known by their reviews' ids or Message-ID, so that nothing is stored twice.
    """
    last = cursor.get("last_uid")
    same = all(cursor.get(name) == value for name, value in place.items())
    return last if same and isinstance(last, int) and not isinstance(last, bool) and last > 0 else 0


def _waiting(box: "BaseMailBox", last: int, request: CollectRequest, options: Mapping[str, Json]) -> list[int]:
    """UIDs not yet read, in their order. `n:*` names the last mail even when its number is lower."""
    days = options["days"] if isinstance(options["days"], int) else 90
    since = (request.now - timedelta(days=days)).strftime("%d-%b-%Y")
    found = box.uids(f"UID {last + 1}:*" if last else f"SINCE {since}", charset=None)
    return sorted({int(uid) for uid in found if uid.isascii() and uid.isdecimal() and int(uid) > last})


def _verdict(box: "BaseMailBox", uid: int, rules: Rules, http: HttpClient) -> Verdict:
    """One mail, fetched if it is small enough, and what it holds. Fetching does not mark it as read."""
    http.requests += 1
    size = _number(box.client.uid("FETCH", str(uid), "(RFC822.SIZE)"), b"RFC822.SIZE")
    if size is None:
        return Verdict()  # gone meanwhile
    if size > MOST_MAIL_BYTES:
        return inbox_reading.too_large(uid, size)
    _, parts = box.client.uid("FETCH", str(uid), "(BODY.PEEK[])")
    body = next((part[1] for part in parts if isinstance(part, tuple) and len(part) > 1), None)
    return inbox_reading.judge(body, rules) if isinstance(body, bytes) else Verdict()


def _number(answer: tuple[str, Sequence[object]], name: bytes) -> int | None:
    for part in answer[1]:
        text = part[0] if isinstance(part, tuple) else part
        if isinstance(text, bytes) and (found := re.search(name + rb" (\d{1,15})", text)):
            return int(found[1])
    return None


def _batch(verdicts: Sequence[Verdict], cursor: Mapping[str, Json], tally: _Tally) -> Batch:
    posts = {post.native_id: post for verdict in verdicts for post in verdict.posts}
    held = {verdict.held.native_id: verdict.held for verdict in verdicts if verdict.held}
    tally.read += len(verdicts)
    tally.held += len(held)
    tally.strangers += sum(verdict.stranger for verdict in verdicts)
    tally.notes.extend(_notes(verdicts))
    reports = tuple(verdict.report for verdict in verdicts if verdict.report)
    return Batch(tuple(posts.values()), cursor, held=tuple(held.values()), reports=reports)


def _notes(verdicts: Sequence[Verdict]) -> Iterator[str]:
    yield from (verdict.note for verdict in verdicts if verdict.note)


def _tidy(box: "BaseMailBox", options: Mapping[str, Json], uids: list[str]) -> None:
    """Mark or move what was stored; a mail that cannot be moved is only read again, and stored once."""
    if not uids or options["after"] == "leave":
        return
    if options["after"] == "seen":
        box.flag(uids, "\\Seen", True)
    else:
        box.move(uids, str(options["processed_folder"]))


__all__ = ["InboxCollector", "rules_of"]
