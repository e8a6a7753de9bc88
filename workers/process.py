"""What a worker process needs around its jobs: it ends with its parent, logs in our words, and starts quietly."""

import logging
import signal
import warnings

from celery.exceptions import SecurityWarning
from celery.signals import setup_logging, worker_process_init

from config.settings import get_settings
from storage.child import die_with_parent

# Root is allowed on purpose (containers, small servers): jobs travel as JSON, so that the queue can run no code.
warnings.filterwarnings("ignore", category=SecurityWarning)

_SHORT = ("celery.worker.consumer.consumer", "celery.worker.request", "celery.beat", "kombu.connection")
_QUIET = ("celery.app.trace", "celery.worker.strategy", "celery.worker.consumer.connection", "celery.beat")


class _NoTraceback(logging.Filter):
    """A queue that is away is one line per try: its traceback tells nothing and would flood the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = None
        record.exc_text = None
        record.msg = record.getMessage().strip().split("\n", 1)[0]
        record.args = ()
        return True


def log_in_our_words(**_: object) -> None:
    """Set up logging in place of Celery."""
    from config.logging import setup_logging as set_up  # not before it is needed: every import of this module is

    settings = get_settings()
    set_up(settings.log_level, settings.log_json)
    for name in _SHORT:
        logging.getLogger(name).addFilter(_NoTraceback())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def end_with_parent(**_: object) -> None:
    """Do not stay behind when the worker's main process is killed: half-done work is rolled back and done again."""
    die_with_parent(signal.SIGKILL)


setup_logging.connect(log_in_our_words, weak=False)
worker_process_init.connect(end_with_parent, weak=False)
