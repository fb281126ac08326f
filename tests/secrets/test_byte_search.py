"""A canary buyer and canary tokens go through every path; then every byte that was kept or said is searched for them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from demo_stack import devstack
from simulator import World, serve
from tests.secrets.canaries import BELONGS, MISTYPED, PASSWORDS, ROTATED, SELLERS, SLOW, UNUSABLE, WORDS, Reported, logged, tell
from tests.support.canary import BUYER, found, put_buyer
from tests.support.databases import fresh
from tests.support.dumps import postgres_columns, sqlite_files
from tests.support.histories import raw
from tests.support.house import House
from workflows.attributes import FLAGS


@pytest.fixture(scope="module")
def reported(
    postgres_server: str,
    execute: Callable[[str], None],
    migrated_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Reported:
    """The story, told once; the tests below only search."""
    folder, reported, world = tmp_path_factory.mktemp("secrets"), Reported(), World(seed=47, client_secret=WORDS)
    for name in SELLERS:
        world.add_seller(name, skus=3)
        world.preload_skus(name)
        world.place_order(name, change=put_buyer)
    with fresh(postgres_server, execute, migrated_template) as database, serve(world) as ebay, logged() as ours:
        with devstack.temporal(folder / "server", extra=FLAGS) as temporal:
            house = House(folder, world, ebay.url, database, temporal.address, **SLOW)
            try:
                reported.logs["worker"] = tell(house, reported)
                for number, history in enumerate(house.histories()):
                    reported.temporal[f"history {number}"] = raw(history) + history.to_json().encode()
                reported.postgres = postgres_columns(database)
            finally:
                house.close()
        reported.logs["commands and eBay's client"] = "\n".join(ours).encode()
    for path in folder.glob("*.out"):
        reported.logs[path.name] = path.read_bytes()
    reported.temporal |= sqlite_files(folder / "server")
    accounts = world.accounts
    reported.secrets = [*accounts.grants, *accounts.access, ROTATED, UNUSABLE, MISTYPED, WORDS, house.key, *PASSWORDS]
    return reported


def test_the_search_has_something_to_find(reported: Reported) -> None:
    """The canaries went where they belong, and the places that are searched can be read."""
    assert found(BUYER.values(), {"all": b"".join(reported.postgres[place] for place in BELONGS)}) == [
        (word[-12:], "all") for word in sorted(BUYER.values(), key=lambda word: word[-12:])
    ]
    for place in BELONGS:
        assert found(BUYER.values(), {place: reported.postgres[place]}), place
    assert found(BUYER.values(), reported.feed)
    assert len(reported.postgres) > 60
    histories = [place for place, content in reported.temporal.items() if b"ebay-polling:anna" in content]
    assert any(place.startswith("history ") for place in histories)
    assert any(":history_node." in place for place in histories)  # nothing is compressed there
    assert any(place.endswith("temporal.db") for place in histories)
    assert reported.logs["worker"].count(b'"level": "debug"') > 100
    assert reported.logs["worker"].count(b"step failed") > reported.bad_answers / 2
    assert reported.commands["list --json"].count(b'"seller_id"') == len(SELLERS)
    assert len(reported.secrets) > 15
    assert b"seller.needs_reauthorization" in reported.postgres["change_events.type"]


@pytest.mark.parametrize("where", ["postgres", "temporal", "logs", "commands", "feed"])
def test_no_token_key_or_password_is_anywhere_in_clear(reported: Reported, where: str) -> None:
    assert found(reported.secrets, getattr(reported, where)) == []


@pytest.mark.parametrize("where", ["temporal", "logs", "commands"])
def test_no_buyer_is_in_histories_logs_or_what_commands_say(reported: Reported, where: str) -> None:
    assert found(BUYER.values(), getattr(reported, where)) == []


def test_in_postgres_a_buyer_is_in_documents_only(reported: Reported) -> None:
    assert {place for _, place in found(BUYER.values(), reported.postgres)} <= BELONGS


def test_tokens_are_kept_encrypted(reported: Reported) -> None:
    assert reported.postgres["tokens.refresh_token"].count(b"gAAAA") == len(SELLERS)
    assert reported.postgres["tokens.access_token"].count(b"gAAAA") == len(SELLERS)
