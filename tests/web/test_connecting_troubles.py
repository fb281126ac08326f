"""Consents while eBay, Postgres or Temporal is away, or a setting or seller is gone: nothing is lost that could be kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from operations.consent import ConsentOutcome
from store import Store, StoreUnavailableError
from tests.web.consenting import NOBODY_THERE, Consent, shows
from tests.web.site import KEY, Site


async def test_while_ebay_is_away_the_same_address_may_be_tried_again(it: Consent) -> None:
    address = it.answer(it.link())
    it.world.faults.force(503, "<html>down</html>", resource="token")

    away = await it.back(address)
    back = await it.back(address)

    assert shows(away, ConsentOutcome.UNAVAILABLE)
    assert int(away.headers["retry-after"]) > 0
    assert it.rows("consents")[0]["sealed"] is None
    assert shows(back, ConsentOutcome.DONE)
    assert it.asked()["token:authorization_code"] == 1


@pytest.mark.parametrize(("status", "body"), [(503, "<html>down</html>"), (403, ""), (400, "{}"), (401, "{}"), (429, "{}"), (200, "[]")])
async def test_where_ebay_does_not_say_whose_account_it_is_the_seller_is_connected_all_the_same(
    it: Consent, status: int, body: str
) -> None:
    it.world.faults.force(status, body, resource="user")

    answer = await it.consents(it.link())

    assert shows(answer, ConsentOutcome.DONE)
    assert it.token() == it.world.refresh_token("anna")
    assert it.rows("accounts") == []  # the first page of orders tells


async def test_what_ebay_gave_is_kept_sealed_while_our_own_servers_are_away(it: Consent, monkeypatch: pytest.MonkeyPatch) -> None:
    address = it.answer(it.link())
    enroll = it.store.sellers.enroll
    monkeypatch.setattr(it.store.sellers, "enroll", refuse)

    away = await it.back(address)
    sealed = it.rows("consents")[0]["sealed"]
    monkeypatch.setattr(it.store.sellers, "enroll", enroll)
    with it.store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.consents SET claimed_until = claimed_until - interval '90 s'"))
    back = await it.back(address)

    assert shows(away, ConsentOutcome.NOT_NOW)
    assert sealed is not None
    assert b"v^1" not in bytes(sealed)
    assert shows(back, ConsentOutcome.DONE)
    assert it.asked()["token:authorization_code"] == 1


def refuse(*given: Any, **named: Any) -> None:
    raise StoreUnavailableError("Postgres is away")


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_what_only_an_operator_can_mend_is_told_to_the_log_without_the_code(
    it: Consent, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    address = it.answer(it.link())
    it.world.faults.force(status, f'{{"error": "invalid_client", "error_description": "{address}"}}', resource="token")

    assert shows(await it.back(address), ConsentOutcome.REFUSED)

    assert "eBay refuses a consent" in caplog.text
    assert not {one for values in parse_qs(urlsplit(address).query).values() for one in values if len(one) > 9 and one in caplog.text}
    assert it.rows("sellers") == []


async def test_without_temporal_the_code_is_not_spent(it: Consent) -> None:
    address = it.answer(it.link())

    away = await it.back(address, it.opened("127.0.0.1:1"))

    assert shows(away, ConsentOutcome.NOT_NOW)
    assert it.asked() == {}
    assert shows(await it.back(address), ConsentOutcome.DONE)


async def test_without_postgres_nothing_is_lost_but_a_little_time(it: Consent) -> None:
    address = it.answer(it.link())
    nowhere = Store.connect(NOBODY_THERE, [KEY])

    away = await it.back(address, it.opened(store=nowhere))

    assert shows(away, ConsentOutcome.NOT_NOW)
    assert it.asked() == {}
    assert shows(await it.back(address), ConsentOutcome.DONE)


async def test_when_postgres_dies_after_the_exchange_the_link_still_serves(it: Consent, monkeypatch: pytest.MonkeyPatch) -> None:
    link = it.link()
    address = it.answer(link)

    def dies(request: Any) -> None:
        if request.resource.startswith("token"):
            with it.store.engine.begin() as connection:
                connection.execute(text("ALTER TABLE sellerbeat.consents RENAME TO gone"))

    it.world.faults.after_answer = dies
    away = await it.back(address)
    it.world.faults.after_answer = None
    with it.store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE sellerbeat.gone RENAME TO consents"))
        connection.execute(text("UPDATE sellerbeat.consents SET claimed_until = claimed_until - interval '90 s'"))
    again = await it.back(address)

    assert shows(away, ConsentOutcome.NOT_NOW)
    assert shows(again, ConsentOutcome.CODE_REFUSED)  # eBay takes a code once
    assert shows(await it.consents(link), ConsentOutcome.DONE)


async def test_a_removed_sellers_link_enrols_nobody(it: Consent) -> None:
    await it.consents(it.link())
    address = it.answer(it.link())
    it.store.sellers.remove("s-1")

    assert shows(await it.back(address), ConsentOutcome.EXPIRED)
    assert it.store.enrolled() == []


async def test_a_seller_who_is_removed_while_ebay_is_asked_stays_removed(it: Consent) -> None:
    await it.consents(it.link())
    address = it.answer(it.link())
    it.world.faults.after_answer = lambda request: it.store.sellers.remove("s-1") if request.resource == "user" else None

    answer = await it.back(address)

    assert shows(answer, ConsentOutcome.EXPIRED)
    assert it.store.enrolled() == []


async def test_a_link_made_with_a_key_that_is_being_rotated_out_still_serves(it: Consent, store: Store) -> None:
    address = it.answer(it.link())
    new, url = Fernet.generate_key().decode(), store.engine.url.render_as_string(hide_password=False)
    both, one = (Store.connect(url, keys) for keys in ([new, KEY], [new]))

    refused = await it.back(address, it.opened(store=one))
    taken = await it.back(address, it.opened(store=both))

    assert shows(refused, ConsentOutcome.FORGED)
    assert shows(taken, ConsentOutcome.DONE)
    both.close()
    one.close()


async def test_without_its_settings_the_site_says_not_now_and_names_them_in_the_log(
    it: Consent, open_site: Callable[..., Site], caplog: pytest.LogCaptureFixture
) -> None:
    address = it.answer(it.link())

    answer = await it.back(address, open_site(it.temporal_address))

    assert shows(answer, ConsentOutcome.NOT_NOW)
    assert [record.setting for record in caplog.records if hasattr(record, "setting")] == ["SELLERBEAT_EBAY_CLIENT_ID"]
