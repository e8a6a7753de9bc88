"""One incident for one story: what to do with findings, given the incidents that are open.

Algorithm of `decide`: 1. Findings of one company and kind whose slices lie inside one another form a group. 2. A group
speaks through the most specific finding that explains 70 % of the broadest one's excess, else through the broadest.
3. It goes to an open incident of the same kind on a slice that contains it or lies inside it; a negative share may also
go to an open volume spike, since that mail already tells the sentiment, a fall of the positive share to either, and a
new theme to a spike, whose page names it. Findings of two subjects are two stories.
4. Otherwise it opens one, unless a planned event explains it or it stays below the bar that people's answers have
raised for its slice. 5. Open incidents that got nothing for six hours close, and say so once. Silence of sources is
decided in `alerts.silence`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts.feedback import Bars, clears, raised
from alerts.planned import Planned, explaining
from alerts.rules import ALL, NEGATIVE, POSITIVE, RATING, RIVAL, SPILL, TOPIC, VOLUME, Finding, Intent, OpenIncident
from alerts.severity import rank

EXPLAINS = 0.7  # share of the broadest excess that a narrower slice must hold to speak for it
GROWTH = 2.0  # times what the last mail told
COOL_DOWN = timedelta(minutes=60)  # between two mails of one incident
QUIET = timedelta(hours=6)  # without a finding until an incident closes
DECIDED = (VOLUME, NEGATIVE, POSITIVE, RATING, TOPIC, RIVAL, SPILL)  # in this order
TOLD_BY = {
    NEGATIVE: (VOLUME,),
    POSITIVE: (VOLUME, NEGATIVE),
    TOPIC: (VOLUME,),
}  # kinds whose incident tells this one anyway
STILL_HOLDS = "The snooze is over and it still holds."
EXPLAINED = "Explained by"  # how reasons begin that name a planned event


@dataclass(frozen=True, slots=True)
class Known:
    """What people have said beforehand about one company: answers, planned events, what they closed by hand lately."""

    bars: Bars = field(default_factory=dict)
    planned: Sequence[Planned] = ()
    dismissed: Sequence[OpenIncident] = ()  # closed by hand less than six hours ago


def decide(
    findings: Sequence[Finding], open_incidents: Sequence[OpenIncident], now: datetime, known: Known | None = None
) -> tuple[Intent, ...]:
    """Intents in the order in which to carry them out; at most one per group of findings and one closing per incident.

    Findings of several companies may be mixed where nothing is `known`. While a cool-down runs a higher severity is not
    taken over, so that it is still news when it ends; only a rise to critical is told at once. A snooze is such a
    cool-down, after which it is told that the incident still holds. Carrying an intent out sets `last_finding_at` to
    now; what `tell` says sets `last_told_at` and `told_observed` and ends the snooze.
    """
    incidents = {incident.id: incident for incident in open_incidents if incident.kind in DECIDED}
    touched: set[int] = set()
    opened: list[Finding] = []
    intents = []
    for spokesman in sorted(_spokesmen(findings), key=lambda finding: DECIDED.index(finding.kind)):
        incident = _home(spokesman, tuple(incidents.values()))
        if incident is None:
            if any(_tells(told, spokesman) for told in opened):
                continue  # a volume spike that opens right now tells the sentiment too
            intent = _opening(spokesman, known or Known())
            if intent is not None and intent.action == "open":
                opened.append(spokesman)
        else:
            intent = _explained(spokesman, incident, known or Known()) or _update(spokesman, incident, now)
            touched.add(incident.id)
            incidents[incident.id] = _after(incident, intent, spokesman, now)
        if intent is not None:
            intents.append(intent)
    closing = (_close(incident, now) for incident in incidents.values() if incident.id not in touched)
    return (*intents, *(intent for intent in closing if intent is not None))


def _opening(finding: Finding, known: Known) -> Intent | None:
    """What a finding without an open incident leads to; None: nothing."""
    event = explaining(finding, known.planned)
    if event is not None:
        return Intent("explain", None, finding, finding.severity, f"{EXPLAINED} {event.name}.", False)
    factor = known.bars.get((finding.kind, finding.facet, finding.audience), 1.0)
    if not clears(finding, factor):
        return None
    closed = _home(finding, tuple(incident for incident in known.dismissed if incident.kind in DECIDED))
    if closed is not None and _growth(finding, replace(closed, told_observed=closed.observed)) is None:
        return None  # somebody has closed it, and it is no more than they knew
    return Intent("open", None, raised(finding, factor), finding.severity, "No open incident covers it.", True)


def _explained(finding: Finding, incident: OpenIncident, known: Known) -> Intent | None:
    """What a planned event, entered while the incident is open, explains from then on: nobody is told of it again."""
    event = explaining(finding, known.planned)
    if event is None:
        return None
    reason = f"{EXPLAINED} {event.name}: while it runs, a rise in volume is not told again."
    return Intent("explain", incident.id, finding, incident.severity, reason, False)


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
    if home.kind == finding.kind and home.subject != finding.subject:
        return False
    return _contains(home, finding) or _contains(finding, home)


def _tells(home: Finding | OpenIncident, finding: Finding) -> bool:
    """Whether `home`, of another kind, tells the story of a finding anyway."""
    return home.kind in TOLD_BY.get(finding.kind, ()) and _takes(finding.kind, home, finding)


def _contains(outer: Finding | OpenIncident, inner: Finding | OpenIncident) -> bool:
    return outer.facet in (ALL, inner.facet) and outer.audience in (ALL, inner.audience)


def _home(finding: Finding, incidents: Sequence[OpenIncident]) -> OpenIncident | None:
    """The open incident that absorbs it: same kind first, then the earliest opened."""
    own = [incident for incident in incidents if _takes(incident.kind, incident, finding)]
    if not own:
        own = [incident for incident in incidents if _tells(incident, finding)]
    return min(own, key=lambda incident: (incident.opened_at, incident.id), default=None)


def _update(finding: Finding, incident: OpenIncident, now: datetime) -> Intent:
    urgent = finding.severity == "critical" and incident.severity != "critical"
    until = incident.snoozed_until
    if until is not None and now < until and not urgent:
        return Intent("absorb", incident.id, finding, incident.severity, "Snoozed.", False)
    reason = _growth(finding, incident) or (STILL_HOLDS if until is not None else None)
    if reason is None:
        return Intent("absorb", incident.id, finding, incident.severity, "No larger than last told.", False)
    told_at = incident.last_told_at or incident.opened_at
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
    return replace(incident, told_observed=observed, last_told_at=now, snoozed_until=None)


def _close(incident: OpenIncident, now: datetime) -> Intent | None:
    if now - incident.last_finding_at < QUIET:
        return None
    hours = QUIET // timedelta(hours=1)
    reason = f"Nothing unusual for {hours} hours."
    # After a snooze people are told again only if it still holds.
    return Intent("close", incident.id, None, incident.severity, reason, incident.snoozed_until is None)
