"""Sites whose pages are not read: their terms forbid it, or they have a way of their own here."""

import unicodedata
from urllib.parse import urlsplit

_FORBIDDEN = {
    "linkedin": "LinkedIn's terms forbid reading its pages by program. Connect your own page and consenting members "
    "in the advocacy programme instead.",
    "glassdoor": "Glassdoor's terms forbid reading its pages by program. Forward its review alerts to the inbox source "
    "or import a file from its employer portal.",
    "indeed": "Indeed's terms forbid reading its pages by program. Forward its review alerts to the inbox source or "
    "import a file.",
    "kununu": "kununu's terms forbid reading its pages by program. Forward its review alerts to the inbox source or "
    "import a file.",
    "facebook": "Facebook's terms forbid reading its pages by program. Import an export of your own page as a file.",
    "instagram": "Instagram's terms forbid reading its pages by program. Import an export of your own one as a file.",
    "threads": "Threads is open to approved applications only. Import an export of your own account as a file.",
    "tiktok": "TikTok's terms forbid reading its pages by program. Import an export of your own account as a file.",
    "x": "X is read by its API only: use the source X.",
    "twitter": "X is read by its API only: use the source X.",
    "reddit": "Reddit is read by its API only: use the source Reddit.",
    "youtube": "YouTube is read by its API only: use the source YouTube.",
    "trustpilot": "Trustpilot is read by its API only: use the source Trustpilot.",
    "bsky": "Bluesky has an open interface: use the source Bluesky.",
}
_HOSTS = {
    "lnkd.in": _FORBIDDEN["linkedin"],
    "fb.com": _FORBIDDEN["facebook"],
    "fb.me": _FORBIDDEN["facebook"],
    "t.co": _FORBIDDEN["x"],
    "redd.it": _FORBIDDEN["reddit"],
    "youtu.be": _FORBIDDEN["youtube"],
    "play.google.com": "Reviews of apps come by Google's developer API: use the source Google Play.",
    "apps.apple.com": "Reviews of apps come by Apple's review feed: use the source App Store.",
    "itunes.apple.com": "Reviews of apps come by Apple's review feed: use the source App Store.",
    "news.ycombinator.com": "Hacker News has an open interface: use the source Hacker News.",
}
# Short names that belong to others under other endings.
_ENDINGS = {"x": {"com"}, "threads": {"com", "net"}, "bsky": {"app", "social"}}
_LONGEST_SECOND_LEVEL = 3  # letters of "co" in co.uk, "com" in com.br


def refusal(host: str) -> str | None:
    """Why pages of `host` are not read, with the lawful way; None: nothing is known against it.

    Subdomains and country domains count as the site: it.indeed.com, www.glassdoor.co.uk.
    """
    labels = unicodedata.normalize("NFKC", host).strip().rstrip(".").lower().split(".")
    for start in range(len(labels) - 1):
        if found := _HOSTS.get(".".join(labels[start:])):
            return found
    name = _registered_name(labels)
    if name in _ENDINGS and labels[-1] not in _ENDINGS[name]:
        return None
    return _FORBIDDEN.get(name)


def refusal_of_address(url: str) -> str | None:
    """As `refusal`, for an address; one that cannot be read is no business of this module."""
    try:
        return refusal(urlsplit(url).hostname or "")
    except ValueError:
        return None


def _registered_name(labels: list[str]) -> str:
    """The label that somebody registered: "glassdoor" of www.glassdoor.co.uk."""
    if len(labels) < 2:
        return ""
    if len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= _LONGEST_SECOND_LEVEL:
        return labels[-3] if labels[-2] not in _FORBIDDEN else labels[-2]
    return labels[-2]
