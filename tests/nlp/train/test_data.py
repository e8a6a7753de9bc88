import gzip
import json
import random
from pathlib import Path

import pytest

from nlp.result import AUDIENCES, FACETS, SENTIMENTS
from nlp.train.apart import apart_sets
from nlp.train.data import (
    CORPUS,
    Row,
    corpus_rows,
    detokenised,
    disguised,
    epoch_rows,
    one_hot,
    public_rows,
    read_jsonl,
    varied,
    window,
)
from nlp.train.recipe import RECIPES, Recipe


def test_one_hot_keeps_a_little_for_the_others() -> None:
    assert one_hot("neutral", SENTIMENTS, 0.9) == pytest.approx((0.05, 0.9, 0.05))
    assert one_hot(None, SENTIMENTS) is None


def test_an_absent_set_is_skipped_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OUTSPOKEN_SHARED", str(tmp_path))
    assert public_rows("train") == []
    assert "set absent, skipped: semeval2013_2016" in caplog.text


def test_held_out_companies_and_other_languages_stay_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = [
        {"text": "seen", "split": "train", "lang": "en", "company": "TD", "audience": "employee"},
        {"text": "unseen", "split": "train", "lang": "en", "company": "Wells Fargo", "audience": "employee"},
        {"text": "fremd", "split": "train", "lang": "de", "company": "TD", "audience": "employee"},
        {"text": "later", "split": "dev", "lang": "en", "company": "TD", "audience": "employee"},
    ]
    folder = tmp_path / "data" / "nlp"
    folder.mkdir(parents=True)
    content = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "glassdoor_banks.jsonl.gz").write_bytes(gzip.compress(content.encode()))
    monkeypatch.setenv("OUTSPOKEN_SHARED", str(tmp_path))
    assert [row.text for row in public_rows("train")] == ["seen"]
    assert [row.text for row in apart_sets()["glassdoor_banks:dev"]] == ["later"]
    assert [row.text for row in apart_sets()["glassdoor_banks:unseen"]] == ["unseen"]


def test_non_commercial_sets_teach_only_on_request() -> None:
    files = {recipe.file for recipe in RECIPES if not recipe.non_commercial}
    assert files.isdisjoint({"airline_tweets", "spotify_support_tweets", "news_phrasebank"})
    assert "reddit_retail_callcenter_titles" not in files


def test_targets_are_distributions() -> None:
    raw = {"audience": "alumnus", "audience_from": "platform_flag", "cue": "none", "sentiment": "positive"}
    for recipe in RECIPES:
        for target, labels in ((recipe.audience_target(raw), AUDIENCES), (recipe.facet_target(raw), FACETS)):
            if target is not None:
                assert len(target) == len(labels)
                assert sum(target) == pytest.approx(1.0)


def test_a_tick_box_is_trusted_only_where_the_words_tell() -> None:
    recipe = Recipe("x", 1, audience="field")
    told = recipe.audience_target({"audience": "alumnus", "audience_from": "platform_flag", "cue": "alumnus"})
    silent = recipe.audience_target({"audience": "alumnus", "audience_from": "platform_flag", "cue": "none"})
    assert told is not None
    assert silent is not None
    assert told[2] > 0.9
    assert silent[1] + silent[2] > 0.9 > silent[2]


def test_our_own_posts_are_well_formed() -> None:
    texts = []
    for path in sorted(CORPUS.glob("*.jsonl")):
        for row in read_jsonl(path):
            assert row["audience"] in (*AUDIENCES, "unknown")
            assert row["facet"] in FACETS
            assert row["sentiment"] in SENTIMENTS
            texts.append((str(row["text"]), row.get("target")))
    assert len(texts) == len(set(texts)) > 1_000


def test_the_held_out_batches_are_not_trained_on() -> None:
    kept, trained = ({row.text for row in corpus_rows(held_out=apart)} for apart in (True, False))
    assert kept
    assert kept.isdisjoint(trained)


def test_a_window_is_made_of_whole_sentences() -> None:
    text = "One two three. Four five six! Seven eight?\nNine ten."
    for seed in range(20):
        assert window(text, random.Random(seed)) in text.replace("\n", " ")


def test_a_part_of_a_review_loses_its_stars() -> None:
    long = " ".join(f"Sentence number {number} of a long review." for number in range(60))
    row = Row(long, "glassdoor_banks", sentiment=(1.0, 0.0, 0.0))
    assert varied(row, random.Random(1)).sentiment is None
    assert varied(Row("Short and bad.", "glassdoor_banks", sentiment=(1.0, 0.0, 0.0)), random.Random(1)).sentiment


def test_company_names_are_replaced() -> None:
    assert "PNC" not in varied(Row("I like PNC Bank a lot", "indeed_bank_pnc"), random.Random(3)).text


def test_disguise_keeps_the_words() -> None:
    for seed in range(30):
        words = disguised("@user the till was closed.", random.Random(seed))
        assert "the till was closed" in words


def test_an_epoch_samples_each_source_and_repeats_our_own() -> None:
    public = [Row(f"tweet {number}", "semeval2013_2016") for number in range(30_000)]
    rows = epoch_rows(public, [Row("ours", "corpus")], random.Random(1))
    assert sum(row.source == "semeval2013_2016" for row in rows) == 22_000
    assert sum(row.source == "corpus" for row in rows) == 3


def test_old_tokenising_is_undone() -> None:
    assert detokenised("The food was n't bad , -LRB- really -RRB- !") == "The food wasn't bad, (really)!"
