"""The settings: secrets that are kept or come from files, the address that people see."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.settings import Settings


def test_the_key_is_made_once_for_all_who_start_at_the_same_time(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: Settings(data_dir=tmp_path / "var").secret(), range(32)))
    assert [len(each) for each in found] == [64]
    assert stat.S_IMODE((tmp_path / "var" / "secret_key").stat().st_mode) == 0o600


def test_an_empty_key_file_of_a_killed_start_is_filled(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    made = Settings(data_dir=tmp_path).secret()
    assert len(made) == 64
    assert Settings(data_dir=tmp_path).secret() == made


def test_a_secret_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "smtp").write_text("open sesame\n", encoding="utf-8")
    monkeypatch.setenv("SMTP_PASSWORD_FILE", str(tmp_path / "smtp"))
    assert Settings().smtp_password.get_secret_value() == "open sesame"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"oidc_issuer": "https://login.microsoftonline.com/common/v2.0"}, "your own tenant"),
        ({"oidc_issuer": "https://login.microsoftonline.com/organizations/v2.0/"}, "your own tenant"),
        ({"oidc_issuer": "https://accounts.google.com", "oidc_new_role": "hr"}, "needs OIDC_DOMAINS"),
        ({"oidc_group_roles": "hr"}, "name groups"),
        ({"oidc_group_roles": "a=hr, =administrator"}, "name groups"),
    ],
)
def test_a_provider_that_would_let_everybody_in_is_refused(wrong: dict[str, str], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Settings(**wrong)  # type: ignore[arg-type]
    assert Settings(oidc_issuer="https://login.microsoftonline.com/0f-1/v2.0", oidc_group_roles="a=b=hr").oidc_issuer


def test_what_is_wrong_is_named_by_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "70000")
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [error["loc"] for error in caught.value.errors()] == [("port",)]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("DATABASE_URL", "mysql://u:hidden@db.example/x", "must begin with postgresql://"),
        ("DATABASE_URL", "hidden", "must begin with postgresql://"),
        ("DATABASE_URL", "postgresql://u:hidden@db.example:port/x", "cannot be read"),
        ("REDIS_URL", "http://u:hidden@queue.example", "must begin with redis://"),
    ],
)
def test_an_address_of_no_known_server_is_told_without_its_password(
    name: str, value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=told) as caught:
        Settings()
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8000"),
        ("0.0.0.0", "http://localhost:8000"),
        ("::", "http://localhost:8000"),
        ("::1", "http://[::1]:8000"),
    ],
)
def test_links_lead_to_an_address_that_a_browser_can_open(host: str, address: str) -> None:
    assert Settings(host=host).base_url == address
    assert Settings(host=host, public_url="https://voice.example/").base_url == "https://voice.example"
