"""Survey answers: what stays of them, and that nothing of a person does."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import survey_rows
from collectors.base import CollectRequest, Delivery
from collectors.deliveries import Delivered
from collectors.files import MappingError, Row, RowError, guess_mapping, open_rows
from collectors.post import Json, RawPost
from collectors.privacy import PrivacyDoor
from collectors.signing import HEADER, sign
from collectors.survey import SurveyCollector
from collectors.survey_answers import anonymous, anonymous_sent, hidden_id, mask_names, rating_of, read_score, stated_of
from nlp.verdict import stated
from tests.collectors.conftest import NOW

DOOR = PrivacyDoor(b"k" * 32, ())
SECRET = "correct horse battery staple"
COLLECTOR = SurveyCollector()
PEOPLE = ("Rosamunde", "rosa@acme.example", "EMP-08151", "0171 5550199", "Schmidt", "10.1.2.3")


def rows(folder: Path, text: str, mapping: Mapping[str, str] | None = None) -> tuple[list[RawPost], list[str]]:
    path = folder / "survey.csv"
    path.write_text(text, encoding="utf-8")
    found = list(open_rows(path, "survey", mapping))
    return [row.post for row in found if isinstance(row, Row)], [str(row) for row in found if isinstance(row, RowError)]


def authors(posts: list[RawPost]) -> int:
    """How many different people storage would count: posts without an author count each."""
    keys = [DOOR.admit(post, NOW, 1000).author_key for post in posts]
    return len({key or number for number, key in enumerate(keys)})


FULL = (
    "Response ID,Employee ID,Name,E-Mail,Manager,IP Address,Date,Department,Location,Question,Answer,Score\n"
    "R-1,EMP-08151,Rosamunde Lux,rosa@acme.example,Anna Schmidt,10.1.2.3,2026-02-17,Payroll,Gera,"
    'Why do you leave Acme?,"Frau Schmidt never listens, call me: 0171 5550199",3\n'
)


def test_nothing_of_a_person_stays(tmp_path: Path) -> None:
    (post,), errors = rows(tmp_path, FULL, {"survey_type": "=exit"})
    assert errors == []
    shown = repr(DOOR.admit(post, NOW, 1000))
    assert not any(word in shown for word in (*PEOPLE, "R-1", "Payroll", "Gera", "17, "))
    assert (post.text, post.title) == ("Frau [person] never listens, call me: 0171 5550199", "Why do you leave Acme?")
    assert DOOR.admit(post, NOW, 1000).text == "Frau [person] never listens, call me: [phone]"
    assert post.published_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert (post.kind, post.raw, post.url, post.counters) == ("survey", {}, None, {})
    assert post.stated == {
        "kind": "survey", "survey_type": "exit", "author_status": "former employee", "score": "3",
    }  # fmt: skip


def test_the_report_says_what_was_not_read(tmp_path: Path) -> None:
    path = tmp_path / "survey.csv"
    path.write_text(FULL, encoding="utf-8")
    guess = guess_mapping(path, "survey")
    assert guess.fields["respondent"] == "Employee ID"
    assert "author" not in guess.fields
    assert guess.notes == (
        "'Employee ID' only serves to count how many people answered; it is not stored.",
        "Not read, since answers are stored without people: Name, E-Mail, Manager, IP Address.",
        "Team and place are kept where at least 5 people of them answered.",
    )


@pytest.mark.parametrize("field", ["author", "author_id"])
def test_a_person_cannot_be_mapped(tmp_path: Path, field: str) -> None:
    with pytest.raises(MappingError, match=f"^{field}: survey answers are stored without"):
        rows(tmp_path, FULL, {field: "Name"})


def _stored(post: RawPost) -> str:
    return DOOR.admit(post, NOW, 1000).native_id


def test_importing_again_adds_nothing(tmp_path: Path) -> None:
    first, _ = rows(tmp_path, FULL)
    again, _ = rows(tmp_path, FULL)
    assert [_stored(post) for post in first] == [_stored(post) for post in again]
    assert _stored(first[0]).startswith("survey:")


def test_several_answers_of_one_person_are_one_voice(tmp_path: Path) -> None:
    lines = [f"R-1,Question {number},Answer {number}" for number in range(6)] + ["R-2,Question 1,Answer 1"]
    posts, errors = rows(tmp_path, "response id,question,answer\n" + "\n".join(lines))
    assert (len(posts), errors) == (7, [])  # an id that repeats for another question is no double
    assert authors(posts) == 2
    assert len({post.native_id for post in posts}) == 7


def test_the_token_that_counts_people_cannot_be_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here,), _ = rows(tmp_path, FULL)
    before = DOOR.admit(here, NOW, 1000).author_key
    monkeypatch.setattr("collectors.survey_answers._SALT", b"another process, another number")
    (there,), _ = rows(tmp_path, FULL)
    assert DOOR.admit(there, NOW, 1000).author_key != before
    assert there.native_id == here.native_id


def test_teams_and_places_of_five_people_are_kept_and_smaller_ones_not(tmp_path: Path) -> None:
    lines = [f"p{number},Payroll,Gera,fine" for number in range(5)]
    lines += [f"q{number},IT,Gera,fine" for number in range(4)]
    lines += ["r,Board,Gera,fine"] * 9  # nine answers of one person
    posts, _ = rows(tmp_path, "participant,team,location,answer\n" + "\n".join(lines))
    named = [(post.stated.get("team"), post.stated.get("location")) for post in posts]
    assert named == [("Payroll", "Gera")] * 5 + [(None, None)] * 13


@pytest.mark.parametrize(
    ("heading", "cell", "mapping", "score", "scale", "rating", "stars"),
    [
        ("score", "4", {}, "4", None, None, None),  # of 5? of 10? nobody said
        ("score", "4", {"scale": "=1-5"}, "4", "1-5", 4.0, "4"),
        ("score", "4", {"rating_scale": "10"}, "4", "0-10", 2.6, "2"),
        ("NPS", "9", {}, "9", "0-10", 4.6, "5"),
        ("eNPS", "7", {}, "7", "0-10", 3.8, "3"),
        ("score", "7/10", {}, "7", "0-10", 3.8, "3"),
        ("score", "75 %", {}, "75", "percent", 4.0, "4"),
        ("score", "0%", {}, "0", "percent", 1.0, "1"),
        ("score", "★★", {}, "2", "1-5", 2.0, "2"),
        ("score", "6,5", {"scale": "=1-7"}, "6.5", "1-7", 4.67, "5"),
        ("score", "n/a", {}, None, None, None, None),
    ],
)
def test_scores_become_stars_where_their_scale_is_known(
    tmp_path: Path, heading: str, cell: str, mapping: Mapping[str, str], score: str | None, scale: str | None,
    rating: float | None, stars: str | None,
) -> None:  # fmt: skip
    (post,), errors = rows(tmp_path, f'{heading},answer\n"{cell}",so so\n', mapping)
    assert errors == []
    found = tuple(post.stated.get(name) for name in ("score", "scale", "stars"))
    assert (*found, post.rating) == (score, scale, stars, rating)


def test_scores_that_are_none_are_told_and_lose_no_other(tmp_path: Path) -> None:
    posts, errors = rows(tmp_path, "score,answer\n9,a\n7,b\nhigh,c\n3,d\n,e\n2,\n,\n", {"scale": "=1-5"})
    assert [post.text for post in posts] == ["d", "e", ""]
    assert errors == [
        "line 2: rating: '9' is not between 1 and 5",
        "line 3: rating: '7' is not between 1 and 5",
        "line 4: rating: what stands there is not a score",
        "line 8: text: is empty",
    ] or errors[:3] == ["line 2: rating: '9' is not between 1 and 5", "line 3: rating: '7' is not between 1 and 5",
                        "line 4: rating: what stands there is not a score"]  # fmt: skip


def test_a_scale_that_is_none_is_told(tmp_path: Path) -> None:
    posts, errors = rows(tmp_path, "score,scale,answer\n4,1-5,a\n4,1-6,b\n")
    assert len(posts) == 1
    assert errors[0].startswith("line 3: scale: the scale must be one of 1-5")


@pytest.mark.parametrize(
    ("survey", "audience", "facet"),
    [("exit", "alumnus", "employer"), ("stay", "employee", "employer"), ("eNPS pulse", "employee", "employer"),
     ("customer satisfaction", "consumer", "brand"), ("canteen", "staff", "employer")],
)  # fmt: skip
def test_who_answers_and_of_what(tmp_path: Path, survey: str, audience: str, facet: str) -> None:
    (post,), _ = rows(tmp_path, f"survey type,answer\n{survey},Nothing.\n")
    said = stated({**post.stated, "kind": post.kind})
    assert said.audience is not None
    assert said.facet is not None
    assert (said.audience[0], said.facet[0]) == (audience, facet)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Herr Dr. Meier schreit", "Herr [person] schreit"),
        ("my manager Anna Schmidt yells", "my manager [person] yells"),
        ("meine Chefin heisst Anna", "meine Chefin heisst Anna"),
        ("Kollegin Anna half", "Kollegin [person] half"),
        ("the team lead, John, left", "the team lead, [person], left"),
        ("Mrs. O'Brien-Lee helps", "Mrs. [person] helps"),
        ("my number is P12345, ask", "my number is [person], ask"),
        ("we sold 12,345 units in 2025", "we sold 12,345 units in 2025"),
        ("The manager is rude. Pay is low.", "The manager is rude. Pay is low."),
    ],
)
def test_names_and_staff_numbers_in_the_words(text: str, masked: str) -> None:
    assert mask_names(text) == masked


@given(st.text(max_size=300))
def test_masking_takes_any_text(text: str) -> None:
    assert isinstance(mask_names(text), str)


def test_long_texts_are_masked_in_time() -> None:
    for piece in ("manager ", "Mr. A", "Aa", "1234 ", "a-", "manager is called "):
        assert mask_names(piece * 50_000)


def test_dates_are_cut_to_the_month_and_never_later_than_now() -> None:
    for published, month in (
        (None, NOW),
        (datetime(2099, 5, 5, tzinfo=UTC), NOW),
        (datetime(2025, 12, 31, 23, 30, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)),
    ):
        post = anonymous(RawPost("1", "x", published), NOW)
        assert post.published_at == month.replace(day=1, hour=0)


def test_a_file_read_over_the_end_of_a_month_is_of_one_month(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ending(datetime):
        looks = iter([datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC), *[datetime(2026, 3, 1, tzinfo=UTC)] * 9])

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Ending":
            return cls.fromtimestamp(next(cls.looks).timestamp(), tz)

    monkeypatch.setattr(survey_rows, "datetime", Ending)
    found, _ = rows(tmp_path, "response id,answer\n" + "".join(f"R-{n},Fine {n}\n" for n in range(5)))
    assert {post.published_at for post in found} == {datetime(2026, 2, 1, tzinfo=UTC)}


def test_ids_cannot_be_turned_back_and_stay_the_same() -> None:
    (one,), (again,), (other,) = (DOOR.keys_of(hidden_id(name)) for name in ("R-1", "R-1", "R-2"))
    assert one == again != other
    assert "R-1" not in one


def test_what_programs_send_has_no_team_and_only_known_words() -> None:
    sent = RawPost("1", "x", None, kind="survey", rating=4.0, stated={
        "survey_type": "Stay interview", "team": "Board", "location": "Gera", "respondent": "R-1", "employee": "Rosa",
        "score": "nonsense",
    })  # fmt: skip
    post = anonymous_sent(sent, NOW)
    assert post.stated == {
        "kind": "survey", "survey_type": "stay", "author_status": "current employee", "score": "nonsense", "stars": "4",
    }  # fmt: skip
    assert post.rating == 4.0
    assert authors([post, anonymous_sent(sent, NOW)]) == 1


def test_scores_that_nobody_can_read() -> None:
    for text in ("", "-", "n/a", "None"):
        assert read_score(text) is None
    for text in ("ten", "1e5", "-1", "101", "١٢", "5/5/5", "1" * 400):
        with pytest.raises(ValueError, match=r"score|between"):
            read_score(text)
    assert stated_of(None) == {}
    assert rating_of(read_score("5")) is None


def received(item: object, **options: Json) -> Delivered:
    checked = COLLECTOR.check_options(options)
    body = json.dumps(item).encode()
    request = CollectRequest(1, checked, (), {}, NOW, {"secret": SECRET})
    return COLLECTOR.receive(request, Delivery({HEADER: sign(SECRET, body, NOW)}, body))


def test_a_survey_tool_delivers_answers() -> None:
    payload = {"answers": [{"rid": 7, "q": "How is work?", "a": "Fine, says Frau Meier", "nps": 9, "mail": PEOPLE[1]}]}
    mapping = "items = answers\nnative_id = rid\ntitle = q\ntext = a\nstated.score = nps\nstated.respondent = mail"
    (post,) = received(payload, survey_type="engagement", scale="0-10", mapping=mapping).posts
    assert (post.kind, post.title, post.text) == ("survey", "How is work?", "Fine, says Frau [person]")
    assert (post.stated["survey_type"], post.stated["stars"], post.rating) == ("engagement", "5", 4.6)
    assert "rosa" not in repr(DOOR.admit(post, NOW, 1000))


def test_what_the_item_says_goes_before_the_options() -> None:
    item = {"native_id": "1", "text": "x", "kind": "post", "stated": {"survey_type": "csat"}}
    (post,) = received(item, survey_type="exit").posts
    assert (post.kind, post.stated["survey_type"], post.stated["author_status"]) == ("survey", "csat", "customer")
    assert received({"native_id": "1", "stated": 5}, survey_type="exit").rejected[0].field == "stated"


def test_options_are_checked() -> None:
    assert COLLECTOR.check_options({}) == {"survey_type": "", "scale": "", "mapping": ""}
    for name, value in (("survey_type", "party"), ("scale", "1-6"), ("mapping", "x"), ("mapping", 5)):
        with pytest.raises(ValueError, match=f"^{name}: "):
            COLLECTOR.check_options({name: value})
    assert COLLECTOR.map_item({}) is None
