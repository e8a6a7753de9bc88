"""Whether a mail really comes from who it says: the word of the operator's own server about its DKIM signature.

Anybody can write any sender on a mail. The server that took it in checks the signature and says so in a header
`Authentication-Results` (RFC 8601) under its own name; the same header under other names is worth nothing.
"""

import re

from collectors.inbox_mail import Mail

_COMMENT = re.compile(r"\([^()]{0,500}\)")
_RESULT = re.compile(r"(?i)\bdkim\s*=\s*([a-z]+)")
_DOMAIN = re.compile(r"(?i)\bheader\.(?:d\s*=\s*([\w.-]+)|i\s*=\s*\"?[^\s;@]{0,64}@([\w.-]+))")


def is_proven(mail: Mail, authserv: str, domain: str) -> bool:
    """Whether the server named `authserv` says that `domain` (or one beneath it) signed the mail.

    Only the topmost header under that name that speaks of DKIM counts: a server writes its own above what came in.
    """
    for value in mail.results:
        plain = _COMMENT.sub(" ", _COMMENT.sub(" ", " ".join(value.split())))
        name, _, results = plain.partition(";")
        if name.strip().split(" ")[0].casefold() != authserv.casefold():
            continue
        spoken = [part for part in results.split(";") if _RESULT.search(part)]
        if spoken:
            return any(_passes(part, domain) for part in spoken)
    return False


def under(domain: str, parent: str) -> bool:
    """Whether a domain is `parent` or lies beneath it."""
    domain, parent = domain.casefold().rstrip("."), parent.casefold().rstrip(".")
    return domain == parent or domain.endswith(f".{parent}")


def _passes(part: str, domain: str) -> bool:
    result, found = _RESULT.search(part), _DOMAIN.search(part)
    signer = (found[1] or found[2]) if found else ""
    return bool(result and result[1].lower() == "pass" and signer and under(signer, domain))


__all__ = ["is_proven", "under"]
