"""A kind of source with everything that a form and a page can show."""

from collections.abc import Generator, Mapping
from datetime import timedelta

import pytest

from collectors import registry
from collectors.base import Batch, Budget, Collector, CollectRequest, Option, Outcome
from collectors.http import HttpClient
from collectors.options import complete, whole_number
from collectors.post import Json


class Paid(Collector):
    """Costs money, wants keys, closes its window, is kept for so long and no longer."""

    kind = "paid"
    label = "Paid search"
    summary = "Searches a platform that asks for money."
    access = "key"
    options = (
        Option("terms", "Search for", "One a line.", many_lines=True),
        Option("mode", "What to buy", choices=("posts", "counts_only"), default="posts"),
        Option("replies", "Replies too", default=True),
        Option("budget", "Budget a month", "In US dollars.", default=10),
    )
    interval = timedelta(minutes=30)
    needs_terms = True
    credentials = (
        Option("api_key", "API key", "Made in the developer console.", required=True),
        Option("account_file", "Account file", "The whole file.", many_lines=True),
    )
    budget = Budget("USD", "month")
    window = timedelta(days=7)
    keep_days = 30
    takes_hooks = True

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        values = complete(options, self.options)
        return values | {"budget": whole_number(values, "budget", 0, 10_000)}

    def collect(self, request: CollectRequest, http: HttpClient) -> Generator[Batch, None, Outcome]:
        yield Batch((), {})
        return Outcome(True, "ok")


def register(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offer the kind until the test ends."""
    collector = Paid()
    monkeypatch.setitem(registry._BY_KIND, Paid.kind, collector)
    monkeypatch.setattr(registry, "_COLLECTORS", (*registry._COLLECTORS, collector))
