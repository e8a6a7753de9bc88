"""The parts of the privacy pack, each read from the configuration in force; none holds a text, a figure or a secret."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from api.dashboard.model_card import model_card
from collectors import registry
from config.company import CompanyProfile
from config.settings import Settings
from metrics.suppress import MIN_AUTHORS, PROTECTED_AUDIENCES
from nlp.persons import NamesError, how_found
from storage import audit_chain, channels, data_catalogue, erasures, profile, sources, tuned_models, users
from storage.source_health import SourceRow
from storage.viewer import ROLES, SYSTEM

Rows = Sequence[tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Table:
    """One part of the pack; the first cell of a row tells it from the others."""

    title: str
    columns: tuple[str, ...]
    rows: Rows
    note: str = ""


def privacy_tables(session: Session, settings: Settings, now: datetime) -> tuple[str, tuple[Table, ...]]:
    """The company's name, with a mark where it is the invented one, and every part."""
    state = profile.current_profile(session)
    company = state.profile if state is not None else None
    found = sources.list_sources(session, SYSTEM, now)
    tables = (
        _scope(company),
        _data(settings),
        _fields(),
        _sources(found, settings),
        _recipients(session, company, now),
        _roles(session),
        _safeguards(settings),
        _model(session, settings),
        _transfers(found, settings),
        _audit(session, settings),
        _rights(session),
        _open_points(),
    )
    name = company.company.name if company is not None else ""
    return (f"{name} (demo)" if state is not None and state.demo else name), tables


def _scope(company: CompanyProfile | None) -> Table:
    rows = [] if company is None else [("Company", company.company.name)]
    rows += [(f"Rival: {each.name}", each.name) for each in (company.rivals if company is not None else ())]
    rows += [
        ("What is collected", "What is said in public about these names, and what the company imports itself"),
        ("What is not", "Private messages, closed groups, profiles of persons, anything where terms forbid collecting"),
    ]
    return Table("Scope", ("What", "Value"), rows)


def _data(settings: Settings) -> Table:
    kept = data_catalogue.retention(settings)
    rows = [(each.name, each.of_whom, each.purpose, kept[each.name]) for each in data_catalogue.CATALOGUE]
    note = "Deleted by the service itself when the time has come."
    return Table("Data, purpose and retention", ("Data", "Of whom", "For what", "Kept"), rows, note)


def _fields() -> Table:
    rows = [(each.table, each.data_class, ", ".join(each.fields)) for each in data_catalogue.tables()]
    return Table("Data fields", ("Table", "Data", "Fields"), rows, "Every table and field of the database.")


def _sources(found: Sequence[SourceRow], settings: Settings) -> Table:
    rows = []
    for row in found:
        allowed = registry.get(row.kind).keep_days if row.kind in _KINDS else None
        days = [day for day in (row.keep_days, allowed, settings.mention_days) if day is not None]
        state = "on" if row.enabled else "paused"
        about = _ABOUT.get(row.about, f"reviews of {row.about}")
        rows.append((row.name, row.kind, state, about, f"{min(days):,} days"))
    columns = ("Source", "Kind", "State", "For what", "Kept at most")
    return Table("Sources and purposes", columns, rows, "A platform's own limit counts from the last look at a post.")


_KINDS = {each.kind for each in registry.all_collectors()}
_ALL = "all sides"
_ABOUT = {"text": "what is said about us and our rivals", "own": "reviews and answers about us"}


def _recipients(session: Session, company: CompanyProfile | None, now: datetime) -> Table:
    rows = [
        (
            each.email,
            "mail",
            ", ".join(each.facets) or _ALL,
            f"from {each.severity}, digest: {each.digest or 'none set'}",
        )
        for each in (company.recipients if company is not None else ())
    ]
    rows += [
        (f"Channel {each.name}", each.kind, ", ".join(each.facets) or _ALL, f"from {each.severity}")
        for each in channels.list_channels(session, SYSTEM)
        if each.enabled
    ]
    rows += [
        (f"API key {each.id} ({each.name})", "API", "as its role", ", ".join(each.scopes))
        for each in users.list_tokens(session)
        if each.revoked_at is None and (each.expires_at is None or each.expires_at > now)
    ]
    return Table("Recipients", ("Who", "By", "Sides", "What"), rows, "Channels never carry a text of a post.")


def _digest(digest: str | None) -> str:
    return f", digest {digest}" if digest not in (None, "none") else ""


def _roles(session: Session) -> Table:
    people = Counter(each.role for each in users.list_users(session) if each.active)
    rows = [(role, _sides(texts), _sides(counts), str(people[role])) for role, (texts, counts) in ROLES.items()]
    note = "Every read of the database takes a reader and filters by their role; pages cannot forget to."
    return Table("Roles and access", ("Role", "Texts of", "Figures of", "People now"), rows, note)


def _names_found(settings: Settings) -> str:
    try:
        return how_found(settings.names_model)
    except NamesError:
        return "nothing: NAMES_MODEL cannot be used, so no text of the employer side is shown"


def _sides(facets: frozenset[str]) -> str:
    return ", ".join(sorted(facets)) or "nothing"


def _safeguards(settings: Settings) -> Table:
    rows = [
        ("Pseudonyms", "Authors become keyed pseudonyms before anything is stored; no key leads from a post to staff"),
        ("Masking", "Handles, mail addresses, phone numbers and profiles at the door; names at work when read"),
        ("Names at work", f"Found by {_names_found(settings)}"),
        ("Smallest group", f"{MIN_AUTHORS} distinct authors for {', '.join(sorted(PROTECTED_AUDIENCES))}"),
        ("Neighbours", "Figures from which a hidden one would follow are hidden too"),
        ("Protected activity", "Organising, unions, works councils, whistle-blowing, own health: only counted"),
        ("Single persons", "No score, ranking or profile of a person; searches for a person's name are refused to HR"),
        ("Decisions", "No automated decision about a person"),
    ]  # fmt: skip
    return Table("Safeguards", ("Safeguard", "How"), rows, "docs/privacy.md says how well each was measured to work.")


def _model(session: Session, settings: Settings) -> Table:
    card = model_card(settings.model_dir)
    if card is None:
        return Table("Model", ("Fact", "Value"), (), "There are no weights in the model's folder.")
    rows = [
        ("Version in force", tuned_models.version_in_force(session, card.version)),
        ("Built-in weights", card.version),
        ("Base", card.base),
        ("Languages", ", ".join(card.languages)),
        ("Training sets", str(card.sets)),
        ("Runs", "on the company's own machine; no text leaves it for tagging"),
        ("Decides", "sentiment, audience, facet of a text; themes come from a list of words"),
    ]
    if settings.sentiment_model:
        rows.append(("Second model for sentiment", settings.sentiment_model))
    return Table("Model", ("Fact", "Value"), rows, "The Quality page shows its card and how often people corrected it.")


def _transfers(found: Sequence[SourceRow], settings: Settings) -> Table:
    rows = sorted({(host, f"collection: {kind}", "names searched for") for kind, host in _asked(found)})
    rows += [(settings.smtp_host, "mails", "alerts with quotes, digests, invitations")] if settings.smtp_host else []
    issuer = urlsplit(settings.oidc_issuer).hostname
    rows += [(issuer, "sign-in", "who signs in")] if issuer else []
    rows += _of_programme(settings)
    if settings.sentiment_model_download:
        rows.append(("the model hub", "download", "which model is fetched; no text"))
    return Table("Transfers", ("Host", "For", "What leaves"), rows, "Channels go to the hosts their addresses name.")


def _asked(found: Sequence[SourceRow]) -> Iterator[tuple[str, str]]:
    for row in found:
        if row.enabled and row.kind in _KINDS and (host := registry.get(row.kind).host(row.options)):
            yield row.kind, host


def _of_programme(settings: Settings) -> Iterator[tuple[str, str, str]]:
    for client, address in (
        (settings.x_client_id, settings.x_url),
        (settings.linkedin_client_id, settings.linkedin_url),
    ):
        if client:
            yield urlsplit(address).hostname or address, "advocates' own posts", "the token of whoever connected it"


def _audit(session: Session, settings: Settings) -> Table:
    anchor = audit_chain.last_anchor(session)
    rows = [
        ("What is noted", "looks at texts, exports, searches, changes of people, sources and settings"),
        ("Kept", f"{settings.audit_days:,} days; the chain of hashes for good"),
        ("Proof", "each entry has the hash of those before; manage.py audit verify, or the Audit log page"),
        ("Started", "no" if anchor is None else "yes"),
        ("Second factor asked of", settings.second_factor_roles or "nobody"),
        ("Sign-in by the company's provider", urlsplit(settings.oidc_issuer).hostname or "no"),
    ]
    return Table("Audit and sign-in", ("What", "Value"), rows)


def _rights(session: Session) -> Table:
    done = erasures.erasures(session, SYSTEM)
    rows = [
        ("Erasure", "manage.py erase, by what the person says of their account; handles are never listed"),
        ("Objection", "what an erased person publishes later is not taken, unless they want it otherwise"),
        ("Proof", "a record without names; manage.py erasures"),
        ("Records so far", "100 or more" if len(done) >= 100 else str(len(done))),
        ("Advocates", "join, withdraw single permissions and leave by themselves"),
    ]
    return Table("Rights of people", ("Right", "How"), rows)


def _open_points() -> Table:
    points = (
        "Legal basis and its balance of interests",
        "Necessity and proportion",
        "Risks to people, and what is left of them",
        "Agreement with the works council",
        "Contracts with processors (mail server, hosting)",
        "Copies and backups",
    )
    return Table(
        "What this pack cannot know", ("Point", "State"), [(point, "to be written by you") for point in points]
    )
