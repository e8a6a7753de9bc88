"""Texts of the employer side are shown without the names of persons."""

import re
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

import storage
from storage import mentions
from storage.mentions import MentionFilter, search
from tests import factories as make
from tests.factories import ADMINISTRATOR, HR, MARKETING, World

NAMED = "My manager Karen Hughes at Acme told us nothing"
# Reads of whole texts that no page shows: tagging, vectors, training, new mappers, administrators' previews.
UNSHOWN = frozenset(
    {
        "analysis",
        "training_examples",
        "previews",
        "remapping",
        "vectors",
        # They only compare the questions of surveys, so that answerers without a number are not counted twice.
        "readable",
        "voice",
        "theme_voices",
        "employer_places",
    }
)


@pytest.fixture
def world(session: Session) -> World:
    return make.set_up(session)


@pytest.mark.parametrize(("facet", "shown"), [("employer", False), ("both", False), ("brand", True)])
def test_persons_are_named_on_the_brand_side_only(session: Session, world: World, facet: str, shown: bool) -> None:
    (mention,) = make.heard(session, world, [NAMED], labels=("neutral", "consumer", facet))
    (listed,) = search(session, ADMINISTRATOR, MentionFilter()).items
    detail = mentions.get(session, ADMINISTRATOR, mention)
    for text in (listed.text, detail.text, detail.row.text):
        assert ("Karen" in text) is shown
        assert "Acme" in text


def test_every_role_reads_the_same(session: Session, world: World) -> None:
    make.heard(session, world, [NAMED], labels=("neutral", "consumer", "both"))
    for viewer in (HR, MARKETING):
        assert "[name]" in search(session, viewer, MentionFilter()).items[0].text


def test_no_module_reads_texts_past_the_masking() -> None:
    read = {path.stem: path.read_text(encoding="utf-8") for path in Path(storage.__file__).parent.glob("*.py")}
    texts = {name for name, words in read.items() if re.search(r"\b(?:Post|p|posts)\.(?:text|title)\b", words)}
    unmasked = {name for name in texts if "storage.discretion" not in read[name]}
    assert unmasked == UNSHOWN, "whoever else reads texts passes them through storage.discretion.shown"


@pytest.mark.parametrize(
    ("facet", "audience", "kind", "given"),
    [
        ("employer", "candidate", "post", False),
        ("employer", "unknown", "comment", False),
        ("both", "employee", "post", False),
        ("employer", "candidate", "review", True),
        ("employer", "other", "article", True),
        ("both", "consumer", "post", True),
        ("brand", "consumer", "post", True),
    ],
)
def test_no_address_leads_to_a_person_of_the_employer_side(
    session: Session, world: World, facet: str, audience: str, kind: str, given: bool
) -> None:
    for number in range(5):  # copies of one story
        make.say(session, world, f"n{number}", "Acme hires and fires", author_key=make.AUTHORS[number], kind=kind)
    make.judge(session, "negative", audience, facet)
    (first, *_) = search(session, ADMINISTRATOR, MentionFilter()).items
    detail = mentions.get(session, ADMINISTRATOR, first.id)
    addresses = [first.url, detail.row.url, *(copy.url for copy in detail.copies)]
    assert len(addresses) == 6
    assert {address is not None for address in addresses} == {given}
