"""What becomes of one mail: posts, or kept for a person with the reason, or passed over."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from email import policy
from email.parser import BytesHeaderParser
from email.utils import parseaddr

from collectors.inbox_mail import Mail, MailError, read_mail
from collectors.inbox_proof import is_proven, under
from collectors.inbox_templates import articles, reviews
from collectors.inbox_templates.entry import FormatError, Found, content_id, post_of
from collectors.post import RawAuthor, RawPost

_SHOWN = 5_000  # characters of a held mail
_HEADER_BYTES = 50_000
_DAEMONS = {"mailer-daemon", "postmaster", "mail-daemon"}
_PEOPLE = re.compile(
    r"(?im)^(?:from|to|cc|bcc|sender|reply-to|return-path|delivered-to|received|disposition-notification-to"
    r"|x-[\w-]{1,50})[ \t]*:.*(?:\r?\n[ \t].*)*(?:\r?\n)?"
)


@dataclass(frozen=True, slots=True)
class Rules:
    """Whose mails are read. `forwarders` and `newsletters` are addresses and domains in lower case."""

    prove: bool = True
    authserv: str = ""
    forwarders: tuple[str, ...] = ()
    newsletters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`stranger`: a mail of a sender that this source does not read. `note`: what was left out of it.

    `report`: a mail server's report on a mail that came back; it is passed over here and becomes no post.
    """

    posts: tuple[RawPost, ...] = ()
    held: RawPost | None = None
    stranger: bool = False
    note: str = ""
    report: bytes = b""


def judge(data: bytes, rules: Rules) -> Verdict:
    """Read one mail as it came from the server; whatever is wrong with it, the mails after it are read, too."""
    try:
        return Verdict(stranger=True, report=data) if is_report(data) else _judge(data, rules)
    except Exception as error:  # noqa: BLE001 - one mail that nobody foresaw must not close the mailbox for ever
        return Verdict(held=_broken(data, f"The mail cannot be read: {type(error).__name__}."))


def _judge(data: bytes, rules: Rules) -> Verdict:
    try:
        mail = read_mail(data)
        if _listed(mail.sender, rules.forwarders):
            mail = read_mail(data, forwarded=True)
    except MailError as error:
        return Verdict(held=_broken(data, f"The mail cannot be read: {error}."))
    if not _is_known(mail, rules):
        return Verdict(stranger=True)
    if rules.prove and not any(is_proven(mail, rules.authserv, domain) for domain in _signers(mail, rules)):
        return Verdict(held=_held(mail, "The sender is not proven: your server did not find a good DKIM signature."))
    try:
        found = _found(mail, rules)
    except FormatError as error:
        return Verdict(held=_held(mail, f"The form of the mail is not known: {error}."))
    posts = tuple(post for item in found.items if (post := post_of(item)) is not None)
    if not posts:
        return Verdict(held=_held(mail, "The form of the mail is not known: nothing that was said was recognised."))
    return Verdict(posts, note=found.note)


def is_report(data: bytes) -> bool:
    """Whether a mail server reports on a mail that came back, by the header alone."""
    header = BytesHeaderParser(policy=policy.compat32).parsebytes(data[:_HEADER_BYTES])
    if header.get_content_type() == "multipart/report":
        return str(header.get_param("report-type", "")).lower() == "delivery-status"
    sender = parseaddr(str(header.get("From", "")))[1].partition("@")[0].lower()
    return sender in _DAEMONS or header.get("X-Failed-Recipients") is not None


def too_large(uid: int, size: int) -> Verdict:
    """A mail that is not even fetched."""
    reason = f"The mail has {size / 1_000_000:,.1f} MB, which is more than is read."
    text = f"Mail number {uid} of the folder."
    return Verdict(held=RawPost(f"mail:{uid}:{size}", text, None, kind="article", stated={"held": reason}))


def _is_known(mail: Mail, rules: Rules) -> bool:
    """Whether mails of this origin are read at all."""
    platform = reviews.platform_of(mail.origin)
    return platform is not None or articles.is_google_alert(mail) or _listed(mail.origin, rules.newsletters)


def _signers(mail: Mail, rules: Rules) -> tuple[str, ...]:
    """The domains whose signature proves the sender: its own or the one that its organisation signs with."""
    named = tuple(
        entry.rpartition("@")[2] for entry in (*rules.forwarders, *rules.newsletters) if _listed(mail.sender, (entry,))
    )
    platform = reviews.platform_of(mail.sender)
    if platform is not None:
        own = mail.sender.rpartition("@")[2]
        return (*named, *(domain for domain in platform.domains if under(own, domain)))
    own_alert = mail.origin == mail.sender and articles.is_google_alert(mail)
    return (*named, *(articles.GOOGLE if own_alert else ()))


def _found(mail: Mail, rules: Rules) -> Found:
    platform = reviews.platform_of(mail.origin)
    if platform is not None:
        return reviews.read_reviews(mail, platform)
    if articles.is_google_alert(mail):
        return articles.read_google_alert(mail)
    return articles.read_newsletter(mail)


def _listed(address: str, entries: Iterable[str]) -> bool:
    domain = address.rpartition("@")[2]
    return any(address == entry if "@" in entry else under(domain, entry) for entry in entries)


def _held(mail: Mail, reason: str) -> RawPost:
    words = "\n".join(line.text for line in (mail.lines or mail.plain) if line.text)
    return RawPost(
        native_id=content_id("mail", mail.message_id),
        text=words[:_SHOWN],
        published_at=mail.sent_at,
        title=mail.subject or None,
        author=_forwarder(mail),
        kind="article",
        stated={"held": reason, "sender": mail.origin.rpartition("@")[2]},
    )


def _forwarder(mail: Mail) -> RawAuthor | None:
    """The colleague who forwarded it, whose name stands in the mail beside what it is about."""
    if mail.sender == mail.origin and reviews.platform_of(mail.sender) is not None:
        return None
    return RawAuthor("mail", mail.sender, mail.sender.partition("@")[0], mail.sender_name or None)


def _broken(data: bytes, reason: str) -> RawPost:
    """Its start without the lines of the header that name people."""
    start = data[:_SHOWN].decode("utf-8", "replace")
    return RawPost(
        content_id("mail", start), _PEOPLE.sub("", start).strip(), None, kind="article", stated={"held": reason}
    )


__all__ = ["Rules", "Verdict", "judge", "too_large"]
