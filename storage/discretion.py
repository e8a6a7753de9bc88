"""Texts as they may be shown: on the employer side without the names of persons, and without ways to their accounts.

Every read of a text of a mention goes through `shown`; a test inspects the package for reads that do not.
"""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from nlp.persons import without_persons
from storage.models.sources import Company

EMPLOYER_SIDE = frozenset({"employer", "both"})
ADDRESSED = frozenset({"article", "review"})  # kinds of posts whose address leads to no account


def public_names(session: Session) -> frozenset[str]:
    """Names that everybody may read: of the tracked companies and what else they are called."""
    rows = session.execute(select(Company.name, Company.names).where(Company.active))
    return frozenset(name for row in rows for name in (row.name, *row.names))


def shown(text: str, facet: str | None, kept: Collection[str]) -> str:
    """The text of a mention of this facet as everybody reads it; `kept` are the public names."""
    return without_persons(text, kept) if facet in EMPLOYER_SIDE else text


def shown_address(address: str | None, facet: str | None, audience: str | None, kind: str) -> str | None:
    """The address of a post as everybody gets it; None where it leads to a person who speaks on the employer side.

    One click on a post is one click from its author's account, whatever is masked in the text. Articles and reviews
    stay: a publication and a review portal show no account of who wrote as an employee. So does what customers say of
    both sides, which somebody may have to answer.
    """
    if facet not in EMPLOYER_SIDE or kind in ADDRESSED:
        return address
    return address if facet == "both" and audience in ("consumer", "other") else None
