"""Channels on the command line: added, listed, tried and removed; their addresses are never printed."""

from collections.abc import Callable

import pytest

from config.settings import Settings
from tests.commands.conftest import Runner
from tests.wire.replay import Answer, replay_server

pytestmark = pytest.mark.usefixtures("clean_database", "redis_url")


def test_a_channel_from_adding_to_removing(run: Runner, settings: Callable[..., Settings]) -> None:
    settings(allow_private_addresses=True)
    with replay_server() as server:
        server.add("/secretpath", Answer(500), Answer())
        added = run("channel", "add", "webhook", "--name", "Desk", typed=server.url("/secretpath"))
        failed, worked = run("channel", "test", "Desk"), run("channel", "test", "Desk")
        listed = run("channel", "list")
    assert added.code == 0
    assert "shown this once: whsec_" in added.said
    assert (failed.code, failed.err.strip()) == (1, "Desk: The channel answered 500.")
    assert (worked.code, "took the message (HTTP 200)" in worked.said) == (0, True)
    assert "Desk webhook medium both works" in listed.said
    everything = "".join(each.out + each.err for each in (added, failed, worked, listed))
    assert "secretpath" not in everything
    assert run("channel", "remove", "Desk").code == 0
    assert "no channel" in run("channel", "list").said
    assert run("channel", "test", "Desk").code == 1


def test_what_is_wrong_is_named(run: Runner) -> None:
    assert (
        "address: must begin with https://"
        in run("channel", "add", "slack", "--name", "X", typed="http://a.example/").said
    )
    assert (
        "kind: 'pager' is not one of" in run("channel", "add", "pager", "--name", "X", typed="https://a.example/").said
    )
