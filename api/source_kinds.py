"""The kinds of sources as the page that offers them shows them, and the places that are never collected."""

from collections.abc import Iterable
from dataclasses import dataclass

from collectors.base import Collector

_GROUPS = {
    "open": ("Work without a key", "They answer everybody. Add one and it begins."),
    "key": ("Need a key", "You get the key from the platform, free or paid, and enter it here. It is stored sealed."),
    "approval": (
        "Need the platform’s approval",
        "The platform decides whether to let your application in. Until then the source waits in the state “needs "
        "approval”.",
    ),
    "outside": ("Are filled from outside", "Nothing is fetched: files, mails or calls of your own tools bring it."),
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of source. `access`: open, key, approval, outside."""

    kind: str
    label: str
    about: str
    access: str


@dataclass(frozen=True, slots=True)
class KindGroup:
    """Kinds that ask the same of the operator."""

    title: str
    text: str
    kinds: tuple[Kind, ...]


@dataclass(frozen=True, slots=True)
class NeverCollected:
    """A place whose terms forbid collecting, and the lawful ways to what it says."""

    name: str
    why: str
    ways: tuple[str, ...]


NEVER = (
    NeverCollected(
        "LinkedIn",
        "Its user agreement forbids robots and any other automated reading, and there is no search of public posts for "
        "applications.",
        (
            "Your own page and the posts of members who consented, through My reach",
            "Exports of your page’s statistics as a file",
        ),
    ),
    NeverCollected(
        "Glassdoor",
        "Its terms forbid automated reading; its API is for partners only.",
        (
            "The mails that its employer account sends about new reviews, read by the source “Mailbox”",
            "An export as a file",
        ),
    ),
    NeverCollected(
        "Indeed",
        "Its terms forbid automated reading, and its API only takes data in.",
        ("The mails of your employer account, read by the source “Mailbox”", "An export as a file"),
    ),
    NeverCollected(
        "kununu",
        "There is no public API, and its terms forbid automated reading.",
        ("The mails of your employer profile, read by the source “Mailbox”", "An export as a file"),
    ),
)


def kind_of(collector: Collector) -> Kind:
    """A collector as the page shows it."""
    return Kind(collector.kind, collector.label, collector.summary, collector.access)


def groups(collectors: Iterable[Collector]) -> list[KindGroup]:
    """The kinds by what they ask of the operator, in the given order; empty groups are left out."""
    kinds = [kind_of(collector) for collector in collectors]
    found = [
        KindGroup(title, text, tuple(kind for kind in kinds if kind.access == access))
        for access, (title, text) in _GROUPS.items()
    ]
    return [group for group in found if group.kinds]
