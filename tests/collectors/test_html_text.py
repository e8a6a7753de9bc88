"""HTML to text: what browsers show, in time that grows with length only."""

import pytest

from collectors.html_text import one_line, plain_text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("", ""),
        ("  a < b & c > d  ", "a < b & c > d"),
        ("I <3 you<br>x", "I <3 you\nx"),
        ("It&#x27;s<p>two</p><p>  three\n four", "It's\ntwo\nthree four"),
        ("<style>p {}</style>a<!-- b -->c<script>x<b</script>d", "acd"),
        ('<img alt="a > b">c', "c"),
        ("a <unfinished", "a"),
        ("<!-- never closed", ""),
        ("<script>never closed", ""),
        ("&lt;b&gt; stays", "<b> stays"),
    ],
)
def test_plain_text(markup: str, text: str) -> None:
    assert plain_text(markup) == text


def test_titles_are_one_line_and_escaped_twice() -> None:
    assert one_line(" Tom\n&amp;amp; <b>Jerry</b>&lt;i&gt;!&lt;/i&gt; ") == "Tom & Jerry!"


@pytest.mark.parametrize("hostile", ["<div>" * 200_000, "<a " * 300_000, "<!--" * 300_000, '<a ">' * 200_000])
def test_hostile_markup_is_read_to_its_end(hostile: str) -> None:
    assert plain_text(f"<p>a</p>{hostile}").startswith("a")
