"""Keys of sources: write-only, sealed, and never where anybody reads."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from collectors.base import CollectError
from config.company import ProfileError
from config.settings import Settings
from storage import profile, sources
from storage.viewer import NotAllowed, NotFound
from tests import factories as make
from tests.factories import ADMINISTRATOR, HOUR, MARKETING, NOW
from tests.scripted import Scripted, register

KEY = "sk-very-secret"


@pytest.fixture(autouse=True)
def _kind(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch, Scripted())


def a_source(session: Session, **more: object) -> int:
    return sources.add_source(session, ADMINISTRATOR, "scripted", "S", {}, NOW, **more)  # type: ignore[arg-type]


def row(session: Session, source_id: int, viewer: object = ADMINISTRATOR) -> sources.SourceRow:
    session.expire_all()
    found = sources.list_sources(session, viewer, NOW)  # type: ignore[arg-type]
    return next(each for each in found if each.id == source_id)


def sealed(session: Session, source_id: int) -> str | None:
    found: str | None = session.scalar(text("SELECT credentials FROM sources WHERE id = :id"), {"id": source_id})
    return found


def test_keys_are_stored_sealed_and_only_their_names_are_shown(session: Session) -> None:
    source_id = a_source(session, credentials={"token": KEY})
    stored = sealed(session, source_id)
    assert stored is not None
    assert KEY not in stored
    assert sources.open_credentials(stored) == {"token": KEY}
    assert sources.credential_names(session, ADMINISTRATOR, source_id) == ("token",)
    assert row(session, source_id).credential_names == ("token",)
    assert row(session, source_id, MARKETING).credential_names == ()
    assert KEY not in repr(row(session, source_id))
    claimed = sources.claim(session, source_id, NOW)
    assert stored not in repr(claimed)


def test_a_source_without_its_keys_says_so_until_it_has_them(session: Session) -> None:
    source_id = a_source(session)
    assert (row(session, source_id).state, row(session, source_id).missing_credentials) == ("needs keys", True)
    sources.set_credentials(session, ADMINISTRATOR, source_id, {"token": KEY}, NOW)
    assert (row(session, source_id).state, row(session, source_id).missing_credentials) == ("never run", False)


def test_new_keys_are_tried_at_once_and_begin_without_the_old_error(session: Session) -> None:
    source_id = a_source(session, credentials={"token": "old"})
    run = sources.claim(session, source_id, NOW)
    assert run is not None
    sources.fail_run(session, run.run_id, CollectError("unauthorized", "refused", permanent=True), NOW)
    assert sources.due_sources(session, NOW + HOUR) == []
    sources.set_credentials(session, ADMINISTRATOR, source_id, {"token": KEY}, NOW + HOUR)
    assert sources.due_sources(session, NOW + HOUR) == [source_id]
    assert row(session, source_id).error_reason is None


def test_keys_entered_while_a_run_with_the_old_ones_fails_are_tried_all_the_same(session: Session) -> None:
    source_id = a_source(session, credentials={"token": "old"})
    run = sources.claim(session, source_id, NOW)
    assert run is not None
    sources.set_credentials(session, ADMINISTRATOR, source_id, {"token": KEY}, NOW + timedelta(seconds=5))
    later = NOW + timedelta(seconds=9)
    sources.fail_run(session, run.run_id, CollectError("unauthorized", "refused", permanent=True), later)
    assert sources.due_sources(session, later) == [source_id]


def test_keys_are_merged_and_an_empty_one_is_taken_away(session: Session) -> None:
    source_id = a_source(session, credentials={"token": KEY})
    sources.set_credentials(session, ADMINISTRATOR, source_id, {"spare": " two "}, NOW)
    assert sources.open_credentials(sealed(session, source_id)) == {"token": KEY, "spare": "two"}
    sources.set_credentials(session, ADMINISTRATOR, source_id, {"spare": ""}, NOW)
    assert sources.credential_names(session, ADMINISTRATOR, source_id) == ("token",)
    sources.set_credentials(session, ADMINISTRATOR, source_id, {"token": ""}, NOW)
    assert sealed(session, source_id) is None


@pytest.mark.parametrize(("given", "name"), [({"nonsense": "x"}, "nonsense"), ({"spare": "x"}, "token"),
                                             ({"token": "a\x00b"}, "token")])  # fmt: skip
def test_what_is_wrong_with_keys_is_told_by_name_without_them(
    session: Session, given: dict[str, str], name: str
) -> None:
    source_id = a_source(session)
    with pytest.raises(ValueError, match=f"^{name}: ") as caught:
        sources.set_credentials(session, ADMINISTRATOR, source_id, given, NOW)
    assert "a\x00b" not in str(caught.value)
    assert sealed(session, source_id) is None


def test_a_seal_of_another_key_waits_for_a_person(session: Session, settings: Callable[..., Settings]) -> None:
    source_id = a_source(session, credentials={"token": KEY})
    settings(secret_key="another" * 8)
    with pytest.raises(CollectError) as caught:
        sources.open_credentials(sealed(session, source_id))
    assert (caught.value.reason, caught.value.permanent) == ("needs_credentials", True)
    assert row(session, source_id).state == "needs keys"
    sources.set_credentials(session, ADMINISTRATOR, source_id, {"token": KEY}, NOW)
    assert row(session, source_id).state == "never run"


def test_only_administrators_touch_keys(session: Session) -> None:
    source_id = a_source(session)
    with pytest.raises(NotAllowed):
        sources.set_credentials(session, MARKETING, source_id, {"token": KEY}, NOW)
    with pytest.raises(NotAllowed):
        sources.credential_names(session, MARKETING, source_id)
    with pytest.raises(NotFound):
        sources.credential_names(session, ADMINISTRATOR, 10**6)


PROFILE = make.PROFILE + '\n[[sources]]\nkind = "scripted"\nname = "P"\nkeep_days = 30\ncredentials = {{ {keys} }}\n'


def _load(session: Session, keys: str, origin: str = "file") -> int:
    profile.save_profile(session, PROFILE.format(keys=keys), origin=origin, user_id=None, now=NOW)
    return sources.find_source(session, "P") or 0


def test_a_profile_names_where_its_keys_are(session: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SCRIPTED_TOKEN", KEY)
    (tmp_path / "spare").write_text("two\n")
    source_id = _load(session, f'token = "env:SCRIPTED_TOKEN", spare = "file:{tmp_path}/spare"')
    assert sources.open_credentials(sealed(session, source_id)) == {"token": KEY, "spare": "two"}
    assert KEY not in (session.scalar(text("SELECT string_agg(toml, '') FROM profile_versions")) or "")
    assert row(session, source_id).keep_days == 30
    before = sealed(session, source_id)
    _load(session, f'token = "env:SCRIPTED_TOKEN", spare = "file:{tmp_path}/spare"')
    assert sealed(session, source_id) == before  # unchanged keys are not sealed anew
    monkeypatch.setenv("SCRIPTED_TOKEN", "rotated")
    _load(session, 'token = "env:SCRIPTED_TOKEN"')
    assert sources.open_credentials(sealed(session, source_id)) == {"token": "rotated"}


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (f'token = "{KEY}"', "a key itself must not stand here"),
        ('token = "env:"', "env:NAME"),
        ('token = "env:SURELY_NOT_SET"', "SURELY_NOT_SET is not set"),
        ('token = "file:/surely/not/there"', "cannot be read"),
        ('nonsense = "env:HOME"', "nonsense"),
    ],
)
def test_a_profile_with_a_key_or_a_bad_reference_is_refused_whole(session: Session, keys: str, words: str) -> None:
    with pytest.raises(ProfileError, match=words) as caught:
        _load(session, keys)
    assert KEY not in str(caught.value)
    assert session.scalar(text("SELECT count(*) FROM profile_versions")) == 0


def test_the_dashboard_keeps_references_and_makes_no_new_ones(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_TOKEN", KEY)
    source_id = _load(session, 'token = "env:SCRIPTED_TOKEN"')
    monkeypatch.delenv("SCRIPTED_TOKEN")  # the web process need not have it
    assert _load(session, 'token = "env:SCRIPTED_TOKEN"', "dashboard") == source_id
    assert sources.open_credentials(sealed(session, source_id)) == {"token": KEY}
    with pytest.raises(ProfileError, match=r"company\.toml"):
        _load(session, 'token = "file:/etc/passwd"', "dashboard")
