import numpy as np

from nlp.model import network
from nlp.recent import RecentAnswers
from nlp.result import TagInput
from nlp.tag import tag_posts

ROW = np.ones(2, dtype=np.float32)


def test_the_answer_not_asked_for_the_longest_goes() -> None:
    recent = RecentAnswers(2)
    first, second, third = (RecentAnswers.key(text, "1") for text in ("a", "b", "c"))
    recent.put(first, ROW)
    recent.put(second, ROW)
    assert recent.get(first) is ROW
    recent.put(third, ROW)
    assert recent.get(second) is None
    assert recent.get(first) is ROW


def test_another_version_finds_nothing() -> None:
    assert RecentAnswers.key("a", "1") != RecentAnswers.key("a", "2")


def test_a_half_character_has_a_key() -> None:
    assert len(RecentAnswers.key("\ud83d", "1")) == 16


def test_copies_have_the_answer_of_the_first_in_their_own_places() -> None:
    texts = ["the tea was cold", "what a lovely shop", "the tea was cold"]
    found = network().probabilities(texts)["sentiment"]
    network().forget()
    assert found[0].tolist() == found[2].tolist() != found[1].tolist()
    assert np.allclose(found, network().probabilities(texts)["sentiment"], atol=1e-6)


def test_threads_change_no_answer() -> None:
    texts = [f"{'the parcel of my aunt is late, ' * (number % 7 + 1)} case {number}" for number in range(60)]
    alone, together = (network(threads).probabilities(texts) for threads in (1, 2))
    for head, rows in alone.items():
        assert np.allclose(rows, together[head], atol=1e-4)


def test_answers_keep_their_order_over_several_parts() -> None:
    inputs = [TagInput(str(number), f"number {number} was great") for number in range(300)]
    assert [tags.id for tags in tag_posts(inputs, 2)] == [one.id for one in inputs]
