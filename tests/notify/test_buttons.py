import pytest

from notify.message import compose_alert
from tests.notify.cast import facts

ADDRESS = "https://outspoken.example/m/"


def test_the_buttons_of_a_mail_stand_in_both_parts_and_say_what_they_do() -> None:
    mail = compose_alert(facts(acknowledge_url=f"{ADDRESS}a", not_useful_url=f"{ADDRESS}b"))
    for part in (mail.text, mail.html):
        assert f"{ADDRESS}a" in part
        assert f"{ADDRESS}b" in part
        assert "once, without signing in, for seven days" in part


@pytest.mark.parametrize(("changes", "words"), [({}, ()), ({"not_useful_url": f"{ADDRESS}b"}, ("not useful",))])
def test_a_mail_has_the_buttons_that_it_was_given(changes: dict[str, str], words: tuple[str, ...]) -> None:
    mail = compose_alert(facts(**changes))
    for part in (mail.text, mail.html):
        assert [word for word in ("I look after it", "not useful") if word in part] == list(words)


def test_an_address_that_is_none_makes_no_button() -> None:
    assert "I look after it" not in compose_alert(facts(acknowledge_url="javascript:alert(1)")).html
