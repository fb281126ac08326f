"""An app asks for a seller's access token, to call eBay itself: within the consent, within the quota, and at no poll's cost."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from ebay.consent import IDENTITY, SCOPES
from operations.app_tokens import (
    AppToken,
    NoCallsLeftError,
    ScopeMissingError,
    SellerStateError,
    TokenUnavailableError,
    TooManyTokensError,
    WrongTokenRequestError,
    app_token,
)
from operations.errors import NotConfiguredError
from store import UnknownSellerError
from tests.support.waiting import PATIENCE_S
from tests.web.consenting import Consent

ORDERS, INVENTORY = SCOPES[1], SCOPES[2]
REFRESH = "token:refresh_token"


@pytest.fixture
async def shop(it: Consent) -> Consent:
    """The seller s-1 is connected, and nothing was asked of eBay since."""
    await it.consents(it.link())
    it.world.calls.clear()
    return it


def given(it: Consent, scopes: Sequence[str] | None = None, calls: Mapping[str, int] | None = None, seller: str = "s-1") -> AppToken:
    return app_token(it.site.context, seller, scopes, calls)


def stored(it: Consent) -> tuple[str | None, datetime | None, bool]:
    with it.store.tokens.locked("s-1") as row:
        return row.access_token, row.expires_at, row.dead


def used(it: Consent) -> dict[str, int]:
    return {name: ledger.used for name, ledger in it.store.permits.all().items() if ledger.used}


def changed(it: Consent, statement: str, **values: Any) -> None:
    with it.store.engine.begin() as connection:
        connection.execute(text(statement), values)


def test_the_token_that_polls_use_is_given_while_it_lives_and_reads_an_order(shop: Consent) -> None:
    order = shop.world.place_order("anna")

    token = given(shop)

    said = httpx.get(
        f"{token.api_url}/sell/fulfillment/v1/order/{order}", headers={"Authorization": f"Bearer {token.access_token}"}, timeout=PATIENCE_S
    )
    assert said.json()["orderId"] == order
    assert (token.access_token, token.expires_at) == stored(shop)[:2]
    assert set(token.scopes) == set(SCOPES)
    assert token.expires_at - datetime.now(UTC) > timedelta(minutes=100)
    assert REFRESH not in shop.asked()
    assert token.fields().keys() == {"seller_id", "access_token", "expires_at", "scopes", "api_url", "calls"}


def test_one_that_ends_soon_is_minted_anew_and_polls_go_on_with_it(shop: Consent) -> None:
    before = stored(shop)[0]
    changed(shop, "UPDATE sellerbeat.tokens SET expires_at = clock_timestamp() + interval '14 minutes'")

    first, second = given(shop), given(shop)

    assert first.access_token == second.access_token == stored(shop)[0] != before
    assert shop.asked() == {REFRESH: 1}


def test_a_narrow_token_can_do_no_more_and_polls_keep_theirs(shop: Consent) -> None:
    before = stored(shop)

    token, again = given(shop, [ORDERS]), given(shop, [ORDERS])

    assert shop.world.accounts.access[token.access_token].scopes == {ORDERS}
    assert token.scopes == (ORDERS,)
    assert again.access_token == token.access_token
    assert shop.asked() == {REFRESH: 1}
    assert stored(shop) == before
    assert given(shop, [*reversed(SCOPES)]).access_token == before[0]


def test_ten_sets_of_scopes_an_hour_are_given_and_who_asks_for_more_is_told_when(shop: Consent) -> None:
    sets = [list(some) for some in combinations(SCOPES, 2)] + [[ORDERS]]
    first = [given(shop, one).access_token for one in sets[:10]]

    with pytest.raises(TooManyTokensError) as refused:
        given(shop, sets[10])
    again = [given(shop, one).access_token for one in sets[:10]]

    assert again == first
    assert shop.asked() == {REFRESH: 10}
    assert timedelta(minutes=59) < refused.value.until - datetime.now(UTC) <= timedelta(hours=1)
    assert given(shop).access_token == stored(shop)[0]
    tokens = shop.site.context.seller_tokens
    tokens.minted["s-1"][0] -= timedelta(hours=1)
    assert given(shop, sets[10]).scopes == tuple(sets[10])
    shop.store.sellers.enroll("s-2", shop.world.refresh_token("bert"), scopes=SCOPES, now_ebay=datetime.now(UTC))
    assert given(shop, sets[0], seller="s-2").scopes == tuple(sets[0])


async def test_a_narrow_token_of_a_former_consent_is_not_given_again(shop: Consent) -> None:
    token = given(shop, [ORDERS])
    await shop.consents(shop.link())

    assert given(shop, [ORDERS]).access_token != token.access_token


async def test_a_scope_that_the_consent_lacks_is_refused_and_harms_nothing(shop: Consent) -> None:
    known = f"{SCOPES[0]}/sell.marketing"
    with pytest.raises(ScopeMissingError, match=r"sell\.marketing"):
        given(shop, [ORDERS, known])
    asked = shop.asked()
    shop.store.sellers.connect("s-1", shop.world.refresh_token("anna"), scopes=[])  # nobody wrote down which: eBay has to tell
    with pytest.raises(ScopeMissingError):
        given(shop, [known])

    assert asked == {}
    assert stored(shop)[2] is False
    assert given(shop, [IDENTITY]).scopes == (IDENTITY,)
    assert shop.store.alerts() == []


@pytest.mark.parametrize("asked", [None, [ORDERS]])
def test_a_token_that_ebay_refuses_is_dead_for_polls_too(shop: Consent, asked: list[str] | None) -> None:
    shop.world.accounts.revoke("anna")
    changed(shop, "UPDATE sellerbeat.tokens SET access_token = NULL")

    with pytest.raises(SellerStateError) as refused:
        given(shop, asked)

    assert (refused.value.state, stored(shop)[2]) == ("needs_reauthorization", True)
    with pytest.raises(SellerStateError):
        given(shop)
    assert shop.asked() == {REFRESH: 1}


def test_who_was_removed_or_never_there_gets_none(shop: Consent) -> None:
    shop.store.sellers.remove("s-1")

    with pytest.raises(SellerStateError) as removed:
        given(shop)
    with pytest.raises(UnknownSellerError):
        given(shop, seller="nobody")

    assert removed.value.state == "removed"
    assert shop.asked() == {}


@pytest.mark.parametrize("asked", [None, [ORDERS]])
@pytest.mark.parametrize(("status", "again_s"), [(503, 30), (429, 77)])
def test_while_ebay_gives_none_the_app_is_told_when_to_ask_again(
    shop: Consent, status: int, again_s: float, asked: list[str] | None, caplog: pytest.LogCaptureFixture
) -> None:
    changed(shop, "UPDATE sellerbeat.tokens SET access_token = NULL")
    shop.world.faults.force(status, "away", resource="token", Retry_After="77")

    with caplog.at_level(logging.DEBUG), pytest.raises(TokenUnavailableError) as away:
        given(shop, asked, {"orders": 5})

    assert away.value.retry_after_s == pytest.approx(again_s, abs=3)
    assert used(shop) == {}
    assert stored(shop)[2] is False
    assert shop.token() not in caplog.text


def test_without_the_applications_keys_the_missing_one_is_named(shop: Consent) -> None:
    shop.site.context.settings = shop.site.context.settings.model_copy(update={"ebay_client_secret": None})

    with pytest.raises(NotConfiguredError, match="SELLERBEAT_EBAY_CLIENT_SECRET"):
        given(shop)


def test_calls_are_taken_from_the_quota_of_all(shop: Consent) -> None:
    token = given(shop, calls={"orders": 40, "trading": 2, "feed": 0})

    assert token.calls == {"orders": 40, "trading": 2}
    assert used(shop) == {"orders": 40, "trading": 2}


def test_where_the_quota_lacks_them_none_is_taken_and_it_is_said_when(shop: Consent) -> None:
    given(shop, calls={"orders": 1, "trading": 1})
    changed(shop, """UPDATE sellerbeat.permits SET used = "limit" - 5 WHERE resource = 'trading'""")
    (reset,) = (ledger.reset_at for name, ledger in shop.store.permits.all().items() if name == "trading")

    lacking: list[NoCallsLeftError] = []
    for number in (6, 4, 5001):
        with pytest.raises(NoCallsLeftError) as refused:
            given(shop, calls={"orders": 10, "trading": number})
        lacking.append(refused.value)

    spent, held_back, never = lacking
    assert {one.resource for one in lacking} == {"trading"}
    assert (spent.until, never.until) == (reset, None)
    assert held_back.until
    assert held_back.until - datetime.now(UTC) <= timedelta(seconds=60)
    assert used(shop)["orders"] == 1


WRONG: list[tuple[Any, Any]] = [
    *((["sell.inventory"], None), (["https://evil.com/oauth/api_scope"], None), ([f"{INVENTORY} {ORDERS}"], None), ([7], None)),
    *(([ORDERS] * 51, None), ([f"{ORDERS}\n"], None), (None, {"offers": 1}), (None, {"orders": -1}), (None, {"orders": 10_001})),
    *((None, {"orders": True}), (None, {"orders": 1.5}), (None, {"orders": "5"}), (None, {"": 1})),
]


@pytest.mark.parametrize(("scopes", "calls"), WRONG)
def test_what_is_no_scope_or_no_number_of_calls_is_refused_before_anything_is_asked(shop: Consent, scopes: Any, calls: Any) -> None:
    with pytest.raises(WrongTokenRequestError) as refused:
        given(shop, scopes, calls)

    assert "\n" not in str(refused.value)
    assert (shop.asked(), used(shop)) == ({}, {})


def test_neither_texts_nor_logs_hold_the_token(shop: Consent, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        tokens = given(shop), given(shop, [ORDERS])

    for token in tokens:
        assert token.access_token not in repr(token) + caplog.text
    assert shop.token() not in caplog.text
