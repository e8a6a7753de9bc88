import random

from nlp.names import COMPANY_WORD, PERSON_WORD, without_names
from nlp.text import TARGET_WORD
from nlp.train.data import Row, varied
from nlp.train.names import called_otherwise, invented, with_invented


def test_the_company_in_question_is_called_otherwise_throughout() -> None:
    for seed in range(20):
        text = called_otherwise(f"{TARGET_WORD} is slow , {TARGET_WORD} fails", ("Orvane",), random.Random(seed))
        assert TARGET_WORD not in text
        first, rest = text.split(" is slow , ")
        assert rest == f"{first} fails"


def test_listed_names_become_unlisted_ones_and_the_target_stays() -> None:
    text = f"{PERSON_WORD} of {COMPANY_WORD} praised {TARGET_WORD} , {PERSON_WORD} did"
    words = with_invented(text, ("Orvane",), random.Random(4)).split()
    assert words[0] == words[-2]
    assert not {PERSON_WORD, COMPANY_WORD} & set(words)
    assert TARGET_WORD in words


def test_invented_names_are_many_and_hardly_ever_listed() -> None:
    names = [invented(random.Random(seed)) for seed in range(500)]
    assert len(set(names)) > 300
    assert sum(without_names(name) != name for name in names) < 50


def test_a_text_that_names_somebody_has_a_twin_and_another_has_none() -> None:
    named = [varied(Row("Sarah was kind", "semeval2013_2016"), random.Random(seed)).twin for seed in range(20)]
    twins = [twin for twin in named if twin]
    assert 5 < len(twins) < 20
    assert all(PERSON_WORD not in twin and "was kind" in twin for twin in twins)
    assert all(
        varied(Row("they were kind", "semeval2013_2016"), random.Random(seed)).twin is None for seed in range(20)
    )
