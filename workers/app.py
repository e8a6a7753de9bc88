"""The queue: one Celery application, its queues, the names of its jobs, what runs when.

This module imports no job, so that the web process can enqueue by name without loading a model or a platform's client.
The rows in PostgreSQL are the truth and a queued job is only a hint: `upkeep` finds whatever a lost job left undone.
Therefore jobs are acknowledged before they run, results are not stored, and a queue that is down stops nobody.
"""

import config.garbage  # noqa: F401  # before all else is loaded

# isort: split

import functools
import logging
from collections.abc import Callable
from typing import Any, ParamSpec
from urllib.parse import parse_qs, urlsplit

import redis
from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded
from kombu.exceptions import OperationalError as QueueError
from sqlalchemy.exc import InterfaceError, OperationalError

from config.settings import get_settings
from storage import db

log = logging.getLogger(__name__)
P = ParamSpec("P")

COLLECT, ANALYZE, ALERT, NOTIFY, UPKEEP = QUEUES = ("collect", "analyze", "alert", "notify", "upkeep")

COLLECT_DUE = "workers.collect.collect_due"  # ()
COLLECT_SOURCE = "workers.collect.collect_source"  # (source_id)
RECHECK_DUE = "workers.recheck.recheck_due"  # ()
RECHECK_SOURCE = "workers.recheck.recheck_source"  # (source_id)
TRY_SOURCE = "workers.trial.try_source"  # (token, kind, options, sealed credentials, source_id or None, preview)
IMPORT_UPLOAD = "workers.imports.import_upload"  # (token, mapping, source name, about)
READ_SHARES = "workers.advocate_readings.read_shares"  # ()
GIVE_BACK_TOKENS = "workers.advocate_readings.give_back_tokens"  # ()
WRITE_INVITATIONS = "workers.advocate_mails.write_invitations"  # ()
ADVOCATE_MAILS = "workers.advocate_mails.write_letters"  # ()
ANALYZE_MENTIONS = "workers.analyze.analyze_mentions"  # (mention_ids)
ANALYZE_PENDING = "workers.analyze.analyze_pending"  # ()
EXPLAIN_MENTION = "workers.explain.explain_mention"  # (token, mention_id)
RETAG = "workers.retag.retag"  # () while a person asked for older mentions to be tagged again
REMATCH = "workers.analyze.rematch_posts"  # () after the company profile changed
DETECT_ALERTS = "workers.alert.detect_alerts"  # (company_id)
DETECT_ALL = "workers.alert.detect_all"  # ()
FIND_TOPICS = "workers.topics.find_topics"  # ()
FIND_TAKE_OFFS = "workers.take_offs.find_take_offs"  # ()
TELL = "workers.tell.tell"  # (event_id)
TELL_LATER = "workers.tell.tell_later"  # ()
SEND_MAILS = "workers.tell_mail.send_mails"  # ()
DELIVER = "workers.tell_channels.deliver"  # ()
DIGESTS = "workers.tell_digest.send_digests"  # ()
CAMPAIGNS = "workers.campaign.run_campaigns"  # ()
PICK_UP = "workers.upkeep.pick_up"  # ()
WATCH_SOURCES = "workers.upkeep.watch_sources"  # ()
EVERY_HOUR = "workers.upkeep.every_hour"  # ()
DEMO_LOAD = "workers.demo.load_demo"  # ()
DEMO_REMOVE = "workers.demo.remove_demo"  # ()

_QUEUE_OF = {
    COLLECT_DUE: UPKEEP,  # not behind the long runs it starts
    COLLECT_SOURCE: COLLECT,
    RECHECK_DUE: UPKEEP,
    RECHECK_SOURCE: COLLECT,
    TRY_SOURCE: UPKEEP,  # a person waits for it: not behind the long runs of the collectors
    IMPORT_UPLOAD: COLLECT,
    READ_SHARES: COLLECT,
    GIVE_BACK_TOKENS: UPKEEP,
    WRITE_INVITATIONS: NOTIFY,
    ADVOCATE_MAILS: NOTIFY,
    ANALYZE_MENTIONS: ANALYZE,
    ANALYZE_PENDING: ANALYZE,
    EXPLAIN_MENTION: UPKEEP,  # a person waits for it: not behind the texts that are to be tagged
    RETAG: ANALYZE,
    REMATCH: ANALYZE,
    DETECT_ALERTS: ALERT,
    DETECT_ALL: ALERT,
    FIND_TOPICS: ANALYZE,  # it needs the model
    FIND_TAKE_OFFS: NOTIFY,
    TELL: NOTIFY,
    TELL_LATER: NOTIFY,
    SEND_MAILS: NOTIFY,
    DELIVER: NOTIFY,
    DIGESTS: NOTIFY,
    CAMPAIGNS: NOTIFY,
    PICK_UP: UPKEEP,
    WATCH_SOURCES: UPKEEP,
    EVERY_HOUR: UPKEEP,
    DEMO_LOAD: ANALYZE,
    DEMO_REMOVE: ANALYZE,
}

# job → seconds between two runs. A run that nobody took before the next is due is dropped: see `expires` below.
BEAT = {
    COLLECT_DUE: 15,
    RECHECK_DUE: 60,
    PICK_UP: 30,
    RETAG: 30,  # goes on where a killed worker left off
    DETECT_ALL: 60,  # closes incidents that went quiet, and covers detections that a crash dropped
    FIND_TOPICS: 900,
    FIND_TAKE_OFFS: 900,
    TELL_LATER: 60,
    SEND_MAILS: 60,
    DELIVER: 20,  # Retry-After is often some seconds
    DIGESTS: 300,
    CAMPAIGNS: 60,
    READ_SHARES: 60,
    GIVE_BACK_TOKENS: 600,
    WRITE_INVITATIONS: 60,
    ADVOCATE_MAILS: 900,
    WATCH_SOURCES: 600,
    EVERY_HOUR: 3600,
}


def modules_of(*queues: str) -> tuple[str, ...]:
    """The modules that hold the jobs of these queues: a worker knows no others."""
    return tuple(sorted({job.rpartition(".")[0] for job, queue in _QUEUE_OF.items() if queue in queues}))


def worker_arguments(name: str, processes: int, *queues: str) -> tuple[str, ...]:
    """What follows `celery --app workers.app:app` to run a worker for these queues, with the modules they need."""
    return (
        "worker", "--hostname", f"{name}@%h", "--concurrency", str(processes), "--queues", ",".join(queues),
        "--include", ",".join(modules_of(*queues)), "--loglevel", "INFO",
        "--without-gossip", "--without-mingle", "--without-heartbeat",
    )  # fmt: skip


def broker_url() -> str:
    """The address of the queue in Celery's words: what redis-py calls `unix://` is `redis+socket://` there."""
    url = db.redis_url()
    if not url.startswith("unix://"):
        return url
    parts = urlsplit(url)
    number = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.path}?virtual_host={number}"


def _options() -> dict[str, Any]:
    return {
        "broker_url": broker_url(),
        # Jobs of the web process: one quick try. A request must not hang on a queue that is down.
        "task_publish_retry": False,
        "broker_transport_options": {
            "max_retries": 1,
            "interval_start": 0,
            "interval_step": 0.1,
            "interval_max": 0.1,
            "socket_connect_timeout": 3,
            "socket_timeout": 10,  # above the second that a worker's blocking read takes
            "visibility_timeout": 3600,  # far above the longest countdown and time limit, so nothing comes twice
        },
        # Workers and beat: try for ever, since a restarted Valkey is no reason to end.
        "broker_connection_retry": True,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "task_serializer": "json",
        "accept_content": ["json"],  # what pickle would run comes from whoever reaches the queue
        "result_backend": None,
        "task_ignore_result": True,
        "task_acks_late": False,  # a job that kills its process must not come back by itself: rows count attempts
        "worker_prefetch_multiplier": 1,  # jobs are of very different length; the next free process takes the next
        "worker_max_tasks_per_child": 2000,  # what a library leaks is given back
        "worker_cancel_long_running_tasks_on_connection_loss": False,  # they need the database, not the queue
        "worker_hijack_root_logger": False,  # config.logging decides how lines look
        "worker_redirect_stdouts": False,
        "worker_enable_remote_control": False,  # nobody uses it, and it costs a queue per worker
        "worker_send_task_events": False,
        "task_time_limit": 600,
        "task_soft_time_limit": 540,
        "task_queues": {name: {} for name in QUEUES},
        "task_default_queue": UPKEEP,
        "task_create_missing_queues": False,  # a misspelt queue is an error, not a place where jobs wait for ever
        "task_routes": {name: {"queue": queue} for name, queue in _QUEUE_OF.items()},
        "beat_schedule": {
            name: {"task": name, "schedule": float(seconds), "options": {"expires": seconds}}
            for name, seconds in BEAT.items()
        },
        "beat_schedule_filename": str(get_settings().data_dir / "beat-schedule"),
        "timezone": "UTC",
        "include": ["workers.process"],  # the jobs' own modules are named by `worker_arguments`: only theirs are loaded
    }


app = Celery("outspoken", set_as_current=False)
app.add_defaults(_options)  # read at first use: importing this module reads no setting


def enqueue(name: str, *arguments: object, after: float = 0.0, expires: float | None = None) -> bool:
    """Queue a job by name, to start `after` seconds from now. False, and one line in the log, when the queue is down.

    `expires`: seconds after which it is dropped instead of begun, for jobs that come again by themselves.
    Call it after the commit (`storage.db.after_commit`): a job must find the rows it is about.
    """
    try:
        options = {"countdown": after or None, "expires": expires, "retry": False}
        app.send_task(name, args=list(arguments), queue=_QUEUE_OF[name], **options)
    except (QueueError, redis.RedisError, OSError) as error:
        log.warning("The queue is down (%s); upkeep will do %s later.", error, name.rpartition(".")[2])
        return False
    return True


def enqueue_once(name: str, *arguments: object, after: float) -> bool:
    """Queue a job unless the same one already waits: many changes within `after` seconds cause one run.

    The mark is taken away by time, not by the job, so that a lost job blocks nothing.
    """
    mark = f"outspoken:waits:{name}:{arguments}"
    try:
        with redis.Redis.from_url(db.redis_url(), socket_timeout=3, socket_connect_timeout=3) as client:
            # A little less than the wait: a change that comes while the job already reads must start another one.
            if not client.set(mark, "1", nx=True, px=max(int(after * 1000) - 100, 1)):
                return True
    except redis.RedisError as error:
        log.warning("The queue is down (%s); upkeep will do %s later.", error, name.rpartition(".")[2])
        return False
    return enqueue(name, *arguments, after=after)


def job(name: str, *, soft: int, hard: int) -> Callable[[Callable[P, object]], Callable[P, None]]:
    """Register a function as the job `name` with its time limits in seconds.

    A database that is away and a limit that is reached are one line in the log and no traceback: the rows still say
    what is left to do. Any other exception is a fault of ours and reaches Celery's log with its traceback.
    """

    def register(function: Callable[P, object]) -> Callable[P, None]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            try:
                function(*args, **kwargs)
            except (OperationalError, InterfaceError) as error:
                reason = str(error.orig or error).strip().split("\n", 1)[0]
                log.warning("%s stopped: the database says %r; it will be done again.", name, reason)
            except SoftTimeLimitExceeded:
                log.warning("%s stopped after %d seconds; the rest will be done next time.", name, soft)

        app.task(run, name=name, soft_time_limit=soft, time_limit=hard)
        return run

    return register
