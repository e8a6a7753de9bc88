"""Tracked links: their codes, where they may lead, and the tags that the careers page counts by."""

import ipaddress
from collections.abc import Collection
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit

ALPHABET = "23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that looks like 0, 1, l, I or O
CODE_LENGTH = 10  # 58 bits: nobody finds a code by guessing
CODE_BYTES = 16
MAX_CHARS = 2000
MEDIUM = "advocacy"
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class LinkError(Exception):
    """The destination or a tag is refused; the message says why and what would do."""


def short_code(random: bytes) -> str:
    """The code of a link from at least 16 random bytes; equal bytes give equal codes."""
    if len(random) < CODE_BYTES:
        raise ValueError(f"a code needs {CODE_BYTES} random bytes, not {len(random)}")
    number = int.from_bytes(random, "big")
    letters = []
    for _ in range(CODE_LENGTH):
        number, place = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[place])
    return "".join(letters)


def check_destination(url: str, hosts: Collection[str], own: Collection[str] = ()) -> str:
    """The destination in its plain form (lower-case host, no credentials); raises LinkError when it is refused.

    Only https to one of the registered `hosts`, exactly as registered: a subdomain is a host of its own. http passes
    for this machine alone, when it is registered. Whatever browsers and servers read differently is refused:
    backslashes, control characters, missing schemes, user names, ports, and look-alike letters. `own` are the addresses
    of this service (https://host): what leads back to it, as every tracked link does, could go round in circles.
    """
    parts = _split(url)
    host = (parts.hostname or "").rstrip(".")
    registered = {name.strip().lower().rstrip(".") for name in hosts}
    local = host in LOCAL_HOSTS
    _check_scheme(parts, local)
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise LinkError("the address carries a user name; leave out everything before @")
    if not host.isascii() or "xn--" in host:
        raise LinkError(f"the host {host!r} has letters that can imitate others; only plain host names are allowed")
    if host not in registered:
        raise LinkError(f"{host or 'the address'} is not a registered host; registered: {_listed(registered)}")
    if _is_address(host) and not local:
        raise LinkError("the host is a number; name it")
    port = parts.port
    if port is not None and not local and port != 443:
        raise LinkError(f"port {port} is not allowed; leave it out")
    if (host, _port(parts)) in {_home(address) for address in own}:
        raise LinkError("the address leads back to this service; a link to a link could go round in circles")
    netloc = f"[{host}]" if ":" in host else host
    netloc += f":{port}" if port is not None and local else ""
    return parts._replace(netloc=netloc, path=parts.path or "/").geturl()


def tag_destination(url: str, *, platform: str, campaign: str, share_id: str) -> str:
    """The checked destination with utm_source, utm_medium=advocacy, utm_campaign and utm_content.

    Tags that the address already carries under these names are replaced, everything else stays. `share_id` is opaque:
    no name of a person belongs into an address. Raises LinkError for an empty tag.
    """
    tags = {"utm_source": platform, "utm_medium": MEDIUM, "utm_campaign": campaign, "utm_content": share_id}
    for name, value in tags.items():
        if not value.strip():
            raise LinkError(f"{name} is empty")
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in tags]
    tagged = [(name, value.strip()) for name, value in tags.items()]
    return parts._replace(query=urlencode([*kept, *tagged], quote_via=quote)).geturl()


def _split(url: str) -> SplitResult:
    if len(url) > MAX_CHARS:
        raise LinkError(f"the address is longer than {MAX_CHARS} characters")
    if not url.isprintable() or " " in url or "\\" in url:
        raise LinkError("the address has a space, a backslash or a control character; encode it as %20, %5C and so on")
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError as error:
        raise LinkError(f"the address can't be read: {error}") from None
    return parts


def _check_scheme(parts: SplitResult, local: bool) -> None:
    if parts.scheme == "https" or (parts.scheme == "http" and local):
        if not parts.netloc:
            raise LinkError("the address has no host; write https://host/path")
        return
    if parts.scheme == "http":
        raise LinkError("http is not allowed; write https")
    raise LinkError("the address must begin with https://")


def _home(address: str) -> tuple[str, int | None]:
    parts = urlsplit(address)
    return (parts.hostname or "").rstrip("."), _port(parts)


def _port(parts: SplitResult) -> int | None:
    return parts.port or (80 if parts.scheme == "http" else 443)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _listed(hosts: Collection[str]) -> str:
    return ", ".join(sorted(hosts)) or "none"
