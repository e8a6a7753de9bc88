"""The parts of the privacy pack, each read from the configuration in force; none holds a text, a figure or a secret."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from api.dashboard.privacy_fields import ABOUT_PEOPLE
from api.dashboard.privacy_statements import Table, model, open_points, rights, safeguards
from collectors import registry
from config.company import CompanyProfile
from config.settings import Settings
from storage import advocate_accounts, audit_chain, channels, data_catalogue, profile, sources, users
from storage.source_health import SourceRow
from storage.viewer import ROLES, SYSTEM


def privacy_tables(session: Session, settings: Settings, now: datetime) -> tuple[str, tuple[Table, ...]]:
    """The company's name, with a mark where it is the invented one, and every part."""
    state = profile.current_profile(session)
    company = state.profile if state is not None else None
    found = sources.list_sources(session, SYSTEM, now)
    tables = (
        _scope(company),
        _data(settings),
        _about_people(),
        _fields(),
        _sources(found, settings),
        _recipients(session, company, now),
        _roles(session),
        safeguards(settings),
        model(session, settings),
        _transfers(session, found, settings),
        _audit(session, settings),
        rights(session),
        open_points(),
    )
    name = company.company.name if company is not None else ""
    return (f"{name} (demo)" if state is not None and state.demo else name), tables


def _scope(company: CompanyProfile | None) -> Table:
    rows = [] if company is None else [("Company", company.company.name)]
    rows += [(f"Rival: {each.name}", each.name) for each in (company.rivals if company is not None else ())]
    rows += [(f"Counts as talk of {each.name}", each.query) for each in (company.targets() if company else ())]
    rows += [
        ("What is collected", "What is said in public about these names, and what the company imports itself"),
        ("What is not", "Private messages, closed groups, profiles of persons, anything where terms forbid collecting"),
        ("What else is kept", f"Posts that a source brings and that match none of these: {_UNMATCHED}"),
    ]
    return Table("Scope", ("What", "Value"), rows)


def _data(settings: Settings) -> Table:
    kept = data_catalogue.retention(settings)
    rows = [(each.name, each.of_whom, each.purpose, kept[each.name]) for each in data_catalogue.CATALOGUE]
    note = "What has a time is deleted by the service itself when it has come."
    return Table("Data, purpose and retention", ("Data", "Of whom", "For what", "Kept"), rows, note)


def _about_people() -> Table:
    rows = sorted(ABOUT_PEOPLE.items())
    return Table("What tells of people", ("Field", "Holds"), rows, "All other fields hold what the next part names.")


def _fields() -> Table:
    rows = [(each.table, each.data_class, ", ".join(each.fields)) for each in data_catalogue.tables()]
    return Table("Data fields", ("Table", "Data", "Fields"), rows, "Every table and field of the database.")


def _sources(found: Sequence[SourceRow], settings: Settings) -> Table:
    rows = []
    for row in found:
        allowed = registry.get(row.kind).keep_days if row.kind in _KINDS else None
        sort = settings.survey_days or None if row.kind == "survey" else None
        days = [day for day in (row.keep_days, allowed, sort, settings.mention_days) if day is not None]
        state = "on" if row.enabled else "paused"
        about = _ABOUT.get(row.about, f"reviews of {row.about}")
        rows.append((row.name, row.kind, state, about, f"{min(days):,} days"))
    columns = ("Source", "Kind", "State", "For what", "Kept at most")
    return Table("Sources and purposes", columns, rows, "A platform's own limit counts from the last look at a post.")


_UNMATCHED = "see Data, purpose and retention; for previews of a changed query, shown to nobody else"
_NO_OTHERS = (
    "Sources that read whole articles or pages also ask the hosts that these lie on. No text of a post goes there."
)
_KINDS = {each.kind for each in registry.all_collectors()}
_ALL = "all sides"
_ABOUT = {"text": "what is said about us and our rivals", "own": "reviews and answers about us"}


def _recipients(session: Session, company: CompanyProfile | None, now: datetime) -> Table:
    rows = [
        (each.email, "mail", ", ".join(each.facets) or _ALL, f"alerts from {each.severity}{_digest(each.digest)}")
        for each in (company.recipients if company is not None else ())
    ]
    rows += [
        (f"On call: {each.name}", "mail", _ALL, f"{', '.join(each.people)} in turn: figures and no quotes")
        for each in (company.on_call if company is not None else ())
    ]
    rows += [
        (f"Channel {each.name}", each.kind, ", ".join(each.facets) or _ALL, f"alerts from {each.severity}")
        for each in channels.list_channels(session, SYSTEM)
        if each.enabled
    ]
    roles = {each.id: each.role for each in users.list_users(session)}
    rows += [
        (f"API key {each.id} ({each.name})", "API", f"those of {roles.get(each.user_id, 'nobody')}", _of_key(each))
        for each in users.list_tokens(session)
        if each.revoked_at is None and (each.expires_at is None or each.expires_at > now)
    ]
    rows += [
        ("Each advocate who wants it", "mail", "their own posts", "their own reach, by the week"),
        ("People with an account", "pages and files", "by their role", "see Roles and access"),
    ]
    note = "Channels never carry a text of a post. Mails carry up to three quotes, none of employees, alumni or staff."
    return Table("Recipients", ("Who", "By", "Sides", "What"), rows, note)


def _of_key(key: users.TokenRow) -> str:
    ends = "no end" if key.expires_at is None else f"until {key.expires_at:%Y-%m-%d}"
    return f"{', '.join(key.scopes)}; {ends}"


def _digest(digest: str | None) -> str:
    return f", digest {digest}" if digest not in (None, "none") else ""


def _roles(session: Session) -> Table:
    people = Counter(each.role for each in users.list_users(session) if each.active)
    rows = [
        (role, _sides(texts), _sides(counts), _BESIDE[role], str(people[role]))
        for role, (texts, counts) in ROLES.items()
    ]
    note = "Every read of the database takes a reader and filters by their role; pages cannot forget to."
    return Table("Roles and access", ("Role", "Texts of", "Figures of", "Beside that", "People now"), rows, note)


_BESIDE = {  # docs/access.md
    "marketing": "files of its side, corrections, campaigns and contents of the brand side",
    "hr": "files of its side, corrections, answers to reviews, campaigns of the employer side; no search for a person",
    "leadership": "files of figures, incidents of all sides",
    "advocate": "their own reach, and what there is to share",
    "administrator": "sources, people, channels, settings, files, the audit log",
    "auditor": "the audit log, the configuration and this pack",
}


def _sides(facets: frozenset[str]) -> str:
    return ", ".join(sorted(facets)) or "nothing"


def _transfers(session: Session, found: Sequence[SourceRow], settings: Settings) -> Table:
    rows = sorted({(host, f"collection: {kind}", "names searched for") for kind, host in _asked(found)})
    rows += [(settings.smtp_host, "mails", "alerts with quotes, digests, invitations")] if settings.smtp_host else []
    issuer = urlsplit(settings.oidc_issuer).hostname
    rows += [(issuer, "sign-in", "who signs in")] if issuer else []
    rows += _of_programme(session, settings)
    rows += [(host, f"channel {name}", "figures of alerts, no text") for name, host in channels.hosts(session, SYSTEM)]
    if settings.sentiment_model_download:
        rows.append(("the model hub", "download", "which model is fetched; no text"))
    return Table("Transfers", ("Host", "For", "What leaves"), rows, _NO_OTHERS)


def _asked(found: Sequence[SourceRow]) -> Iterator[tuple[str, str]]:
    for row in found:
        if row.enabled and row.kind in _KINDS and (host := registry.get(row.kind).host(row.options)):
            yield row.kind, host


def _of_programme(session: Session, settings: Settings) -> Iterator[tuple[str, str, str]]:
    hosts = {"x": urlsplit(settings.x_url).hostname, "linkedin": urlsplit(settings.linkedin_url).hostname}
    for platform in advocate_accounts.platforms(session, SYSTEM):
        host = hosts.get(platform) or f"{platform}: the server of each account"
        yield host, "advocates' own posts", "the token of whoever connected it"


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
