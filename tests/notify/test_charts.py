import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notify.charts import (
    GAPS,
    HIDDEN,
    NORMAL,
    SPIKE,
    audience_chart,
    clicks_chart,
    sentiment_chart,
    share_of_voice_chart,
    volume_chart,
)
from notify.drawing import Chart
from notify.palette import SENTIMENT
from notify.points import (
    AudienceRow,
    CalibrationPoint,
    ClickPoint,
    DriftPoint,
    PlannedSpan,
    SentimentPoint,
    SharePoint,
    VoiceRow,
    VolumePoint,
)
from notify.quality_charts import calibration_chart, drift_chart, unsure_chart

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
VOLUME = (
    VolumePoint(START, 4, 1.0, 6.0, 1.0),
    VolumePoint(START + HOUR, 40, 1.0, 6.0, None, spike=True),
    VolumePoint(START + 2 * HOUR, 4, 1.0, 6.0, 0.5, spike=True),
    VolumePoint(START + 3 * HOUR, 3, 1.0, 6.0, 1.0, suppressed=True),
    VolumePoint(START + 4 * HOUR, None),
)
MOOD = (SentimentPoint(START, 20.0, 5.0, 35.0, 60, 1.0), SentimentPoint(START + HOUR, None, None, None, 3, 0.4))
VOICE = (VoiceRow("Acme", True, 40, 100, 0.4, 0.3, 0.5), VoiceRow("<b>Globex</b>", False, 60, 100, 0.6))
AUDIENCES = (AudienceRow("consumer", 5, 6, 7, 2), AudienceRow("employee", 1, 0, 3, 0, suppressed=True))
CLICKS = (ClickPoint(START, 30, 12, 9), ClickPoint(START + HOUR, 8, None, None))
CALIBRATION = (CalibrationPoint(0.85, 0.8, 0.7, 0.9, 60), CalibrationPoint(0.95, 1.0, 0.9, 1.0, 40))
DRIFT = (DriftPoint(START, "sentiment", 0.31, "large"), DriftPoint(START, "audience", None, "few"))
UNSURE = (SharePoint(START, 0.2, 0.1, 0.3, 90), SharePoint(START + HOUR, None, None, None, 0))
ALL: list[tuple[Callable[..., Chart], Sequence[Any]]] = [
    (volume_chart, VOLUME),
    (sentiment_chart, MOOD),
    (share_of_voice_chart, VOICE),
    (audience_chart, AUDIENCES),
    (clicks_chart, CLICKS),
    (calibration_chart, CALIBRATION),
    (drift_chart, DRIFT),
    (unsure_chart, UNSURE),
]


def values(chart: Chart) -> list[dict[str, Any]]:
    """The rows of a chart that has one set of them."""
    (rows,) = chart.spec["datasets"].values()
    return list(rows)


@pytest.mark.parametrize(("draw", "data"), ALL)
def test_every_chart_is_drawn(draw: Callable[..., Chart], data: Sequence[Any]) -> None:
    assert draw(data, "Title").png(1.0).startswith(b"\x89PNG")


@pytest.mark.parametrize(("draw", "data"), ALL)
def test_a_chart_without_data_is_drawn_empty(draw: Callable[..., Chart], data: Sequence[Any]) -> None:
    assert draw([]).png(1.0).startswith(b"\x89PNG")


@pytest.mark.parametrize(("draw", "data"), ALL)
def test_specs_load_nothing_compute_nothing_and_name_no_font(draw: Callable[..., Chart], data: Sequence[Any]) -> None:
    spec = draw(data, "Title").spec
    text = json.dumps({name: part for name, part in spec.items() if name != "$schema"})
    assert not [word for word in ('"url"', '"href"', '"expr"', '"calculate"', "http", '"font"') if word in text]
    assert spec["description"]


def test_spikes_gaps_and_hidden_buckets_are_marked() -> None:
    assert [row["state"] for row in values(volume_chart(VOLUME))] == [NORMAL, SPIKE, GAPS, HIDDEN, NORMAL]


def test_hidden_and_unknown_counts_leave_no_number() -> None:
    hidden, unknown = values(volume_chart(VOLUME))[3:]
    assert (hidden["stories"], hidden["told"]) == (None, "hidden")
    assert (unknown["stories"], unknown["shown"], unknown["told"]) == (None, None, "–")


def test_the_height_of_a_hidden_bucket_does_not_depend_on_it() -> None:
    other = (*VOLUME[:3], VolumePoint(START + 3 * HOUR, 77, 1.0, 6.0, 1.0, suppressed=True), VOLUME[4])
    assert volume_chart(other).spec == volume_chart(VOLUME).spec


def test_sentiment_tells_interval_and_n() -> None:
    known, unknown = values(sentiment_chart(MOOD))
    assert (known["told"], known["interval"], known["n"]) == ("+20", "+5 to +35", "60")
    assert (unknown["net"], unknown["told"], unknown["interval"], unknown["state"]) == (None, "–", "–", GAPS)


def test_share_of_voice_tells_of_how_many() -> None:
    own, rival = values(share_of_voice_chart(VOICE))
    assert (own["told"], own["interval"], own["n"], own["owner"]) == ("40.0 %", "30.0 to 50.0 %", "40 of 100", "own")
    assert rival["interval"] == "–"


def test_a_hidden_audience_gives_its_name_only() -> None:
    chart = audience_chart(AUDIENCES)
    assert {row["audience"] for row in values(chart)} == {"consumer"}
    assert "employee (hidden)" in json.dumps(chart.spec)
    assert [row["sentiment"] for row in values(chart)] == list(SENTIMENT)


def test_unknown_clicks_are_no_zero() -> None:
    rows = values(clicks_chart(CLICKS))
    assert [row["clicks"] for row in rows] == [12, 9, 30, None, None, 8]


def test_times_are_told_in_utc() -> None:
    local = datetime.fromisoformat("2026-03-01T02:00:00+02:00")
    assert values(volume_chart([VolumePoint(local, 1)]))[0]["time"] == "01 Mar 2026 00:00"


def test_a_child_of_a_drawing_process_is_told_instead_of_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notify.drawing._drawn_by", {1})
    with pytest.raises(RuntimeError, match="forked"):
        clicks_chart([]).png()


def test_planned_events_shade_the_buckets_that_they_touch() -> None:
    event = PlannedSpan("Launch <b>", START + HOUR / 2, START + 2 * HOUR)
    elsewhere = PlannedSpan("Fair", START + 90 * HOUR, START + 91 * HOUR)
    chart = volume_chart(VOLUME, "", [event, elsewhere])
    (shade,) = [row for rows in chart.spec["datasets"].values() for row in rows if "until" in row]
    assert (shade["name"], shade["at"]) == ("Launch <b>", f"{START - HOUR / 2:%Y-%m-%dT%H:%M:%SZ}")
    assert shade["until"] == f"{START + 3 * HOUR / 2:%Y-%m-%dT%H:%M:%SZ}"
    assert chart.description.endswith("Shaded, since planned: Launch <b>.")
    assert chart.png(1.0).startswith(b"\x89PNG")
