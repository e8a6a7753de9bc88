"""`manage.py dpia`, `manage.py access`, `manage.py erasures`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from collectors.post import RawAuthor, RawPost
from config.settings import Settings, get_settings
from storage import audit, db, mentions, profile, sources
from storage.door import privacy_door
from storage.viewer import SYSTEM
from tests.api import world
from tests.commands.conftest import Runner

pytestmark = pytest.mark.usefixtures("clean_database")


def test_the_pack_is_printed_and_kept(run: Runner, settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings(data_dir=tmp_path, audit_days=777)
    ran = run("dpia", "--keep")
    assert ran.code == 0
    assert ran.out.lstrip().startswith("<!doctype html>")
    assert "777 days; the chain of hashes for good" in ran.out
    assert "Kept as version 1." in ran.said
    settings(data_dir=tmp_path, audit_days=778)
    assert 'class="is-changed"' in run("dpia").out


def test_the_pack_is_written_as_pdf(run: Runner, settings: Callable[..., Settings], tmp_path: Path) -> None:
    settings(data_dir=tmp_path)
    file = tmp_path / "pack.pdf"
    ran = run("dpia", "--pdf", str(file), "--keep")
    assert (ran.code, ran.out) == (0, "")
    assert "Kept as version 1." in ran.said
    assert file.read_bytes().startswith(b"%PDF-")
    assert not file.with_name("pack.pdf.new").exists()
    for wrong in (tmp_path, tmp_path / "none" / "pack.pdf"):
        ran = run("dpia", "--pdf", str(wrong), "--keep")
        assert (ran.code, wrong.name in ran.said) == (1, True)
        assert "Kept" not in ran.said


def test_a_person_gets_a_copy_of_what_is_kept_of_them_and_nobody_else(
    run: Runner, settings: Callable[..., Settings], tmp_path: Path
) -> None:
    settings(data_dir=tmp_path)
    file = tmp_path / "copy.jsonl"
    world.set_up_company()
    with db.transaction() as session:
        source = sources.get_or_make(session, "reddit", "Reddit", "api", world.NOW)
        door = privacy_door(session, get_settings())
        for number, (handle, words) in enumerate((("ada", "my manager Grigori says no"), ("eve", "Acme is fine"))):
            author = RawAuthor("reddit", handle=handle)
            post = door.admit(
                RawPost(str(number), f"Acme: {words}", world.NOW, author=author, raw={"id": number}), world.NOW, 1_000
            )
            mentions.add_new(session, source, [post], profile.matcher(session), world.NOW)
    ran = run("access", str(file), "--platform", "reddit", "--handle", "ada")
    assert (ran.code, "1 posts are in" in ran.said) == (0, True)
    (line,) = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    found = (line["source"], line["text"], line["labels"][0]["company"])
    assert found == ("Reddit", "Acme: my manager [name] says no", "Acme")
    assert file.stat().st_mode & 0o077 == 0
    with db.reading() as session:
        entry = audit.entries(session, SYSTEM, limit=1)[0]
    assert (entry.action, entry.subject) == ("person.access", "a copy of 1 posts, reddit")
    assert "handle: give a handle" in run("access", str(file), "--platform", "reddit").said


def test_what_must_stay_away_is_saved_and_put_back(
    run: Runner, settings: Callable[..., Settings], tmp_path: Path
) -> None:
    settings(data_dir=tmp_path)
    kept = tmp_path / "kept"
    person = ("--platform", "reddit", "--handle", "ada")
    assert run("erase", *person, "--yes").code == 0
    assert run("erasures", "--save", str(kept)).code == 0
    assert kept.stat().st_mode & 0o077 == 0
    with db.transaction() as session:
        session.execute(text("DELETE FROM erasures"))
    ran = run("erasures", "--repeat", str(kept))
    assert ran.code == 0
    assert "1 records put back" in ran.out
    assert "reddit" in run("erasures").out
    assert run("erasures", "--repeat", str(tmp_path / "none")).code == 1
