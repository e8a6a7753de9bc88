"""Decisions while, and shortly after, stored mentions get their labels anew from another version of the model.

Re-tagging changes the counts of the past: for a while the hours that are judged and those they are compared with carry
labels of two versions, and a difference between versions looks like a rise. So a finding that rests on labels opens and
grows nothing as long as the window it judges began before the last change; the number of stories over everything, which
no label changes, counts as always. An open incident does not close only because its findings are held back.
"""

from collections.abc import Sequence
from datetime import datetime

from alerts.incident import Known, decide
from alerts.rules import ALL, VOLUME, Finding, Intent, OpenIncident


def decide_retagged(
    findings: Sequence[Finding],
    open_incidents: Sequence[OpenIncident],
    now: datetime,
    comparable_since: datetime,
    known: Known | None = None,
) -> tuple[Intent, ...]:
    """`alerts.incident.decide` over sound findings; `comparable_since`: the first hour in which nothing was changed."""
    sound = [finding for finding in findings if not rests_on_labels(finding) or finding.at >= comparable_since]
    alive = {intent.incident_id for intent in decide(findings, open_incidents, now, known) if intent.action != "close"}
    intents = decide(sound, open_incidents, now, known)
    return tuple(intent for intent in intents if intent.action != "close" or intent.incident_id not in alive)


def rests_on_labels(finding: Finding) -> bool:
    """Whether another model would have counted otherwise: everything but the number of stories over all slices."""
    return finding.kind != VOLUME or (finding.facet, finding.audience) != (ALL, ALL)
