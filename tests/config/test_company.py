from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.company import CompanyProfile, ProfileError, dump_profile, key_of, load_profile
from config.matching import Matcher
from config.profile import MAX_RIVALS
from config.query import parse_query
from config.recipients import MAX_LIST
from config.tokens import tokens_of

EXAMPLE = Path(__file__).resolve().parents[2] / "company.example.toml"
SMALL = '[company]\nname = "Acme"\n'

terms = st.text(min_size=1, max_size=30, alphabet=st.characters(exclude_categories=["Cc", "Cs"])).filter(
    lambda term: 0 < len(tokens_of(term)) <= 20 and not term.strip().endswith("*")
)


def problems(toml: str) -> dict[str, tuple[int | None, str]]:
    with pytest.raises(ProfileError) as caught:
        load_profile(toml)
    return {problem.field: (problem.line, problem.message) for problem in caught.value.problems}


def test_the_example_parses_and_survives_writing() -> None:
    profile = load_profile(EXAMPLE.read_text(encoding="utf-8"))
    assert profile.company.key == "acme-bank"
    assert profile.sources[0].options == {"backfill_days": 30}
    assert load_profile(dump_profile(profile)) == profile


def test_the_example_keeps_and_drops_what_it_says() -> None:
    targets = load_profile(EXAMPLE.read_text(encoding="utf-8")).targets()
    matcher = Matcher({target.key: parse_query(target.query) for target in targets})
    assert [target.is_own for target in targets] == [True, False, False]
    assert matcher.match("My Acme Bank card was declined") == {"acme-bank"}
    assert matcher.match("@acmebank are hiring, Contoso is not") == {"acme-bank", "contoso-bank"}
    assert matcher.match("Acme Bank sponsors the marathon") == frozenset()
    assert matcher.match("the card of Wile E. Coyote is by AcmeBank") == frozenset()


def test_an_own_query_replaces_the_built_one() -> None:
    profile = load_profile(SMALL + "excluded = ['river']\nquery = 'acme AND app'\n")
    assert profile.targets()[0].query == "acme AND app"


def test_search_terms_are_plain_names_each_once() -> None:
    profile = load_profile(
        '[company]\nname = "Acme"\naliases = ["ACME", "acme*"]\nproducts = ["Rocket"]\n[[rivals]]\nname = "Contoso"'
    )
    assert profile.search_terms() == ("Acme", "Rocket", "Contoso")


def test_every_problem_is_named_with_its_line() -> None:
    found = problems(
        """[company]
nme = "x"
products = "x"
query = "a AND ("
careers_hosts = ["https://a.example/jobs"]

[[rivals]]
name = "A"
[[rivals]]
name = "B"
excluded = ["fine", "&&"]

[[recipients]]
email = "a@b@c"
severity = "hgh"
[colour]
"""
    )
    assert found["company.name"] == (1, "is missing")
    assert found["company.nme"] == (2, "is not known; did you mean name?")
    assert found["company.products"] == (3, "must be a list, in brackets")
    assert found["company.query"] == (4, "column 7: This parenthesis is never closed.")
    assert found["company.careers_hosts[0]"][0] == 5
    assert found["rivals[1].excluded[1]"] == (11, "has no letter or digit and would never be found")
    assert found["recipients[0].email"][0] == 14
    assert found["recipients[0].severity"][0] == 15
    assert found["colour"][0] == 16
    assert len(found) == 9


@pytest.mark.parametrize(
    ("toml", "field", "line", "words"),
    [
        ("x = = 1", "", 1, "column 5"),
        ("", "company", None, "missing"),
        ("company = 3", "company", 1, "table"),
        ("a = " + "[" * 20_000, "", None, "deeply"),
        ("#" * 1_100_000, "", None, "characters"),
        (SMALL + "aliases = [" + '"x",' * (MAX_LIST + 1) + "]", "company.aliases", 3, "more than 200"),
        (SMALL + f"aliases = ['{'x' * 101}']", "company.aliases[0]", 3, "longer than 100"),
        (SMALL + 'aliases = ["a\\nb"]', "company.aliases[0]", 3, "line breaks"),
        (SMALL + 'aliases = ["acme b*"]', "company.aliases[0]", 3, "single word"),
        (SMALL + f"aliases = ['{'東' * 41}']", "company.aliases[0]", 3, "40 words"),
        (SMALL + 'key = "Acme Bank"', "company.key", 3, "hyphens"),
        (SMALL + '[[rivals]]\nname = "acme"', "", None, "key of the company"),
        (SMALL + '[[rivals]]\nname = "b"\n' * 2, "rivals", None, "twice"),
        (
            SMALL + "".join(f'[[rivals]]\nname = "r{n}"\n' for n in range(MAX_RIVALS + 1)),
            "rivals",
            None,
            "more than 20",
        ),
        (SMALL + '[[sources]]\nurl = "x"', "sources[0].kind", 3, "missing"),
        (SMALL + '[[sources]]\nkind = "feed"\nsince = 2020-01-01', "sources[0].since", 5, "must be text"),
        (SMALL + '[[sources]]\nkind = "feed"\nname = "News"\n' * 2, "sources", None, "“feed, News” stands here twice"),
        (SMALL + '[[recipients]]\nemail = "a@b.example\\nBcc: x@y.example"', "recipients[0].email", 4, "line breaks"),
        (SMALL + '[[company.accounts]]\nplatfrm = "x"', "company.accounts[0].platfrm", 4, "did you mean platform"),
    ],
)
def test_bad_profiles(toml: str, field: str, line: int | None, words: str) -> None:
    found = problems(toml)
    assert words in found[field][1]
    assert found[field][0] == line or field in {"rivals", "sources"}


def test_sources_of_different_kinds_may_share_a_name() -> None:
    profile = load_profile(SMALL + "".join(f'[[sources]]\nkind = "{kind}"\nname = "Acme"\n' for kind in ("feed", "x")))
    assert [source.kind for source in profile.sources] == ["feed", "x"]


def test_lines_are_found_in_awkward_files() -> None:
    padding = "'''acme\n[" + " " * 100_000 + "\n'''"
    assert problems(SMALL + f"required = [{padding}]\n  [[ rivals ]] # two\r\n'nmae' = 1\n")["rivals[0].nmae"][0] == 7


def test_the_error_reads_as_a_list() -> None:
    with pytest.raises(ProfileError, match=r"company\.nme \(line 2\): is not known"):
        load_profile('[company]\nnme = "Acme"')


@pytest.mark.parametrize(
    ("name", "key"), [("Acme & Sons", "acme-sons"), ("Müller AG", "muller-ag"), ("a" * 60, "a" * 40)]
)
def test_keys_from_names(name: str, key: str) -> None:
    assert key_of(name) == key


def test_a_name_without_latin_letters_gets_a_fixed_key() -> None:
    assert key_of("楽天").startswith("company-")
    assert key_of("楽天") == key_of("楽天") != key_of("任天堂")


@given(terms, st.lists(terms, max_size=4), st.lists(terms, max_size=2))
def test_any_words_give_a_query_that_finds_them(name: str, aliases: list[str], required: list[str]) -> None:
    profile = CompanyProfile.model_validate({"company": {"name": name, "aliases": aliases, "required": required}})
    matcher = Matcher({"own": parse_query(profile.targets()[0].query)})
    for alias in [name, *aliases]:
        assert matcher.match(f"{required[0] if required else ''} | {alias}") == {"own"}
    assert load_profile(dump_profile(profile)) == profile


def test_options_of_sources_survive_writing() -> None:
    options = {
        "url": 'https://a.example/"x"',
        "tags": ["a", "b"] * 30,
        "n": -3,
        "f": 0.5,
        "on": True,
        "t": {"a b": [1]},
    }
    profile = CompanyProfile.model_validate(
        {"company": {"name": "Acme"}, "sources": [{"kind": "feed", "name": "F", **options}]}
    )
    assert profile.sources[0].options == options
    assert load_profile(dump_profile(profile)) == profile


def test_who_is_told_is_checked_field_by_field() -> None:
    found = problems(
        SMALL
        + """[[recipients]]
email = "a@b.example"
audiences = ["customers"]
kinds = ["volume_spike", "thunder"]
languages = ["english"]
quiet_hours = "22-7"
timezone = "Berlin"
daily_cap = 0
[[on_call]]
name = "PR"
people = []
from = "soon"
[escalation]
after_minutes = 0
"""
    )
    fields = ("audiences[0]", "kinds[1]", "languages[0]", "quiet_hours", "timezone", "daily_cap")
    assert [found[f"recipients[0].{field}"][0] for field in fields] == [5, 6, 7, 8, 9, 10]
    assert found["recipients[0].timezone"][1] == "is no time zone; write one such as Europe/Berlin"
    assert found["on_call[0].people"][0] == 13
    assert found["on_call[0].from"][0] == 14
    assert found["escalation.after_minutes"][0] == 16


@pytest.mark.parametrize("to", ['["PR"]', '["nobody@"]', "[]"])
def test_an_escalation_leads_to_an_address_or_a_rota(to: str) -> None:
    line, _ = problems(f"{SMALL}[escalation]\nto = {to}\n")["escalation.to"]
    assert line == 4


def test_quiet_hours_are_written_alike_and_dates_survive() -> None:
    profile = load_profile(
        f'{SMALL}[[recipients]]\nemail = "a@b.example"\nquiet_hours = "22:00 – 07:00"\n'
        '[[on_call]]\nname = "PR"\npeople = ["a@b.example"]\nfrom = 2026-01-05\n[escalation]\nto = "PR"\n'
    )
    assert profile.recipients[0].quiet_hours == "22:00-07:00"
    assert load_profile(dump_profile(profile)) == profile


def test_more_recipients_than_possible_are_one_clear_error() -> None:
    many = "".join(f'[[recipients]]\nemail = "p{number}@acme.example"\n' for number in range(10_000))
    assert problems(SMALL + many) == {"recipients": (None, f"has more than {MAX_LIST} entries")}
