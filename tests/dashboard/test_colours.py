"""Text stands out from what is behind it (WCAG 2.2 AA: 4.5 to 1, large figures 3 to 1), by day and by night."""

import re

import pytest

from api.dashboard.render import STATIC

_SHEET = (STATIC / "app.css").read_text(encoding="utf-8")
_SCHEMES = {"light": 0, "dark": 1}
_TEXTS = [
    ("--ink", "--paper"),
    ("--ink-2", "--paper"),
    ("--ink-2", "--card"),
    ("--ink-3", "--card"),
    ("--accent", "--card"),
    ("--accent", "--accent-soft"),
    ("--accent-ink", "--accent"),
    ("--bad", "--card"),
    ("--warn", "--warn-soft"),
    ("--ink", "--bad-soft"),
]


@pytest.mark.parametrize("scheme", _SCHEMES)
@pytest.mark.parametrize(("text", "behind"), _TEXTS)
def test_texts_can_be_read(scheme: str, text: str, behind: str) -> None:
    assert _contrast(scheme, text, behind) >= 4.5


@pytest.mark.parametrize("scheme", _SCHEMES)
@pytest.mark.parametrize("colour", ["--positive", "--negative", "--chart-accent", "--field"])
def test_large_figures_and_marks_can_be_seen(scheme: str, colour: str) -> None:
    assert _contrast(scheme, colour, "--card") >= 3


def _contrast(scheme: str, one: str, other: str) -> float:
    brighter, darker = sorted((_luminance(scheme, one), _luminance(scheme, other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(scheme: str, name: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    value = re.findall(rf"{name}: #([0-9a-f]{{6}});", _SHEET)[_SCHEMES[scheme]]
    parts = [int(value[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
