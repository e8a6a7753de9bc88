"""Names of topics: telling words that several people use, never the name of a person or a protected word."""

from nlp.naming import Said, name_of

REST = [Said(f"The jacket is fine and the delivery was quick, number {n} of many orders", f"c{n}") for n in range(60)]


def _group(text: str, people: int = 8) -> list[Said]:
    return [Said(f"{text} {'again ' * n}", f"p{n}") for n in range(people)]


def test_telling_words_come_and_common_ones_do_not() -> None:
    name = name_of(_group("They cut severance for everyone and the layoffs go on, delivery or not"), REST, 3)
    assert set(name) >= {"severance", "layoffs"}
    assert not {"the", "delivery", "everyone"} & set(name)


def test_no_name_of_a_person_handle_or_company() -> None:
    said = "Managers say that Tamsin Okell of Acme froze severance, thanks @tamsin and tamsin@acme.example"
    assert name_of(_group(said), REST, 3, ("Acme",)) == ("froze", "severance", "thanks")


def test_a_name_at_the_start_of_sentences_only_is_none() -> None:
    assert "halvard" not in name_of(_group("Halvard froze the severance. Halvard knows."), REST, 3)


def test_protected_words_are_out() -> None:
    assert not {"union", "strike"} & set(name_of(_group("the union may strike over severance"), REST, 3))


def test_what_one_person_repeats_is_no_name() -> None:
    one = [Said("severance severance severance", "loud")] * 20
    assert name_of(one, REST, 3) == ()
    assert name_of([], REST, 3) == ()


def test_near_forms_stand_once() -> None:
    name = name_of(_group("a layoff and more layoffs, the layoffs"), REST, 3)
    assert len([word for word in name if word.startswith("layoff")]) == 1
