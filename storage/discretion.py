"""Texts as they may be shown: on the employer side without the names of persons.

Every read of a text of a mention goes through `shown`; a test inspects the package for reads that do not.
"""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from nlp.persons import without_persons
from storage.models.sources import Company

EMPLOYER_SIDE = frozenset({"employer", "both"})


def public_names(session: Session) -> frozenset[str]:
    """Names that everybody may read: of the tracked companies and what else they are called."""
    rows = session.execute(select(Company.name, Company.names).where(Company.active))
    return frozenset(name for row in rows for name in (row.name, *row.names))


def shown(text: str, facet: str | None, kept: Collection[str]) -> str:
    """The text of a mention of this facet as everybody reads it; `kept` are the public names."""
    return without_persons(text, kept) if facet in EMPLOYER_SIDE else text
