import pytest

from nlp.heads import Thresholds
from nlp.result import AUDIENCES, STAFF, UNKNOWN, UNSURE, Verdict
from nlp.verdict import apply_stated, audience_verdict, facet_verdict, sentiment_verdict, stated, unread

THRESHOLDS = Thresholds(sentiment=0.6, audience=dict.fromkeys(AUDIENCES, 0.7), staff=0.8, languages={})


def audience(consumer: float, employee: float, alumnus: float, candidate: float, other: float) -> Verdict:
    scores = dict(zip(AUDIENCES, (consumer, employee, alumnus, candidate, other), strict=True))
    return audience_verdict(scores, THRESHOLDS)


def test_sentiment_abstains_below_its_confidence() -> None:
    assert sentiment_verdict({"negative": 0.59, "neutral": 0.3, "positive": 0.11}, 0.6).label == UNSURE
    assert sentiment_verdict({"negative": 0.6, "neutral": 0.3, "positive": 0.1}, 0.6).label == "negative"


def test_no_scores_are_no_verdict() -> None:
    assert sentiment_verdict({}, 0.6).label == UNSURE


def test_audience_needs_its_threshold() -> None:
    assert audience(0.7, 0.1, 0.1, 0.05, 0.05).label == "consumer"
    assert audience(0.6, 0.2, 0.1, 0.05, 0.05).label == UNKNOWN


def test_employee_or_alumnus_undecided_is_staff() -> None:
    assert audience(0.1, 0.45, 0.4, 0.03, 0.02).label == STAFF
    assert audience(0.05, 0.8, 0.1, 0.03, 0.02).label == "employee"


def test_facet_is_the_likeliest() -> None:
    assert facet_verdict({"brand": 0.2, "employer": 0.3, "both": 0.4, "neither": 0.1}).label == "both"


@pytest.mark.parametrize(
    ("status", "label"),
    [
        ("Former Employee", "alumnus"),
        ("current employee", "employee"),
        ("candidate", "candidate"),
        ("Customer", "consumer"),
        ("former customer", "consumer"),
        ("Former", "alumnus"),
        ("current employee, user research", "employee"),
    ],
)
def test_author_status_is_read(status: str, label: str) -> None:
    assert stated({"author_status": status}).audience == (label, f"source: {status.lower()}")


@pytest.mark.parametrize(
    ("stars", "label"),
    [("1", "negative"), ("2", "negative"), ("4", "positive"), ("5", "positive"), ("4,5", "positive")],
)
def test_stars_are_sentiment(stars: str, label: str) -> None:
    assert stated({"stars": stars}).sentiment == (label, f"source: {stars} stars")


@pytest.mark.parametrize("stars", ["3", "", "0", "6", "five", "nan", "-1", "inf"])
def test_other_stars_say_nothing(stars: str) -> None:
    assert stated({"stars": stars}).sentiment is None


def test_the_own_account_is_other_whatever_else_is_said() -> None:
    assert stated({"own_account": "yes", "author_status": "current employee"}).audience == (
        "other",
        "source: own account",
    )


def test_a_review_by_staff_is_about_the_employer_and_by_a_customer_about_the_brand() -> None:
    assert stated({"kind": "review", "author_status": "former employee"}).facet == (
        "employer",
        "source: review by alumnus",
    )
    assert stated({"kind": "review", "author_status": "customer"}).facet == ("brand", "source: review by consumer")
    assert stated({"kind": "post", "author_status": "current employee"}).facet is None


def test_a_site_about_the_employer_says_so_for_whoever_writes_there() -> None:
    assert stated({"kind": "post", "facet": "employer"}).facet == ("employer", "source: a site about the employer")
    assert stated({"kind": "review", "facet": "weather"}).facet is None


def test_a_survey_is_staff_unless_the_words_tell_more() -> None:
    said = stated({"kind": "survey"})
    verdicts, _ = unread("no words", empty=True)
    assert apply_stated(verdicts, {}, said)[0]["audience"].label == STAFF
    told = {**verdicts, "audience": Verdict("alumnus", {"alumnus": 0.9})}
    assert apply_stated(told, {}, said)[0]["audience"].label == "alumnus"


def test_the_source_beats_the_model_and_is_evidence() -> None:
    verdicts = {
        "sentiment": Verdict("positive", {"positive": 0.9}),
        "audience": Verdict("consumer", {"consumer": 0.9}),
        "facet": Verdict("brand", {"brand": 1.0}),
    }
    told, evidence = apply_stated(verdicts, {}, stated({"author_status": "former employee", "stars": "1"}))
    assert (told["audience"].label, told["sentiment"].label) == ("alumnus", "negative")
    assert told["audience"].scores["alumnus"] == 1.0
    assert evidence == {"audience": "source: former employee", "sentiment": "source: 1 stars"}


def test_a_text_nobody_read_is_shown_to_both_sides() -> None:
    verdicts, evidence = unread("language xx not supported", empty=False)
    assert [verdicts[head].label for head in ("sentiment", "audience", "facet")] == [UNSURE, UNKNOWN, "both"]
    assert set(evidence.values()) == {"language xx not supported"}
