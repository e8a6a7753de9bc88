"""One incident for one story: what to do with findings, given the incidents that are open.

Algorithm of `decide`: 1. Findings of one company and kind whose slices lie inside one another form a group. 2. A group
speaks through the most specific finding that explains 70 % of the broadest one's excess, else through the broadest.
3. It goes to an open incident of the same kind on a slice that contains it or lies inside it; a negative share may also
go to an open volume spike, since that mail already tells the sentiment. 4. Otherwise it opens one. 5. Open incidents
that got nothing for six hours close, and say so once. Silence of sources is decided in `alerts.silence`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.rules import ALL, NEGATIVE, VOLUME, Finding, Intent, OpenIncident
from alerts.severity import rank

EXPLAINS = 0.7  # share of the broadest excess that a narrower slice must hold to speak for it
GROWTH = 2.0  # times what the last mail told
COOL_DOWN = timedelta(minutes=60)  # between two mails of one incident
QUIET = timedelta(hours=6)  # without a finding until an incident closes
DECIDED = (VOLUME, NEGATIVE)


def decide(findings: Sequence[Finding], open_incidents: Sequence[OpenIncident], now: datetime) -> tuple[Intent, ...]:
    """Intents in the order in which to carry them out; at most one per group of findings and one closing per incident.

    Findings of several companies may be mixed. While a cool-down runs a higher severity is not taken over, so that it
    is still news when it ends; only a rise to critical is told at once. Carrying an intent out sets
    `last_finding_at = now`; what `tell` says sets `last_told_at` and `told_observed`.
    """
    incidents = {incident.id: incident for incident in open_incidents if incident.kind in DECIDED}
    touched: set[int] = set()
    opened: list[Finding] = []
    intents = []
    for spokesman in sorted(_spokesmen(findings), key=lambda finding: finding.kind != VOLUME):
        incident = _home(spokesman, tuple(incidents.values()))
        if incident is None and any(_takes(NEGATIVE, told, spokesman) for told in opened):
            continue  # a volume spike that opens right now tells the sentiment too
        if incident is None:
            opened.append(spokesman)
            intents.append(Intent("open", None, spokesman, spokesman.severity, "No open incident covers it.", True))
            continue
        intent = _update(spokesman, incident, now)
        touched.add(incident.id)
        incidents[incident.id] = _after(incident, intent, spokesman, now)
        intents.append(intent)
    closing = (_close(incident, now) for incident in incidents.values() if incident.id not in touched)
    return (*intents, *(intent for intent in closing if intent is not None))


def _spokesmen(findings: Sequence[Finding]) -> list[Finding]:
    """One finding per group."""
    groups: list[list[Finding]] = []
    for finding in findings:
        if finding.kind not in DECIDED:
            continue
        related = [group for group in groups if any(_takes(other.kind, other, finding) for other in group)]
        groups = [group for group in groups if group not in related]
        groups.append([finding, *(member for group in related for member in group)])
    return [_speaks(group) for group in groups]


def _speaks(group: Sequence[Finding]) -> Finding:
    """Of one kind always: the most specific that explains the broadest, and the larger excess among equals."""
    broadest = max(group, key=lambda finding: (-_specificity(finding), _excess(finding)))
    explaining = [finding for finding in group if _excess(finding) >= EXPLAINS * _excess(broadest)]
    return max(explaining or [broadest], key=lambda finding: (_specificity(finding), _excess(finding)))


def _specificity(slice_: Finding | OpenIncident) -> int:
    return (slice_.facet != ALL) + (slice_.audience != ALL)


def _excess(finding: Finding) -> float:
    """Items above normal; the observed number where a detector gives no such figure."""
    return finding.figures.get("excess", finding.observed)


def _takes(kind: str, home: Finding | OpenIncident, finding: Finding) -> bool:
    """Whether a finding tells the same story as `home`, taken as of `kind`."""
    if home.company_id != finding.company_id or kind != finding.kind:
        return False
    return _contains(home, finding) or _contains(finding, home)


def _contains(outer: Finding | OpenIncident, inner: Finding | OpenIncident) -> bool:
    return outer.facet in (ALL, inner.facet) and outer.audience in (ALL, inner.audience)


def _home(finding: Finding, incidents: Sequence[OpenIncident]) -> OpenIncident | None:
    """The open incident that absorbs it: same kind first, then the earliest opened."""
    own = [incident for incident in incidents if _takes(incident.kind, incident, finding)]
    if not own and finding.kind == NEGATIVE:
        own = [incident for incident in incidents if incident.kind == VOLUME and _takes(NEGATIVE, incident, finding)]
    return min(own, key=lambda incident: (incident.opened_at, incident.id), default=None)


def _update(finding: Finding, incident: OpenIncident, now: datetime) -> Intent:
    reason = _growth(finding, incident)
    if reason is None:
        return Intent("absorb", incident.id, finding, incident.severity, "No larger than last told.", False)
    told_at = incident.last_told_at or incident.opened_at
    urgent = finding.severity == "critical" and incident.severity != "critical"
    if now - told_at < COOL_DOWN and not urgent:
        return Intent("absorb", incident.id, finding, incident.severity, f"{reason} Cool-down runs.", False)
    level = max(incident.severity, finding.severity, key=rank)
    return Intent("grow", incident.id, finding, level, reason, True)


def _growth(finding: Finding, incident: OpenIncident) -> str | None:
    """Why it is worth telling again, or None."""
    if rank(finding.severity) > rank(incident.severity):
        return f"Severity rose from {incident.severity} to {finding.severity}."
    if finding.kind == incident.kind and finding.observed >= GROWTH * incident.told_observed:
        return f"At least {GROWTH:g} times what was last told."
    return None


def _after(incident: OpenIncident, intent: Intent, finding: Finding, now: datetime) -> OpenIncident:
    """The incident as it stands for the next group in the same call."""
    same = finding.kind == incident.kind
    observed = max(incident.observed, finding.observed) if same else incident.observed
    incident = replace(incident, severity=intent.severity, observed=observed, last_finding_at=now)
    if not intent.tell:
        return incident
    return replace(incident, told_observed=observed, last_told_at=now)


def _close(incident: OpenIncident, now: datetime) -> Intent | None:
    if now - incident.last_finding_at < QUIET:
        return None
    hours = QUIET // timedelta(hours=1)
    return Intent("close", incident.id, None, incident.severity, f"Nothing unusual for {hours} hours.", True)
