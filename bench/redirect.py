"""Tracked links against a bare redirect: `python -m bench.redirect [--seconds 4] [--rounds 3]`.

The baseline is the smallest FastAPI application that redirects. Both run in uvicorn with one worker and the same
options, one after the other in turns, asked by the same client over 32 open connections with the addresses of 20,000
visitors. Ours is the whole application with PostgreSQL; each answered click is on the disk when it is answered, and all
of them must be in the database at the end.
"""

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import RedirectResponse
from sqlalchemy import text

PLACE = "https://careers.acme.example/jobs"
CODES = 50
VISITORS = 20_000
CONNECTIONS = 32
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PROFILE = '[company]\nname = "Acme"\ncareers_hosts = ["careers.acme.example"]\n'

bare = FastAPI()


@bare.get("/l/{code}")
async def follow(code: str) -> RedirectResponse:
    """The baseline: no click, no check, no look-up."""
    return RedirectResponse(f"{PLACE}?utm_content={code}", 302)


async def ask(port: int, codes: list[str], seconds: float) -> int:
    """Requests answered with 302 in so many seconds."""
    ends = time.perf_counter() + seconds
    counts = await asyncio.gather(*(_visitor(port, codes, number, ends) for number in range(CONNECTIONS)))
    return sum(counts)


async def _visitor(port: int, codes: list[str], number: int, ends: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered, visitor = 0, number
    while time.perf_counter() < ends:
        visitor = (visitor + CONNECTIONS) % VISITORS
        address = f"10.0.{visitor // 250}.{visitor % 250}"
        writer.write(
            f"GET /l/{codes[visitor % len(codes)]} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: {AGENT}\r\n"
            f"X-Forwarded-For: {address}\r\nAccept: text/html\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 302"):
            raise SystemExit(f"Not a redirect: {head[:200]!r}")
        answered += 1
    writer.close()
    await writer.wait_closed()
    return answered


@dataclass(frozen=True, slots=True)
class Server:
    """A process that answers on a port."""

    port: int
    pid: int

    def processor_seconds(self) -> float:
        """What it has used up to now."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Tally:
    """Rounds of one server."""

    rates: list[float]
    answered: int = 0
    processor: float = 0.0

    def round(self, server: Server, codes: list[str], seconds: float) -> None:
        """Ask for so long."""
        before = server.processor_seconds()
        answered = asyncio.run(ask(server.port, codes, seconds))
        self.rates.append(answered / seconds)
        self.answered += answered
        self.processor += server.processor_seconds() - before

    @property
    def each(self) -> float:
        """Microseconds of the processor per request, which other work on the machine does not change."""
        return 1e6 * self.processor / max(self.answered, 1)


@contextmanager
def served(app: str) -> Iterator[Server]:
    """An application in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    options = ("--port", str(port), "--log-level", "warning", "--no-access-log", "--no-server-header")
    environment = {**os.environ, "LOG_LEVEL": "WARNING"}
    process = subprocess.Popen([sys.executable, "-m", "uvicorn", app, *options], env=environment)
    try:
        ends = time.monotonic() + 120
        while time.monotonic() < ends:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait()


def links() -> list[str]:
    """Codes of links in the database at hand."""
    from storage import advocacy, db, profile, users
    from storage.viewer import viewer_for

    now = datetime.now(UTC)
    with db.transaction() as session:
        profile.save_profile(session, PROFILE, origin="file", user_id=None, now=now)
        user = users.create_user(session, "ada@acme.example", "Ada", "advocate", "a long secret word", now)
        me = advocacy.join(session, user.id, "employee", "1", "I agree.", now)
        who = viewer_for("advocate", user.id, me)
        hosts = ["careers.acme.example"]
        return [advocacy.make_link(session, who, me, PLACE, hosts, "x", now).code for _ in range(CODES)]


def measure(seconds: float, rounds: int) -> None:
    """Print requests per second of both, and the ratio."""
    from storage import db

    codes = links()
    ours, base = Tally([]), Tally([])
    with served("api.app:app") as mine, served("bench.redirect:bare") as plain:
        warm = sum(asyncio.run(ask(server.port, codes, 1.0)) * share for server, share in ((mine, 1), (plain, 0)))
        for number in range(rounds):
            ours.round(mine, codes, seconds)
            base.round(plain, codes, seconds)
            print(f"round {number + 1}: links {ours.rates[-1]:,.0f}/s, bare {base.rates[-1]:,.0f}/s", flush=True)
    with db.reading() as session:
        stored = session.scalar(text("SELECT count(*) FROM clicks"))
    mine_rate, base_rate = statistics.median(ours.rates), statistics.median(base.rates)
    print(f"median: {mine_rate:,.0f}/s against {base_rate:,.0f}/s = {mine_rate / base_rate:.0%}")
    print(f"processor per request: {ours.each:.0f} µs against {base.each:.0f} µs = {base.each / ours.each:.0%}")
    print(f"clicks answered {ours.answered + warm:,}, stored {stored:,}")


def main() -> None:
    """Run on servers of its own."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=4.0)
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="outspoken-bench-") as folder:
        os.chmod(folder, 0o711)  # the embedded server may run as another user
        os.environ["DATA_DIR"] = folder
        os.environ["COMPANY_FILE"] = str(Path(folder) / "company.toml")
        from storage import db, embedded

        data = Path(folder)
        with embedded.own(data, "bench"), embedded.serving(data):
            db.migrate()
            measure(asked.seconds, asked.rounds)
            db.connect().dispose()


if __name__ == "__main__":
    main()
