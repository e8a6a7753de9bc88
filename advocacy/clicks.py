"""Which clicks count: raw, filtered and unique, without keeping an address of anybody."""

import hmac
import ipaddress
import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

REPEAT = timedelta(minutes=30)
REPEATED = "repeat within 30 minutes"
UNTRACKED = "asked not to be tracked"
SALT_BYTES = 16
# "Cubot" is a phone; every other word that ends in bot is one.
_BOT = re.compile(
    r"(?<!cu)bot\b|(?<!cu)bot[/;_-]|crawl|spider|slurp|scrape|archiver|monitor|uptime|lighthouse|headless"
)
_PREVIEW = re.compile(
    r"facebookexternalhit|facebookcatalog|whatsapp|telegrambot|slack|skypeuripreview|discordbot|linkedinbot|twitterbot|"
    r"embedly|bitlybot|iframely|preview|unfurl|mastodon|akkoma|pleroma|misskey|bluesky|cardyb|vkshare|redditbot|"
    r"google-safety|safelinks|barracuda|mimecast|proofpoint|urldefense"
)
_TOOL = re.compile(
    r"^(curl|wget|python|go-http|java|okhttp|libwww|axios|node|ruby|perl|php|httpx|aiohttp|scrapy|postman)"
)


class NetworkError(ValueError):
    """A list of networks has a line that is none; the message names it."""


@dataclass(frozen=True, slots=True)
class Networks:
    """Address ranges for fast look-up, as (first, last) numbers sorted by first and apart from each other."""

    v4: tuple[tuple[int, int], ...] = ()
    v6: tuple[tuple[int, int], ...] = ()

    def __contains__(self, address: object) -> bool:
        try:
            found = ipaddress.ip_address(str(address))
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        ranges = self.v4 if found.version == 4 else self.v6
        place = bisect_right(ranges, int(found), key=lambda span: span[0]) - 1
        return place >= 0 and ranges[place][1] >= int(found)


@dataclass(frozen=True, slots=True)
class Click:
    """One request of a tracked link as it came in. `purpose` is the value of Sec-Purpose or Purpose, if any."""

    at: datetime
    method: str
    user_agent: str
    address: str
    purpose: str = ""


def parse_networks(lines: Iterable[str]) -> Networks:
    """Networks from lines of CIDR (`10.0.0.0/8`), single addresses, empty lines and `#` comments.

    Raises NetworkError that names the first line which is none of these.
    """
    v4: list[ipaddress.IPv4Network] = []
    v6: list[ipaddress.IPv6Network] = []
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            raise NetworkError(f"line {number}: {text[:60]!r} is no network like 192.0.2.0/24") from None
        if isinstance(network, ipaddress.IPv4Network):
            v4.append(network)
        else:
            v6.append(network)
    return Networks(_spans(ipaddress.collapse_addresses(v4)), _spans(ipaddress.collapse_addresses(v6)))


def visitor_hash(address: str, user_agent: str, salt: bytes) -> str:
    """Who clicked, for one day only: with a new random `salt` each day and the old one forgotten nobody can ask back.

    Raises ValueError for a salt under 16 bytes.
    """
    if len(salt) < SALT_BYTES:
        raise ValueError(f"a salt needs {SALT_BYTES} bytes, not {len(salt)}")
    return hmac.digest(salt, f"{address}\0{user_agent}".encode("utf-8", "surrogatepass"), sha256).hex()[:32]


def screen(click: Click, data_centres: Networks = Networks(), company: Networks = Networks()) -> str:
    """Why the click does not count, as far as the request alone tells; empty: nothing speaks against it."""
    reason = _machine(click)
    if not reason and click.address in data_centres:
        reason = "data centre"
    if not reason and click.address in company:
        reason = "company network"
    return reason


def is_repeat(at: datetime, counted: Iterable[datetime]) -> bool:
    """Whether the same visitor's clicks on the same link, counted at these times, make this one their repeat.

    Out of order is no harm: a click within 30 minutes on either side of one that counted is its repeat."""
    return any(abs(at - each) < REPEAT for each in counted)


def _machine(click: Click) -> str:
    agent = click.user_agent.strip().lower()[:1000]
    if click.method.upper() != "GET":
        return f"{click.method.upper()[:10]} request"
    if "prefetch" in click.purpose.lower() or "preview" in click.purpose.lower():
        return "prefetch"
    if not agent:
        return "no user agent"
    if _PREVIEW.search(agent):
        return "link preview"
    if _BOT.search(agent) or _TOOL.match(agent):
        return "declared bot"
    return ""


def _spans(
    networks: Iterable[ipaddress.IPv4Network] | Iterable[ipaddress.IPv6Network],
) -> tuple[tuple[int, int], ...]:
    return tuple(sorted((int(net.network_address), int(net.broadcast_address)) for net in networks))
