"""Sending a finished mail by SMTP, once, with errors that say whether another try can help."""

import smtplib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from hashlib import sha256

from notify.cleaning import clean_line
from notify.message import Mail

_ADDRESS_HEADER = "list-unsubscribe"


class _WholeAddresses(EmailPolicy):
    """Folds headers as usual, but leaves an address whole: folded, a long one would become an encoded word, which no
    mail program follows (RFC 2369 wants it as it is; RFC 5322 allows lines of 998 characters)."""

    def fold(self, name: str, value: str) -> str:
        if name.lower() == _ADDRESS_HEADER:
            return f"{name}: {value}{self.linesep}"
        folded: str = super().fold(name, value)
        return folded

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() == _ADDRESS_HEADER:
            return self.fold(name, value).encode("ascii", "replace")
        folded: bytes = super().fold_binary(name, value)
        return folded


POLICY = _WholeAddresses(linesep="\r\n")
_NO_MAILBOX = frozenset({550, 551, 553})  # but for 5.7.x, by which a server refuses us and not the mailbox
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class SendError(Exception):
    """The mail was not handed over. `permanent`: the same mail to the same server will fail again.

    `refused`: since there is no such mailbox, so that other mails to it will fail, too.
    """

    def __init__(self, detail: str, *, permanent: bool, refused: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.permanent = permanent
        self.refused = refused


@dataclass(frozen=True, slots=True)
class SmtpConfig:
    """A mail server. `security` is starttls, tls or none; `ca_file` trusts one more authority, as of a company."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = ""
    security: str = "starttls"
    timeout: float = 20.0
    ca_file: str | None = None


def build(mail: Mail, sender: str) -> EmailMessage:
    """The MIME message: text, HTML beside it, pictures inside the HTML.

    No value can end its header line: they are cleaned here once more, and EmailMessage refuses what would be left.
    Raises SendError (permanent) for addresses that make no header.
    """
    message = EmailMessage(policy=POLICY)
    try:
        message["From"] = clean_line(sender)
        message["To"] = ", ".join(clean_line(address) for address in mail.to)
        message["Subject"] = clean_line(mail.subject)
        for name, value in mail.headers.items():
            message[name] = clean_line(value)
    except (ValueError, IndexError) as error:
        raise SendError(f"a header can't be written: {error}", permanent=True) from error
    domain = _domain(sender)
    if mail.dedupe_key:
        message["Message-ID"] = message_id(mail.dedupe_key, domain)
    if mail.thread_key:
        message["References"] = message_id(mail.thread_key, domain)
    message.set_content(mail.text)
    if mail.html:
        _add_html(message, mail)
    return message


def message_id(key: str, domain: str) -> str:
    """The same key gives the same id, so that a mail sent twice by a crash is one mail to the reader's program."""
    return f"<{local_part(key)}@{domain}>"


def local_part(key: str) -> str:
    """What stands before the @ of the Message-ID of a key."""
    return sha256(key.encode()).hexdigest()[:40]


def send(mail: Mail, config: SmtpConfig) -> None:
    """Hand one mail over. Raises SendError; after it nothing was accepted, unless the detail names those who were."""
    if not mail.to:
        raise SendError("the mail has no recipient", permanent=True)
    message = build(mail, config.sender)
    message["Date"] = format_datetime(datetime.now(UTC))
    try:
        with _connect(config) as server:
            _sign_in(server, config)
            refused = server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        raise _refusal(error.recipients) from error
    except smtplib.SMTPResponseException as error:
        raise SendError(_answer(error.smtp_code, error.smtp_error), permanent=_lasting(error.smtp_code)) from error
    except smtplib.SMTPNotSupportedError as error:
        raise SendError(f"the mail server lacks what is asked of it: {error}", permanent=True) from error
    except ssl.SSLCertVerificationError as error:
        detail = f"the certificate of {config.host} is not trusted: {error.verify_message}"
        raise SendError(detail, permanent=True) from error
    except (smtplib.SMTPException, OSError) as error:
        detail = f"no connection with {config.host}:{config.port}: {error or type(error).__name__}"
        raise SendError(detail, permanent=False) from error
    if refused:  # the others have the mail: another try would send it to them twice
        names = ", ".join(sorted(refused))
        raise SendError(f"accepted for some, refused for {names}", permanent=True)


def _add_html(message: EmailMessage, mail: Mail) -> None:
    message.add_alternative(mail.html, subtype="html")
    html = message.get_body(("html",))
    if html is None:  # never with the line above; the type allows it
        return
    for picture in mail.attachments:
        html.add_related(
            picture.png,
            maintype="image",
            subtype="png",
            cid=f"<{clean_line(picture.cid)}>",
            filename="chart.png",
            disposition="inline",
        )


def _connect(config: SmtpConfig) -> smtplib.SMTP:
    if config.security == "tls":
        context = ssl.create_default_context(cafile=config.ca_file)
        return smtplib.SMTP_SSL(config.host, config.port, timeout=config.timeout, context=context)
    server = smtplib.SMTP(config.host, config.port, timeout=config.timeout)
    if config.security == "starttls":
        try:
            context = ssl.create_default_context(cafile=config.ca_file)
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
    return server


def _sign_in(server: smtplib.SMTP, config: SmtpConfig) -> None:
    if not config.user:
        return
    if config.security == "none" and config.host not in LOCAL:
        raise SendError("no password is sent without encryption: set starttls or tls", permanent=True)
    server.login(config.user, config.password)


def _refusal(recipients: dict[str, tuple[int, bytes]]) -> SendError:
    told = "; ".join(f"{address}: {_answer(code, text)}" for address, (code, text) in sorted(recipients.items()))
    lasting = all(_lasting(code) for code, _ in recipients.values())
    refused = all(code in _NO_MAILBOX and b" 5.7." not in b" " + text for code, text in recipients.values())
    return SendError(told, permanent=lasting, refused=refused)


def _answer(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"the mail server answered {code} {clean_line(words)}".strip()


def _lasting(code: int) -> bool:
    """4xx is temporary by RFC 5321; a code below (a dropped connection reads as -1) is no answer at all."""
    return code >= 500


def _domain(sender: str) -> str:
    _, at, domain = parseaddr(sender)[1].lower().rpartition("@")
    plain = domain.isascii() and domain.replace(".", "").replace("-", "").isalnum()
    return domain if at and plain else "outspoken.invalid"
