"""A collector whose runs are written by the test, registered for as long as the test lasts."""

from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from collectors import registry
from collectors.base import Batch, Collector, CollectRequest, Option, Outcome
from collectors.http import HttpClient
from collectors.post import Json, RawAuthor, RawPost

Steps = Generator[Batch, None, Outcome]
Script = Callable[[CollectRequest, HttpClient], Steps]
Look = Callable[[CollectRequest, tuple[str, ...], HttpClient], Steps]


def nothing(request: CollectRequest, http: HttpClient) -> Steps:
    """A complete run that brings nothing."""
    yield from ()
    return Outcome(True, "ok")


class Scripted(Collector):
    """Class attributes of the protocol are given by name; what it was asked is in `requests` and `refs`."""

    kind = "scripted"
    label = "Scripted"
    options = (Option("budget", "Budget"), Option("place", "Place"))
    credentials = (Option("token", "Token", required=True), Option("spare", "Spare token"))
    interval = timedelta(minutes=15)
    needs_terms = False
    pace = timedelta(0)

    def __init__(self, collect: Script = nothing, look: Look | None = None, **attributes: object) -> None:
        self._collect = collect
        self._look = look
        self.requests: list[CollectRequest] = []
        self.refs: list[tuple[str, ...]] = []
        for name, value in attributes.items():
            setattr(self, name, value)

    def check_options(self, options: Mapping[str, Json]) -> dict[str, Json]:
        for name in options:
            if name not in {option.name for option in self.options}:
                raise ValueError(f"{name}: there is no such option.")
        return dict(options)

    def host(self, options: Mapping[str, Json]) -> str | None:
        place = options.get("place")
        return place if isinstance(place, str) else None

    def collect(self, request: CollectRequest, http: HttpClient) -> Steps:
        self.requests.append(request)
        return (yield from self._collect(request, http))

    def refresh(self, request: CollectRequest, refs: tuple[str, ...], http: HttpClient) -> Steps:
        self.refs.append(refs)
        assert self._look is not None
        return (yield from self._look(request, refs, http))

    def map_item(self, raw: Mapping[str, Json]) -> RawPost | None:
        text = raw.get("text")
        return None if not isinstance(text, str) else RawPost(str(raw.get("id")), text.upper(), None, raw=dict(raw))


def register(monkeypatch: pytest.MonkeyPatch, *collectors: Collector) -> None:
    """Let the service know these kinds too."""
    for collector in collectors:
        monkeypatch.setitem(registry._BY_KIND, collector.kind, collector)
    kept = tuple(each for each in registry._COLLECTORS if each.kind not in {one.kind for one in collectors})
    monkeypatch.setattr(registry, "_COLLECTORS", (*kept, *collectors))


def raw(native_id: str, text: str = "Acme is fine", at: datetime | None = None, **more: object) -> RawPost:
    """An item as the scripted platform gives it, signed by somebody whose handle must not get through."""
    values: dict[str, object] = {"author": RawAuthor("scripted", handle="secretive"), **more}
    item: dict[str, Json] = {"id": native_id, "text": text}
    return RawPost(native_id, text, at or datetime.now(UTC), raw=item, **values)  # type: ignore[arg-type]
