"""Searches that look like a person's name."""

import pytest
from sqlalchemy.orm import Session

from storage import mentions
from storage.mentions import MentionFilter
from storage.name_searches import NameSearch, looks_like_a_person
from storage.viewer import viewer_for


@pytest.mark.parametrize(
    "words",
    [
        "Ada Lovelace",
        '"Ada Lovelace" pay',
        "Lovelace, Ada",
        "Ada OR Lovelace",
        "-Ada -Lovelace",
        "ADA LOVELACE",
        "Ursula von der Leyen",
        "Anna-Maria O'Neil",
        "Jürgen Müller",
        "Ольга Иванова",
        "@ada",
        "manager @ada_l",
        "u/ada-l",
        "/u/ada",
        "ada@acme.example",
        "ada.lovelace",
        "ada_lovelace",
        "pay Ada manager Lovelace",
        "priya",
        "manager sarah shifts",
    ],
)
def test_names_handles_and_addresses_look_like_a_person(words: str) -> None:
    assert looks_like_a_person(words)


@pytest.mark.parametrize(
    "words",
    ["", "late delivery", "Pay", "Works council", "HR IT", "price OR quality", "Acme pay", "Acme Globex", "GmbH 4.5",
     "version 2.0", "iPhone Pay", "U.S", "\ud800 \x00", "Acme Corp Pay"],
)  # fmt: skip
def test_things_do_not(words: str) -> None:
    assert not looks_like_a_person(words, ["Acme Corp", "Globex"])


def test_hr_looks_nobody_up_and_others_may(session: Session) -> None:
    for words in ("Ada Lovelace", "@ada"):
        with pytest.raises(NameSearch, match="person"):
            mentions.search(session, viewer_for("hr"), MentionFilter(q=words))
        mentions.search(session, viewer_for("marketing"), MentionFilter(q=words))
    mentions.search(session, viewer_for("hr"), MentionFilter(q="pay rise"))
