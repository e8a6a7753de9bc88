"""Who reads, and for which purpose. Every read of mentions, series and incidents takes a `Viewer` and obeys it.

| role | texts | counts |
|---|---|---|
| marketing | brand, both, neither | brand, both, neither |
| hr | employer, both | employer, both |
| leadership | none | all |
| advocate | none | none (only their own programme figures) |
| administrator | all | all |
| auditor | none | none (only the audit log and the configuration) |

A company-wide count (an incident over all facets) is shown to marketing, HR, leadership and administrators.
"""

from dataclasses import dataclass

from metrics.suppress import PROTECTED_AUDIENCES

FACETS = frozenset({"brand", "employer", "both", "neither"})
STAFF_AUDIENCES = PROTECTED_AUDIENCES  # small groups of these are hidden
ALL = "all"
_NONE: frozenset[str] = frozenset()
_MARKETING = frozenset({"brand", "both", "neither"})
_HR = frozenset({"employer", "both"})

ROLES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "marketing": (_MARKETING, _MARKETING),
    "hr": (_HR, _HR),
    "leadership": (_NONE, FACETS),
    "advocate": (_NONE, _NONE),
    "administrator": (FACETS, FACETS),
    "auditor": (_NONE, _NONE),
}
# A facet that a filter names → the labels that belong to it: a text about both sides belongs to each.
FACET_LABELS: dict[str, frozenset[str]] = {
    "brand": frozenset({"brand", "both"}),
    "employer": frozenset({"employer", "both"}),
    "both": frozenset({"both"}),
    "neither": frozenset({"neither"}),
}


class NotAllowed(Exception):  # noqa: N818 - the name says what the answer is
    """The viewer may not read this; HTTP answers 403, or 404 where even existence would tell something."""


class NotFound(LookupError):  # noqa: N818
    """There is no such row."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """A reader: `facets` whose texts, `aggregate_facets` whose counts they may see. `scopes` None: not a token."""

    user_id: int | None
    role: str
    facets: frozenset[str]
    aggregate_facets: frozenset[str]
    advocate_id: int | None = None
    scopes: frozenset[str] | None = None


SYSTEM = Viewer(user_id=None, role="system", facets=FACETS, aggregate_facets=FACETS)


def viewer_for(
    role: str, user_id: int | None = None, advocate_id: int | None = None, scopes: frozenset[str] | None = None
) -> Viewer:
    """The viewer of a role; raises `ValueError` for a role that does not exist."""
    if role not in ROLES:
        raise ValueError(f"There is no role {role!r}; the roles are {', '.join(ROLES)}.")
    texts, counts = ROLES[role]
    return Viewer(user_id, role, texts, counts, advocate_id, scopes)


def text_labels(viewer: Viewer, facet: str | None = None) -> list[str]:
    """The facet labels whose texts the viewer reads, narrowed to a facet; raises `NotAllowed` when there is none."""
    return _labels(viewer.facets, facet, "texts")


def count_labels(viewer: Viewer, facet: str | None = None) -> list[str]:
    """The facet labels whose counts the viewer sees, narrowed to a facet; raises `NotAllowed` when there is none."""
    return _labels(viewer.aggregate_facets, facet, "counts")


def may_see_incident(viewer: Viewer, facet: str) -> bool:
    """Whether incidents of a facet (or of all of them) belong to the viewer's purpose."""
    return bool(viewer.aggregate_facets) if facet == ALL else facet in viewer.aggregate_facets


def incident_facets(viewer: Viewer) -> list[str]:
    """The facets whose incidents and mails the viewer may see."""
    return sorted({*viewer.aggregate_facets, ALL}) if viewer.aggregate_facets else []


def require_administrator(viewer: Viewer) -> None:
    """Raise `NotAllowed` unless the viewer runs the service."""
    if viewer.role not in ("administrator", "system"):
        raise NotAllowed("Only administrators may do this.")


def require_auditor(viewer: Viewer) -> None:
    """Raise `NotAllowed` unless the viewer may read who did what: auditors, and who runs the service."""
    if viewer.role not in ("auditor", "administrator", "system"):
        raise NotAllowed("Only auditors and administrators read this.")


def _labels(allowed: frozenset[str], facet: str | None, what: str) -> list[str]:
    if facet is not None and facet not in FACET_LABELS:
        raise ValueError(f"facet: {facet!r} is not one of {', '.join(FACET_LABELS)}")
    if not allowed or (facet is not None and facet not in allowed):
        raise NotAllowed(f"Your role does not read {what} of {facet or 'any facet'}.")
    return sorted(allowed if facet is None else allowed & FACET_LABELS[facet])
