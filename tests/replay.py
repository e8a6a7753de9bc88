"""A server on loopback that answers like the real services did: `python -m tests.replay DIR --port N`.

For trying a collector by hand: point its base address here, then run `manage.py collect SOURCE --once --json`.
"""

import argparse
import errno
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from config.logging import redacted_text
from tests.wire.faults import Fault, fault_of, read_fault, spoiled
from tests.wire.recordings import Library, read_folder
from tests.wire.replay import Answer, Replay, Request, serving
from tests.wire.tape import Tape

_PROBLEMS = 20  # shown of those found
_SHOWN = 200  # characters of a request line
_EXAMPLES = """\
examples:
  Read what X answered, with a refusal at the second request and the limits' times brought to today:

    python -m tests.replay ../shared/wire/x --port 9000 --fault 429@2 --now
    OUTSPOKEN_X_URL=http://127.0.0.1:9000 python manage.py collect "Acme on X" --once --json

  Page through a Mastodon server's timeline; the addresses of the next pages lead back here:

    python -m tests.replay ../shared/wire/mastodon --port 9000 --rewrite mastodon.social --rewrite fosstodon.org
    OUTSPOKEN_MASTODON_URL=http://127.0.0.1:9000 python manage.py collect fosstodon --once --json

Saved pages and feeds (folders with an index.json) stand at the paths of their own addresses; / lists all paths, unless
an answer was recorded there. Where two services share a path, begin it with the host:
http://127.0.0.1:9000/oauth.reddit.com is Reddit's API alone.
Within one recording the order counts: the same request again gets the next answer, and the last one stays. A request
that was never recorded gets the best fit at its path, marked ~ in the list; one at an unknown path gets 404.
"""


class Player(Replay):
    """Answers from a tape, spoils what shall be spoiled, and says each request."""

    def __init__(self, base_url: str, tape: Tape, faults: Sequence[Fault], say: Callable[[str], None]) -> None:
        super().__init__(base_url)
        self._tape = tape
        self._faults = faults
        self._say = say
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Answer:
        now = datetime.now(UTC)
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
        found = self._tape.find(request, now)
        if found is not None:
            answer, words = found.answer, f"{found.answer.status} {'' if found.exact else '~ '}{found.recording.name}"
        elif request.path == "/":
            answer, words = self._index(), "200 the list of paths"
        else:
            answer, words = Answer(404, {"content-type": "text/plain"}, b"not recorded"), "404 nothing recorded here"
        fault = fault_of(self._faults, number)
        if fault is not None:
            answer, words = spoiled(fault, answer, now), f"{fault.kind} instead of {words}"
        target = redacted_text(request.target)[:_SHOWN]
        self._say(f"{number:4} {now:%H:%M:%S} {request.method} {target} -> {words}")
        return answer

    def _index(self) -> Answer:
        return Answer(200, {"content-type": "text/plain; charset=utf-8"}, "\n".join(self._tape.paths()).encode())


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM; 1 when there is nothing to serve or the port is taken."""
    given = _parser().parse_args(arguments)
    try:
        library = read_folder(given.folder)
        with serving(_player(library, given), given.port) as player:
            signal.signal(signal.SIGTERM, signal.default_int_handler)  # a shell's background jobs ignore Ctrl-C
            _announce(library, player)
            while True:
                time.sleep(1)  # a wait without end would never see a signal that came just before it
    except KeyboardInterrupt:
        print("Stopped.")  # noqa: T201
    except ValueError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    except (OSError, OverflowError) as error:
        if isinstance(error, OSError) and error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        words = f"Port {given.port} is taken or not allowed: choose another with --port, or 0 for any free one."
        print(words, file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _player(library: Library, given: argparse.Namespace) -> Callable[[str], Player]:
    def make(base_url: str) -> Player:
        tape = Tape(
            library.recordings, base=base_url, aliases=dict(given.alias), rewrite=given.rewrite, shift=given.now
        )
        return Player(base_url, tape, given.fault, lambda line: print(line, flush=True))  # noqa: T201

    return make


def _announce(library: Library, player: Replay) -> None:
    for problem in library.problems[:_PROBLEMS]:
        print(problem, file=sys.stderr)  # noqa: T201
    if len(library.problems) > _PROBLEMS:
        print(f"and {len(library.problems) - _PROBLEMS} more that could not be read", file=sys.stderr)  # noqa: T201
    hosts = sorted({each.host for each in library.recordings if each.host})
    named = ", ".join(hosts[:6]) + (f" and {len(hosts) - 6} more" if len(hosts) > 6 else "")
    print(f"{len(library.recordings)} answers of {named or 'unnamed hosts'}", flush=True)  # noqa: T201
    print(f"Serving at {player.base_url} (Ctrl-C stops)", flush=True)  # noqa: T201


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.replay",
        description="Serve recorded answers of real services on loopback, to any method.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", metavar="DIR", type=Path, help="folder with recordings, searched to its depth")
    parser.add_argument("--port", type=_port, default=0, metavar="N", help="port on 127.0.0.1; 0 (default): a free one")
    parser.add_argument(
        "--fault", type=_checked_fault, action="append", default=[], metavar="WHAT@N",
        help="spoil the n-th request, or n to m by WHAT@N-M: a status as 429, 401, 403, 500, or drop (hang up), "
        "truncate (half a body), slow (a byte a second), html (a page where data was due); several times",
    )  # fmt: skip
    parser.add_argument(
        "--rewrite", action="append", default=[], metavar="HOST",
        help="lead addresses of this host in bodies and headers here; '*': of all recorded hosts; several times",
    )  # fmt: skip
    parser.add_argument(
        "--alias", type=_alias, action="append", default=[], metavar="PATH=RECORDED",
        help="answer PATH with what was recorded at another one, as /2/tweets/search/recent=/2/tweets/search/all",
    )  # fmt: skip
    parser.add_argument(
        "--now", action="store_true", help="bring the times in rate-limit headers as near as they were when recorded"
    )
    return parser


def _checked_fault(text: str) -> Fault:
    try:
        return read_fault(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: a whole number from 0 to 65535")
    return int(text)


def _alias(text: str) -> tuple[str, str]:
    path, equals, recorded = text.partition("=")
    if not equals or not path.startswith("/") or not recorded.startswith("/"):
        raise argparse.ArgumentTypeError(f"{text!r} must look like /asked=/recorded")
    return path, recorded


if __name__ == "__main__":
    sys.exit(main())
