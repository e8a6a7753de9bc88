"""The parts of the privacy pack that are mostly sentences: safeguards, the model, rights, and what stays open.

What a sentence says of the code stands in `docs/rules.md` with the test that holds it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.dashboard.model_card import ModelCard, model_card
from config.settings import ROOT, Settings
from metrics.suppress import MIN_AUTHORS, PROTECTED_AUDIENCES
from nlp.persons import NamesError, how_found
from storage import erasures, tuned_models
from storage.viewer import SYSTEM

Rows = Sequence[tuple[str, ...]]
_READER = ROOT / "nlp" / "protected.npz"  # the second reader of protected activity


@dataclass(frozen=True, slots=True)
class Table:
    """One part of the pack; the first cell of a row tells it from the others."""

    title: str
    columns: tuple[str, ...]
    rows: Rows
    note: str = ""


def safeguards(settings: Settings) -> Table:
    """What protects people, and how far."""
    audiences = ", ".join(sorted(PROTECTED_AUDIENCES))
    rows = [
        ("Pseudonyms", "Authors become keyed pseudonyms before anything is stored; no key leads from a post to staff"),
        ("Masking", "Handles, mail addresses, phone numbers and profiles are taken out before anything is stored"),
        ("Names at work", f"Hidden whenever a text of the employer side is read. Found by {_names_found(settings)}"),
        ("Smallest group", f"{MIN_AUTHORS} distinct authors for {audiences}, on each day or run of days that is told"),
        ("Neighbours", "Such groups are counted by fixed days, never by the window that is asked for: whatever is "
                       "subtracted, no smaller group is left. Tried with an attacker's thousands of questions"),
        ("Protected activity", "Organising, unions, works councils, whistle-blowing, own health at work: only counted, "
                               "in no theme, quote, alert or figure. " + _protected_found()),
        ("Single persons", "No score, ranking or profile of a person. Searches that are written like a person's name "
                           "are refused to HR on the employer side; for everybody they stand in the audit log"),
        ("Alerts about staff", "In steps of five, without quotes and without a chart by the hour"),
        ("Exports", "Hold no more than the page that they are taken from: names hidden, no small groups, no protected "
                    "activity; each is in the audit log with what it is for"),
        ("Decisions", "No automated decision about a person"),
        ("Answers to reviews", "Drafts that a second person reads; nothing is posted by the service"),
        ("Stored keys", "Passwords by Argon2id, tokens as hashes, keys of platforms and advocates sealed"),
    ]  # fmt: skip
    note = "docs/privacy.md, part of every installation, says how each was measured and what it misses."
    return Table("Safeguards", ("Safeguard", "How"), rows, note)


def model(session: Session, settings: Settings) -> Table:
    """The model card: what decides labels, how well, and what it is not for."""
    card = model_card(settings.model_dir)
    if card is None:
        return Table("Model", ("Fact", "Value"), (), "There are no weights in the model's folder.")
    rows = [
        ("Version in force", tuned_models.version_in_force(session, card.version)),
        ("Built-in weights", card.version),
        ("Base", card.base),
        ("Languages", ", ".join(card.languages) + "; texts in others are tagged with less certainty"),
        (
            "Training sets",
            f"{card.sets}, named in nlp/weights/README.md; no text of this company unless people tune it",
        ),
        ("Runs", "on the company's own machine; no text leaves it for tagging"),
        (
            "Decides",
            "sentiment, audience, facet of a text; themes come from a list of words, new ones from likeness of "
            "texts; protected activity: see Safeguards",
        ),
        ("Not sure", "says so below its thresholds, and is then counted as unsure or unknown"),
        ("Not for", "judging a person: labels belong to texts; people correct them, and each correction is noted"),
        *_figures(card),
    ]
    if settings.sentiment_model:
        rows.append(("Second model for sentiment", settings.sentiment_model))
    note = "Figures of the release, on texts that it was not trained on; the Quality page shows those of this company."
    return Table("Model", ("Fact", "Value"), rows, note)


def rights(session: Session) -> Table:
    """What people can ask for, and how it is done."""
    done = erasures.erasures(session, SYSTEM)
    rows = [
        ("Access", "manage.py access writes a copy of what is kept of an account, for the person who asks"),
        ("Erasure", "manage.py erase, by what the person says of their account; handles are never listed"),
        ("Objection", "what an erased person publishes later is not taken, unless they want it otherwise"),
        (
            "Rectification",
            "labels are corrected by marketing, HR and administrators; texts follow edits of their place",
        ),
        (
            "Deletion elsewhere",
            "what its author deletes on a platform that tells of it, or at the next look, goes here",
        ),
        ("Proof", "a record without names; manage.py erasures"),
        ("Records so far", "100 or more" if len(done) >= 100 else str(len(done))),
        ("Advocates", "join, withdraw single permissions and leave by themselves"),
        ("People with an account", "see their sessions and end them; manage.py user remove deletes an account"),
    ]
    return Table("Rights of people", ("Right", "How"), rows)


def open_points() -> Table:
    """What no configuration tells."""
    points = (
        "Legal basis and its balance of interests",
        "Necessity and proportion",
        "Risks to people, and what is left of them",
        "Agreement with the works council",
        "Information of those whose posts are read, of staff, and of those who are asked in surveys",
        "Which of the hosts under Transfers lie in other countries, and on what ground",
        "Contracts with processors (mail server, hosting)",
        "Who answers requests of people, and within which time",
        "Copies and backups",
    )
    rows = [(point, "to be written by you") for point in points]
    return Table("What this pack cannot know", ("Point", "State"), rows)


def _figures(card: ModelCard) -> Iterator[tuple[str, str]]:
    for table in card.tables:
        for row in table.rows:
            told = (f"{name} {cell}" for name, cell in zip(table.columns[1:], row[1:], strict=True))
            yield f"{table.columns[0].capitalize()}: {row[0]}", "; ".join(told)


def _protected_found() -> str:
    """Without loading it: the web process has no use for it."""
    beside = (
        ", and by a second reader of the whole text where the built-in network reads it" if _READER.exists() else ""
    )
    return f"Recognised by a list of words{beside}: most of it, not all"


def _names_found(settings: Settings) -> str:
    try:
        return how_found(settings.names_model)
    except NamesError:
        return "nothing: NAMES_MODEL cannot be used, so no text of the employer side is shown"
