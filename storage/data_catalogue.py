"""Every table by what it holds, of whom and for how long: what the privacy pack is made of.

A table that is not listed here fails a test, so that no data is kept that the pack does not tell of.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from config.settings import Settings
from storage.models.tables import Base


@dataclass(frozen=True, slots=True)
class DataClass:
    """One sort of data: of whom it is, what it is for, and how long it is kept (`{…}` are names of settings)."""

    name: str
    of_whom: str
    purpose: str
    kept: str
    tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableFacts:
    """One table with its fields, as the models have them now."""

    table: str
    data_class: str
    fields: tuple[str, ...]


CATALOGUE: tuple[DataClass, ...] = (
    DataClass(
        "Public posts",
        "People who publish; under a keyed pseudonym, without handle, name, profile, mail address and phone number",
        "To hear what is said in public about the company as a brand and as an employer",
        "{mention_days} days after collection, {unmatched_days} where a post is about nobody; shorter where its source "
        "or platform says so, and by sort: employer side {employer_days}, protected activity {protected_days}. What "
        "waits for a person: 30 days after their decision, a year without one. The pseudonym goes with the post. Of a "
        "post that left by its sort, or was deleted or erased, a tombstone without text and author stays till then.",
        ("posts", "counter_snapshots", "held_items"),
    ),
    DataClass(
        "Answers to surveys",
        "Employees, alumni, candidates or customers whom the company asked itself and whose answers it brings here; "
        "without author, day, team and place",
        "To hold what is said inside against what is said in public, theme by theme",
        "As public posts, or for days of their own: {survey_days}. They are rows of the same tables.",
        (),
    ),
    DataClass(
        "What the model made of them",
        "The same; tags belong to a text, never to a person",
        "Sentiment, audience, facet and themes, and corrections of them",
        "As long as the post; texts as vectors five weeks; words of topics that ended go by themselves.",
        ("mentions", "mention_vectors", "corrections", "stories", "story_bands", "topics", "topic_mentions"),
    ),
    DataClass(
        "Counts",
        "Nobody: counts per hour, day, theme and slice; slices of few authors are hidden when they are read",
        "Charts, comparisons and alerts",
        "As long as the mentions that they count.",
        ("rollups", "rollup_days", "rollup_themes", "crowded_days"),
    ),
    DataClass(
        "Alerts",
        "People of the company who get and handle them; up to three people quoted in a mail, none of them staff",
        "What was unusual, who was told, and what was done",
        "Incidents, their notes and unsubscribed addresses have no end of their own; mails and messages with quotes "
        "{mail_days} days after they were written.",
        (
            "incidents",
            "incident_events",
            "incident_feedback",
            "planned_events",
            "mail_actions",
            "outbox",
            "deliveries",
            "mail_states",
        ),
    ),
    DataClass(
        "Accounts",
        "People of the company who sign in",
        "Sign-in, roles, and who may see what",
        "Accounts until manage.py user remove takes them away (deactivated ones stay till then); sessions "
        "{session_hours} hours at most, {session_idle_hours} "
        "without use; tries to sign in until their window has passed.",
        ("users", "identities", "sessions", "recovery_codes", "sign_in_tries", "api_tokens", "invitations"),
    ),
    DataClass(
        "Advocacy",
        "Employees and alumni who joined by their own choice",
        "How far their own posts carry, read by themselves",
        "Until they leave: then their tokens, accounts and posts go, and what stays names nobody.",
        (
            "advocates",
            "advocate_accounts",
            "advocate_consents",
            "pending_connections",
            "token_revocations",
            "shares",
            "share_readings",
            "share_take_offs",
        ),
    ),
    DataClass(
        "Tracked links",
        "Whoever follows a link; by a key that changes daily and is forgotten the next day",
        "Clicks and visits of the careers pages",
        "Links and clicks have no end of their own: time, link, and whether a person clicked. The key of a day until "
        "it ends, and with it the trace of a visitor.",
        ("links", "clicks", "click_batches", "daily_salts", "career_visits"),
    ),
    DataClass(
        "Programme and campaigns",
        "People of the company who write, ask and answer; feedback is stored without its giver",
        "What is planned, shared and answered",
        "Until the campaign or content is deleted.",
        (
            "campaigns",
            "campaign_steps",
            "campaign_tellings",
            "campaign_questions",
            "campaign_feedback",
            "campaign_feedback_givers",
            "campaign_results",
            "contents",
            "programme_days",
            "eligible_people",
        ),
    ),
    DataClass(
        "Answers to reviews",
        "People of the company who write them and read them a second time",
        "Drafts to be posted by hand",
        "As long as the review.",
        ("review_answers",),
    ),
    DataClass(
        "Audit log",
        "People of the company who looked at texts, exported or changed something",
        "To show who looked at what",
        "Contents {audit_days} days; the chain of hashes for good.",
        ("audit_log", "audit_chain"),
    ),
    DataClass(
        "Records of erasure",
        "People who asked to be forgotten: a pseudonym where they want nothing taken any more, and no name",
        "Proof of erasure, and to keep out what they publish later",
        "For good.",
        ("erasures", "refused_authors"),
    ),
    DataClass(
        "Keys of pseudonyms",
        "Nobody: what recognises each key, and older ones sealed under the newest, which stands in the settings only",
        "To know an author's later posts again after the key was changed",
        "For good.",
        ("pseudonym_keys",),
    ),
    DataClass(
        "Records of retention",
        "Nobody: counts per day and rule",
        "Proof of what left because its time had come",
        "{audit_days} days.",
        ("removals",),
    ),
    DataClass(
        "The service itself",
        "Nobody, but for who made a change and whose address the company profile names; keys of platforms are sealed",
        "Company profile, sources, their runs, channels, models",
        "While in use; versions of the company profile for good; runs of collection 90 days, deliveries a day.",
        (
            "companies",
            "profile_versions",
            "sources",
            "collection_runs",
            "import_problems",
            "hook_deliveries",
            "hosts",
            "channels",
            "platform_apps",
            "tuned_models",
        ),
    ),
)


def tables() -> Iterator[TableFacts]:
    """Every table of the models, in the order of the catalogue; one that nobody listed comes last, as unlisted."""
    found = Base.metadata.tables
    listed = {name: each.name for each in CATALOGUE for name in each.tables}
    for name in (*(name for name in listed if name in found), *sorted(found.keys() - listed.keys())):
        fields = tuple(column.name for column in found[name].columns)
        yield TableFacts(name, listed.get(name, "not listed"), fields)


def retention(settings: Settings) -> Mapping[str, str]:
    """How long each class is kept, by the settings in force."""
    values = {name: f"{value:,}" for name in Settings.model_fields if isinstance(value := getattr(settings, name), int)}
    for name in ("employer_days", "survey_days", "protected_days"):
        values[name] = "as the others" if getattr(settings, name) == 0 else f"{values[name]} days"
    return {each.name: each.kept.format(**values) for each in CATALOGUE}


__all__ = ["CATALOGUE", "DataClass", "TableFacts", "retention", "tables"]
