"""Rules of the product that no single module keeps: what may never meet in the database, what stands in no answer."""

from sqlalchemy.orm import Session

from storage import highlights, mentions, rollups
from storage.mentions import MentionFilter
from storage.models.tables import Base
from storage.viewer import SYSTEM
from tests import factories as make
from tests.factories import ADMINISTRATOR, DAY, HR, NOW

SAID = {"posts", "refused_authors", "mentions", "stories", "story_bands", "counter_snapshots", "rollups"}
PEOPLE = {"users", "advocates", "shares", "links", "clicks", "share_readings", "invitations"}


def test_what_is_said_and_who_works_here_have_no_key_in_common() -> None:
    """Corrections and the audit log name readers of a mention, which is another matter than its author."""
    for table in Base.metadata.sorted_tables:
        leads_to = {key.column.table.name for key in table.foreign_keys}
        if table.name in SAID:
            assert not leads_to & PEOPLE, table.name
        if leads_to & (PEOPLE - {"users"}):
            assert not leads_to & SAID, table.name
        if "author_key" in table.columns:
            assert table.name in SAID


def test_protected_activity_is_no_theme_no_series_no_quote_and_no_count(session: Session) -> None:
    world = make.set_up(session)
    for number, text in enumerate("At Acme we collect signatures for a works council" for _ in range(8)):
        make.say(session, world, str(number), f"{text}, {make.different(number)}", author_key=make.author(str(number)))
    make.judge(session, "negative", "employee", "employer", protected=True, themes=("pay",))
    window = (NOW - DAY, NOW + DAY)
    assert rollups.totals(session, HR, None, *window).mentions == 0
    for by in ("audience", "facet", "sentiment", "source", "theme"):
        assert rollups.breakdown(session, HR, None, *window, by) == ()
    series = rollups.alert_series(session, world.acme, NOW + make.HOUR)
    assert [(each.facet, each.audience, sum(hour.mentions for hour in each.hours)) for each in series] == [
        ("all", "all", 0)
    ]
    assert highlights.top_stories(session, ADMINISTRATOR, *window, "employer") == ()
    assert mentions.search(session, SYSTEM, MentionFilter()).items == ()
    assert mentions.search(session, HR, MentionFilter()).hidden == 8
