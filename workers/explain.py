"""Working out the words behind a mention's tags, for a person who waits for them; nothing is stored."""

import logging

from celery.exceptions import SoftTimeLimitExceeded

from nlp.evidence import explain
from nlp.shipped import WeightsError
from storage import db
from storage.mention_detail import to_explain
from workers.analyze import tag_input
from workers.app import EXPLAIN_MENTION, job
from workers.explanations import NOBODY_CAME, PATIENCE, Explanation, put_explanation
from workers.model import network_in_force

log = logging.getLogger(__name__)


def explain_mention(token: str, mention_id: int) -> None:
    """The job behind `workers.explanations.start_explanation`; every end is an answer."""
    try:
        found = _explained(mention_id)
    except WeightsError as error:
        log.error("No words can be shown: %s", error)  # noqa: TRY400 - the sentence says it all
        found = Explanation(None, "There is no model on this machine, so its words cannot be shown.")
    except SoftTimeLimitExceeded:
        found = Explanation(None, NOBODY_CAME)
    except Exception as error:
        log.exception("The words of mention %d cannot be worked out.", mention_id)
        found = Explanation(None, f"A fault of Outspoken: {type(error).__name__}.")
    put_explanation(token, mention_id, found)


def _explained(mention_id: int) -> Explanation:
    with db.reading() as session:
        mention = to_explain(session, mention_id)
    if mention is None:
        return Explanation(None, "This mention is gone, or waits for new tags.")
    return Explanation(explain(tag_input(mention), network_in_force()))


job(EXPLAIN_MENTION, soft=int(PATIENCE) - 1, hard=int(PATIENCE) + 15)(explain_mention)
