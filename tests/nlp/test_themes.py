import tomllib

import pytest

from nlp.themes import LEXICON, find_themes, is_protected, theme_facets, theme_spans


@pytest.mark.parametrize(
    ("text", "theme"),
    [
        ("The salary is far below market", "pay"),
        ("My manager micromanages everything", "management"),
        ("Burnout everywhere, 60 hour weeks", "workload"),
        ("Toxic culture, bullying is normal", "culture"),
        ("No promotion in four years", "growth"),
        ("Laid off by e-mail on a Friday", "job_security"),
        ("Two interviews, then ghosted by the recruiter", "hiring_process"),
        ("They want everyone back in the office", "flexibility"),
        ("No hard hats on site and two fell off a ladder", "safety"),
        ("Health insurance and pension are great", "benefits"),
        ("Way overpriced for what it is", "price"),
        ("It broke after two days", "quality"),
        ("Customer service hung up on me", "service"),
        ("My parcel never arrived", "delivery"),
        ("The app is confusing", "usability"),
        ("They sold my data, privacy means nothing", "trust"),
    ],
)
def test_every_theme_is_found(text: str, theme: str) -> None:
    assert theme in find_themes(text)


def test_only_whole_words_count() -> None:
    assert find_themes("The cape display was priceless to behold") == find_themes("")


def test_a_customer_does_not_speak_of_management() -> None:
    text = "The store manager refused my refund"
    assert find_themes(text, "brand") == ("price", "service")
    assert "management" in find_themes(text, "both")


def test_an_employee_does_not_speak_of_delivery() -> None:
    assert "delivery" not in find_themes("I load parcels and the pay is fine, wage on time", "employer")


def test_curly_apostrophes_and_capitals_match() -> None:
    assert "quality" in find_themes("IT DOESN\u2019T WORK")


def test_every_theme_has_a_facet() -> None:
    assert set(theme_facets().values()) == {"brand", "employer"}


@pytest.mark.parametrize(
    "text",
    [
        "We are voting for a union next week",
        "Talks about unionising started in the depot",
        "Der Betriebsrat hat zugestimmt",
        "The works council was not asked",
        "Workers went on strike over pay",
        "I blew the whistle on the safety reports",
        "She is a whistleblower",
        "Picket line outside gate 3",
        "Collective bargaining starts in May",
    ],
)
def test_protected_activity_is_recognised_and_never_a_theme(text: str) -> None:
    assert is_protected(text)
    assert find_themes(text + " and the salary is low") == ()


@pytest.mark.parametrize("text", ["Western Union... no: a reunion of friends", "The opinions are striking", ""])
def test_words_that_only_look_alike(text: str) -> None:
    assert not is_protected(text)


def test_a_huge_text_is_cut_before_matching() -> None:
    assert find_themes("salary " + "x" * 5_000_000) == ("pay",)


@pytest.mark.parametrize(
    ("text", "facet", "theme"),
    [
        ("My manager sent me to anger management", "brand", "management"),
        ("The hours on the door are wrong", "brand", "workload"),
        ("Paid time off and paid parental leave", "employer", "pay"),
        ("Psychological safety is a word they like", "employer", "safety"),
        ("Machine learning for everyone", "employer", "growth"),
        ("The nurse said the NHS trust is fine", "brand", "trust"),
        ("Exit interview tomorrow", "employer", "hiring_process"),
        ("The share price fell by two percent", "brand", "price"),
        ("A restaurant with spring break parties", "employer", "workload"),
    ],
)
def test_words_that_mean_something_else_there(text: str, facet: str, theme: str) -> None:
    assert theme not in find_themes(text, facet)


def test_some_words_mean_a_theme_only_on_its_side() -> None:
    text = "The hours are long enough"
    assert find_themes(text, "employer") == ("workload",)
    assert find_themes(text, "both") == ("workload",)
    assert find_themes(text, "brand") == find_themes(text, "neither") == find_themes(text) == ()


@pytest.mark.parametrize(
    ("text", "themes"),
    [
        ("Das Gehalt ist niedrig, aber die Kollegen sind nett", {"pay", "culture"}),
        ("Der Kundenservice ist eine Frechheit, das Paket kam nie", {"service", "delivery"}),
        ("Heures sup jamais payées et un salaire de misère", {"pay", "workload"}),
        ("Livraison en retard et remboursement refusé", {"delivery", "price"}),
        ("El sueldo es bajo y mi jefe grita", {"pay", "management"}),
        ("El pedido llegó tarde y la atención al cliente no sirve", {"delivery", "service"}),
        ("Salário atrasado e vale refeição cortado", {"pay", "benefits"}),
        ("O aplicativo não funciona e a entrega atrasou", {"usability", "quality", "delivery"}),
        ("Stipendio basso, straordinari ogni sera", {"pay", "workload"}),
        ("Il corriere è in ritardo e nessuno risponde", {"delivery", "service"}),
    ],
)
def test_other_languages_are_found(text: str, themes: set[str]) -> None:
    assert themes <= set(find_themes(text, "both"))


def test_accents_do_not_matter() -> None:
    assert find_themes("salario minimo e nomina") == find_themes("salario mínimo e nómina") == ("pay",)


def test_no_word_of_the_lexicon_stands_on_both_sides_of_a_theme() -> None:
    raw = tomllib.loads(LEXICON.read_text(encoding="utf-8"))
    for name, theme in raw["themes"].items():
        assert not set(theme["terms"]) & set(theme["never"]), name
        assert not set(theme["terms"]) & set(theme["facet_terms"]), name
        assert {"de", "fr", "es", "pt", "it"} <= theme.keys(), name


def spans_of(text: str, facet: str | None = None) -> list[tuple[str, str]]:
    return [(span.theme, text[span.start : span.end]) for span in theme_spans(text, facet)]


def test_spans_point_at_the_words_as_they_were_written() -> None:
    text = "  The\u00a0 SALARY,\n the\tWork-Life   balance: \u201cStra\u00dfe\u201d, d\u00e9finitely underpaid."
    assert spans_of(text) == [("pay", "SALARY"), ("workload", "Work-Life   balance"), ("pay", "underpaid")]


def test_spans_of_one_theme_do_not_overlap() -> None:
    assert [words for theme, words in spans_of("No job offer letter came") if theme == "hiring_process"] == [
        "job offer letter"
    ]


def test_spans_of_a_huge_text_lie_at_its_ends() -> None:
    text = "salary " + "x" * 100_000 + " the wages are late"
    assert spans_of(text) == [("pay", "salary"), ("pay", "wages")]


@pytest.mark.parametrize("facet", [None, "brand", "employer", "both", "neither"])
def test_spans_and_themes_agree(facet: str | None) -> None:
    text = "The store manager is rude, the pay is low, the app crashes and my parcel never arrived"
    assert {span.theme for span in theme_spans(text, facet)} == set(find_themes(text, facet))


def test_protected_activity_has_no_spans() -> None:
    assert theme_spans("Our union talks about the salary") == ()
