"""What happens to a rival: worth knowing, never worth waking anybody. On pages and in digests, with share of voice."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from alerts.rules import ALL, NEGATIVE, RIVAL, RIVAL_NEGATIVE, RIVAL_VOLUME, VOLUME, Finding
from metrics.stats import Proportion

_SUBJECTS = {VOLUME: RIVAL_VOLUME, NEGATIVE: RIVAL_NEGATIVE}
_SEVERITY = "Low: a rival's event is always low; by itself it would be {}. {}"


@dataclass(frozen=True, slots=True)
class VoiceShare:
    """The rival's share of the mentions of all tracked companies: of the last 24 hours, of the four weeks before."""

    now: Proportion
    before: Proportion


def rival_events(findings: Sequence[Finding], voice: VoiceShare) -> tuple[Finding, ...]:
    """What of a rival's findings is kept: volume and negative share over everything, each an event of low severity.

    Its slices stay out: what its employees say is nobody's business here.
    """
    return tuple(
        replace(
            finding,
            kind=RIVAL,
            subject=_SUBJECTS[finding.kind],
            severity="low",
            severity_reason=_SEVERITY.format(finding.severity, finding.severity_reason),
            notes=(_told(voice), *finding.notes),
        )
        for finding in findings
        if finding.kind in _SUBJECTS and (finding.facet, finding.audience) == (ALL, ALL)
    )


def _told(voice: VoiceShare) -> str:
    return (
        f"Share of voice: {_share(voice.now)} of the mentions of all tracked companies in the last 24 hours, "
        f"{_share(voice.before)} in the four weeks before; own accounts are left out."
    )


def _share(found: Proportion) -> str:
    return "unknown" if found.value is None else f"{100 * found.value:.0f} % of {found.n:,}"
