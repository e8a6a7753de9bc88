"""New themes: the network reads what stories were first told in, and what is new in it becomes an incident.

A job of its own and not a part of tagging: it reads each story once more, a few milliseconds per story in an hour's
time, and costs the tagging of what waits nothing.
"""

import logging
from datetime import UTC, datetime

from alerts.spill_over import spill_over
from alerts.topics import emerging, finding
from nlp.model import Network
from nlp.shipped import WeightsError
from nlp.text import clean, mark_target, mask, spelled
from storage import db, incidents, profile, rollups, topics, vectors
from storage.models.topics import WIDTH
from storage.profile import CompanyRow
from workers.alert import carry_out
from workers.app import FIND_TOPICS, enqueue, job
from workers.model import network_in_force

log = logging.getLogger(__name__)

_BITE = 64  # texts read in one transaction
_BITES = 60  # of one run; then the others in the queue have their turn


def find_topics(now: datetime | None = None) -> None:
    """Look for new topics of the own company; come back while texts are to be read first."""
    at = now or datetime.now(UTC)
    with db.reading() as session:
        own = profile.own_company(session)
    if own is None:
        return
    try:
        network = network_in_force()
    except WeightsError as error:
        log.warning("No topics are looked for: %s", error)
        return
    if not read_stories(own.id, network, at):
        enqueue(FIND_TOPICS, expires=600)
        return
    _look(own, network.meta.version, at)


def read_stories(company_id: int, network: Network, now: datetime) -> bool:
    """Give vectors to stories that have none of these weights; False when there are more of them."""
    space = network.meta.version
    for _ in range(_BITES):
        with db.transaction() as session:
            unread = vectors.missing(session, company_id, space, now, _BITE)
            if unread:
                texts = [spelled(mask(mark_target(clean(each.text), each.names))) for each in unread]
                found = network.vectors(texts)
                if found.shape[1] != WIDTH:
                    log.warning("No topics are looked for: the weights give vectors of %d numbers.", found.shape[1])
                    return False
                vectors.save(session, space, [each.mention_id for each in unread], found)
        if len(unread) < _BITE:
            return True
    return False


def _look(own: CompanyRow, space: str, now: datetime) -> None:
    with db.transaction() as session:
        if not incidents.deciding(session, own.id) or rollups.too_little_covered(session, now):
            return
        told, stories = vectors.stories(session, own.id, space, now)
        found = topics.keep(session, own.id, space, told, emerging(stories, now), now)
        findings = [finding(each.emerging, each.talk, now) for each in found]
        findings += [spilled for each in found if (spilled := spill_over(each.spread, now)) is not None]
        intents = carry_out(session, own, findings, now)
        topics.link(session, found, intents)


job(FIND_TOPICS, soft=280, hard=300)(find_topics)
