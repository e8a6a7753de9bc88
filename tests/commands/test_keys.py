"""`manage.py key rotate …`."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, select

from commands.keys import drop_own_keys, make_own_key
from config.sealing import Seal
from config.settings import Settings, get_settings
from storage import credentials, db, key_rotation
from storage.models.mentions import Mention
from storage.models.sources import Source
from tests import factories as make
from tests.commands.conftest import Runner

pytestmark = pytest.mark.usefixtures("clean_database")
ChangeSettings = Callable[..., Settings]


@pytest.fixture
def heard(clean_database: Engine, settings: ChangeSettings, tmp_path: Path) -> None:
    settings(data_dir=tmp_path, secret_key="secret number one")
    with db.transaction() as session:
        make.heard(session, make.set_up(session), ["Acme is fine", "Acme is good"])


@pytest.mark.usefixtures("heard")
def test_a_new_key_is_taken_into_use_and_a_wrong_one_is_told(run: Runner, settings: ChangeSettings) -> None:
    assert "in force already" in run("key", "rotate", "pseudonyms").said
    settings(pseudonym_key="a new key", secret_key="another secret")
    for words in (("migrate",), ("key", "rotate", "pseudonyms")):
        ran = run(*words)
        assert (ran.code, "PSEUDONYM_KEY is not the key" in ran.said) == (1, True)
    settings(secret_key_before="secret number one")  # what the key in force was derived from
    ran = run("key", "rotate", "pseudonyms")
    assert (ran.code, "All authors stand under key 1 now." in ran.said) == (0, True)
    with db.reading() as session:
        assert all(key and key.startswith("k01") for key in session.scalars(select(Mention.author_key)))


@pytest.mark.usefixtures("heard")
def test_a_lost_key_is_given_up_only_by_name(run: Runner, settings: ChangeSettings) -> None:
    settings(pseudonym_key="a new key", secret_key="another secret")
    assert "Nothing was changed." in run("key", "rotate", "pseudonyms", "--lost", typed="n\n").said
    assert run("key", "rotate", "pseudonyms", "--lost", "--yes").code == 0
    assert run("migrate").code == 0


@pytest.mark.usefixtures("heard")
def test_secrets_are_sealed_anew(run: Runner, settings: ChangeSettings) -> None:
    with db.transaction() as session:
        one, other = session.scalars(select(Source).order_by(Source.id))
        one.credentials = credentials.seal({"token": "sesame"})
        other.credentials = "damaged"
    settings(secret_key="secret number two", secret_key_before="secret number one")
    ran = run("key", "rotate", "secrets")
    assert "1 secrets stand" in ran.said
    assert "1 could be opened with no key" in ran.said
    assert "run key rotate pseudonyms before" in ran.said
    with db.reading() as session:
        sealed = session.scalars(select(Source.credentials).order_by(Source.id)).first() or ""
    assert Seal(b"secret number two", credentials.PURPOSE).open(sealed) == '{"token": "sesame"}'


@pytest.mark.usefixtures("heard")
def test_where_nobody_set_a_key_the_service_makes_one_on_its_own_machine(settings: ChangeSettings) -> None:
    alone = get_settings().model_copy(update={"database_url": SecretStr("")})
    before = alone.pseudonym_secret()
    make_own_key(alone)
    new = alone.pseudonym_secret()
    make_own_key(alone)  # broken off after the file was written, and called again
    assert alone.pseudonym_secret() == new != before
    assert before in alone.pseudonym_secrets()
    key_rotation.begin(alone, make.NOW)
    key_rotation.run(alone, make.NOW)
    make_own_key(alone)
    assert len(alone.pseudonym_key_file.read_text().split()) == 2
    drop_own_keys(alone)
    assert (len(alone.pseudonym_key_file.read_text().split()), alone.pseudonym_key_file.stat().st_mode & 0o77) == (1, 0)
