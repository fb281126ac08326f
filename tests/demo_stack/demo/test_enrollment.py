"""Whom the demo connects by itself, whose account is whose, and that it touches nobody else's database."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from demo_stack.demo.binds import next_port, url_of
from demo_stack.demo.enrollment import NAMES, accounts_of, check_database, missing
from demo_stack.demo.errors import DemoError
from demo_stack.demo.sellers import SELLERS
from store import Store

USER_IDS = {"11": "anna", "22": "bert", "33": "carla", "44": "dora"}


def store(**known: str | None) -> Store:
    """Enrolled sellers, with eBay's id of their account as far as it is known."""
    accounts = SimpleNamespace(all=lambda: {name: user_id for name, user_id in known.items() if user_id})
    return cast(Store, SimpleNamespace(accounts=accounts, enrolled=lambda: list(known)))


def test_three_sellers_are_connected_by_the_demo_and_the_fourth_account_waits_for_the_page() -> None:
    assert NAMES == ["anna", "bert", "carla"]
    assert [seller.name for seller in SELLERS] == [*NAMES, "dora"]


def test_a_seller_has_the_account_that_ebay_told_whatever_they_are_called_here() -> None:
    given = store(**{"anna": None, "bert": "44", "my-shop": "22", "stranger": "99", "nobody": None})

    assert accounts_of(given, USER_IDS) == {"anna": "anna", "bert": "dora", "my-shop": "bert"}


def test_who_was_removed_is_connected_again_but_for_accounts_and_ids_that_another_has() -> None:
    assert missing({}) == NAMES
    assert missing({"anna": "anna", "my-shop": "bert"}) == ["carla"]
    assert missing({"anna": "dora"}) == ["bert", "carla"]


def test_a_named_database_with_other_sellers_is_touched_by_no_demo_and_the_folders_own_is() -> None:
    given = store(anna="11", stranger="99")
    accounts = accounts_of(given, USER_IDS)

    check_database(given, accounts, new_world=False, named=False)
    check_database(store(anna="11", dora="44"), {"anna": "anna", "dora": "dora"}, new_world=False, named=True)
    with pytest.raises(DemoError, match="not the demo's, such as stranger"):
        check_database(given, accounts, new_world=False, named=True)
    with pytest.raises(DemoError, match="a demo in another folder"):
        check_database(given, accounts, new_world=True, named=False)


@pytest.mark.parametrize(
    ("bind", "url", "further"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080", "127.0.0.1:8081"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080", "0.0.0.0:8081"),
        ("[::]:90", "http://[::1]:90", "[::]:91"),
        ("127.0.0.1:0", "http://127.0.0.1:0", "127.0.0.1:0"),
    ],
)
def test_the_page_is_found_where_it_listens_and_its_metrics_are_one_port_further(bind: str, url: str, further: str) -> None:
    assert (url_of(bind), next_port(bind)) == (url, further)
