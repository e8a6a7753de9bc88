"""From probabilities and from what the source itself states to labels. What the source states beats the model."""

from collections.abc import Mapping
from dataclasses import dataclass

from nlp.heads import Thresholds
from nlp.result import AUDIENCES, FACETS, SENTIMENTS, STAFF, UNKNOWN, UNSURE, Verdict

# Words of `meta.author_status` and, tried in this order, what they make of its author: "former customer" is a customer,
# "former employee" no employee.
_WORKER_WORDS = ("employee", "staff", "worker")
_STATUS_WORDS = (
    ("candidate", ("candidate", "applicant", "interviewee")),
    ("consumer", ("customer", "consumer", "buyer", "client", "user")),
    ("alumnus", ("former", "alumn", "ex-", "previous")),
    ("employee", (*_WORKER_WORDS, "current")),
)
_WORKPLACE_VOICES = ("employee", "alumnus", "candidate", STAFF)


@dataclass(frozen=True, slots=True)
class Stated:
    """What the source says of a text: label and the words for the evidence, per head; None where it says nothing."""

    sentiment: tuple[str, str] | None = None
    audience: tuple[str, str] | None = None
    facet: tuple[str, str] | None = None


def stated(meta: Mapping[str, str]) -> Stated:
    """Read `author_status`, `stars`, `kind`, `facet` and `own_account`; a value that cannot be read says nothing."""
    audience = _stated_audience(meta)
    kind = meta.get("kind", "").strip().lower()
    facet = None
    if audience and kind in ("review", "survey"):
        voice = audience[0]
        if voice in _WORKPLACE_VOICES:
            facet = ("employer", f"source: {kind} by {voice}")
        elif voice == "consumer":
            facet = ("brand", f"source: {kind} by {voice}")
    subject = meta.get("facet", "").strip().lower()
    if subject in ("brand", "employer"):
        facet = (subject, f"source: a site about the {subject}")
    return Stated(_stated_sentiment(meta.get("stars", "")), audience, facet)


def _stated_audience(meta: Mapping[str, str]) -> tuple[str, str] | None:
    if meta.get("own_account", "").strip().lower() in ("yes", "true", "1"):
        return "other", "source: own account"
    status = meta.get("author_status", "").strip().lower()
    worker = any(word in status for word in _WORKER_WORDS)
    for label, words in _STATUS_WORDS:
        if any(word in status for word in words) and not (worker and label == "consumer"):
            return label, f"source: {status[:60]}"
    if meta.get("kind", "").strip().lower() == "survey":
        return STAFF, "source: survey"
    return None


def _stated_sentiment(stars: str) -> tuple[str, str] | None:
    """One and two stars are negative, four and five positive; three leave it to the model."""
    try:
        count = float(stars.replace(",", "."))
    except ValueError:
        return None
    if not 0 < count <= 5 or 2.5 <= count < 3.5:
        return None
    return ("negative" if count < 3 else "positive"), f"source: {stars.strip()} stars"


def certain(label: str, labels: tuple[str, ...]) -> Verdict:
    """A label that the source states; no probabilities for one that is none of the classes (staff)."""
    if label not in labels:
        return Verdict(label, {})
    return Verdict(label, {name: 1.0 if name == label else 0.0 for name in labels})


def sentiment_verdict(scores: Mapping[str, float], confidence: float) -> Verdict:
    """The likeliest sentiment, "unsure" below the calibrated confidence or without scores."""
    best = max(scores, key=lambda label: scores[label], default=UNSURE)
    sure = bool(scores) and scores[best] >= confidence
    return Verdict(best if sure else UNSURE, scores)


def audience_verdict(scores: Mapping[str, float], thresholds: Thresholds) -> Verdict:
    """The likeliest audience over its own threshold; else "staff" for employee and alumnus together; else "unknown"."""
    told = [label for label in AUDIENCES if scores.get(label, 0.0) >= thresholds.audience[label]]
    if told:
        return Verdict(max(told, key=lambda label: scores[label]), scores)
    if scores.get("employee", 0.0) + scores.get("alumnus", 0.0) >= thresholds.staff:
        return Verdict(STAFF, scores)
    return Verdict(UNKNOWN, scores)


def facet_verdict(scores: Mapping[str, float]) -> Verdict:
    """The likeliest facet."""
    return Verdict(max(FACETS, key=lambda label: scores[label]), scores)


def unread(reason: str, *, empty: bool) -> tuple[dict[str, Verdict], dict[str, str]]:
    """Verdicts for a text that the model cannot read, with the evidence that says why.

    The facet has no "unknown": a text without words is about neither, and a text in another language is shown to both
    sides, so that nobody misses it. The flat scores say that this is no reading.
    """
    verdicts = {
        "sentiment": Verdict(UNSURE, _flat(SENTIMENTS)),
        "audience": Verdict(UNKNOWN, _flat(AUDIENCES)),
        "facet": Verdict("neither" if empty else "both", _flat(FACETS)),
    }
    return verdicts, {"sentiment": reason, "audience": reason, "facet": reason}


def _flat(labels: tuple[str, ...]) -> dict[str, float]:
    return {label: 1.0 / len(labels) for label in labels}


def apply_stated(
    verdicts: Mapping[str, Verdict], evidence: Mapping[str, str], said: Stated
) -> tuple[dict[str, Verdict], dict[str, str]]:
    """The verdicts with the source's own statements put over them and recorded as evidence."""
    verdicts, evidence = dict(verdicts), dict(evidence)
    for head, labels, statement in (
        ("sentiment", SENTIMENTS, said.sentiment),
        ("audience", AUDIENCES, said.audience),
        ("facet", FACETS, said.facet),
    ):
        if statement is None:
            continue
        label, words = statement
        # A survey says "staff"; the words may well tell which of the two.
        if label == STAFF and verdicts[head].label in ("employee", "alumnus"):
            continue
        verdicts[head] = certain(label, labels) if label in labels else Verdict(label, verdicts[head].scores)
        evidence[head] = words
    return verdicts, evidence
