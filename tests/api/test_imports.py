"""What the web process loads."""

import subprocess
import sys

HEAVY: tuple[str, ...] = (
    "torch", "transformers", "onnxruntime", "nlp.model", "nlp.tag", "feedparser", "scrapy", "tweepy", "praw",
    "mastodon", "atproto", "extruct", "trafilatura", "imap_tools", "google.auth", "requests",
)  # fmt: skip
# structlog loads a part of Twisted wherever it is installed; its reactor, which costs, stays out.
HEAVY += ("twisted.internet.reactor",)
WORKERS = (
    "workers.collect", "workers.analyze", "workers.alert", "workers.upkeep", "workers.tell", "workers.tell_channels",
    "workers.tell_digest", "workers.tell_mail",
)  # fmt: skip


def test_the_web_process_and_the_queue_it_fills_load_no_model_no_platform_library_and_no_job() -> None:
    script = "import sys, api.app; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "workers.app" in loaded  # what enqueues brings nothing along either
    assert not loaded & {*HEAVY, *WORKERS}
