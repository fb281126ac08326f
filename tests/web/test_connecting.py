"""A seller comes back from eBay's consent page: what is stored, what they read, and whom it is refused."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.fernet import Fernet
from sqlalchemy import text
from temporalio.client import Client

from operations.consent import ConsentOutcome
from tests.support.dying import client_of_a_dead_temporal
from tests.web.consenting import HERE, RUNAME, Consent, shows
from tests.web.site import KEY, Page
from tests.web.test_buttons import signals


async def test_a_first_consent_enrols_the_seller_and_tells_the_workflow(it: Consent, temporal: Client) -> None:
    link = it.link(options={"every": 60.0, "backfill": 3600.0, "offers": True})

    answer = await it.consents(link)

    assert shows(answer, ConsentOutcome.DONE)
    assert it.token() == it.world.refresh_token("anna")
    (seller,) = it.rows("sellers")
    assert seller["options"].items() >= {"cadence": {"orders": 60.0}, "offers": True}.items()
    assert [(row["seller_id"], row["user_id"]) for row in it.rows("accounts")] == [("s-1", it.world.accounts.user_id("anna"))]
    (token,) = it.rows("tokens")
    assert "https://api.ebay.com/oauth/api_scope/commerce.identity.readonly" in token["scopes"]
    assert token["refresh_expires_at"] - datetime.now(UTC) > timedelta(days=547)
    assert await signals(temporal, "s-1") == [("connected", [{"generation": 1}])]
    assert [(row["sealed"], row["used_at"] is None) for row in it.rows("consents")] == [(None, False)]


async def test_a_new_consent_of_an_enrolled_seller_replaces_the_token_and_keeps_all_else(it: Consent, temporal: Client) -> None:
    await it.consents(it.link(options={"every": 60.0}))
    before = it.rows("sellers")

    answer = await it.consents(it.link(options={"every": 90.0}))

    assert shows(answer, ConsentOutcome.DONE)
    assert it.token() == it.world.refresh_token("anna")
    assert it.rows("sellers") == before
    assert await signals(temporal, "s-1") == [("connected", [{"generation": 1}]), ("connected", [{"generation": 2}])]


async def test_a_consent_stands_in_the_audit_in_the_name_of_who_made_the_link(it: Consent) -> None:
    await it.consents(it.link(by="token:shop", options={"every": 60.0, "backfill": 3600.0, "offers": True}))
    await it.consents(it.link(by="os:alice"))
    await it.consents(it.link())  # as those of versions before
    it.store.sellers.remove("s-1")
    await it.consents(it.link(by="token:shop"))
    await it.consents(it.link(by="token:shop"), "bert")

    chosen = {"cadences_s": {"orders": 60.0}, "backfill_s": 3600.0, "inventory_source": "auto", "offers": True}
    assert [(row["author"], row["action"], row["after"], row["outcome"]) for row in reversed(it.store.audit.read())] == [
        ("token:shop", "seller.enroll", chosen, "done"),
        ("os:alice", "seller.connect", None, "done"),
        ("page", "seller.connect", None, "done"),
        ("token:shop", "seller.enroll", {"inventory_source": "auto"}, "done"),
    ]
    assert "token:shop" not in it.link(by="token:shop")


async def test_a_consent_is_done_though_temporal_dies_behind_it(it: Consent) -> None:
    it.site.context._line._client = await client_of_a_dead_temporal(it.temporal_address)

    assert shows(await it.consents(it.link()), ConsentOutcome.DONE)

    assert it.rows("consents")[0]["used_at"] is not None
    assert [row["outcome"] for row in it.store.audit.read()] == ["done"]
    assert it.store.tokens.trials.revived() == [("s-1", 1)]


async def test_who_declines_changes_nothing_and_may_think_again(it: Consent) -> None:
    link = it.link()

    declined = await it.back(it.answer(link, answer="decline"))
    bare = await it.back(HERE)

    assert shows(declined, ConsentOutcome.DECLINED)
    assert shows(bare, ConsentOutcome.DECLINED)
    assert (it.rows("sellers"), it.asked()) == ([], {})
    assert shows(await it.consents(link), ConsentOutcome.DONE)


async def test_a_link_ends_at_its_time(it: Consent) -> None:
    address = it.answer(it.link(lasting=timedelta(hours=1)))
    it.store.consents.clock = lambda: datetime.now(UTC) + timedelta(hours=1, seconds=1)

    by_its_state = await it.back(address)
    it.store.consents.clock = lambda: datetime.now(UTC)
    with it.store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.consents SET expires_at = clock_timestamp()"))
    by_the_database = await it.back(address)

    assert shows(by_its_state, ConsentOutcome.EXPIRED)
    assert shows(by_the_database, ConsentOutcome.EXPIRED)
    assert (it.rows("sellers"), it.asked()) == ([], {})


async def test_no_forged_state_gets_anywhere(it: Consent) -> None:
    address = it.answer(it.link())
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    state, code = query["state"], query["code"]
    foreign = Fernet(Fernet.generate_key()).encrypt(b'{"n":"x","s":"s-1","e":9e9,"o":{},"c":[]}').decode()
    with_the_token_key = Fernet(KEY).encrypt(json.dumps({"n": "x", "s": "s-1", "e": 9e9, "o": {}, "c": []}).encode()).decode()
    middle = len(state) // 2
    flipped = state[:middle] + ("A" if state[middle] != "A" else "B") + state[middle + 1 :]
    forged = ["", "x", state[:-2], state[1:], flipped, state.swapcase(), foreign, with_the_token_key, "\0", "☃", "A" * 3000]
    queries: list[Any] = [{"state": one, "code": code} for one in forged]
    queries += [[("state", state), ("state", state), ("code", code)], {"state": state}, {"state": state, "code": ""}, {"code": code}]

    for one in queries:
        async with it.site.visitor() as phone:
            assert shows(await phone.get("/ebay/connected", params=one), ConsentOutcome.FORGED), one

    assert (it.rows("sellers"), it.asked()) == ([], {})
    assert shows(await it.back(address), ConsentOutcome.DONE)


async def test_a_code_that_comes_twice_does_nothing_the_second_time(it: Consent, temporal: Client) -> None:
    address = it.answer(it.link())
    await it.back(address)
    before = it.rows("tokens"), it.asked(), await signals(temporal, "s-1")

    again = await it.back(address)

    assert shows(again, ConsentOutcome.USED)
    assert (it.rows("tokens"), it.asked(), await signals(temporal, "s-1")) == before


async def test_a_link_opened_twice_at_once_exchanges_once(it: Consent) -> None:
    address = it.answer(it.link())

    answers = await asyncio.gather(*(it.back(address) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert it.asked() == {"token:authorization_code": 1, "user": 1}
    assert it.rows("tokens")[0]["generation"] == 1


async def test_a_code_that_ebay_refuses_leaves_the_link_for_another(it: Consent) -> None:
    link = it.link()
    address = it.answer(link)
    it.world.accounts.codes.clear()  # five minutes are over

    assert shows(await it.back(address), ConsentOutcome.CODE_REFUSED)
    assert it.rows("sellers") == []
    assert shows(await it.consents(link), ConsentOutcome.DONE)


async def test_another_account_than_before_is_refused_and_the_right_one_taken(it: Consent) -> None:
    await it.consents(it.link())
    token, link = it.token(), it.link()

    wrong = await it.consents(link, "bert")
    stored = it.token()
    right = await it.consents(link, "anna")

    assert shows(wrong, ConsentOutcome.WRONG_ACCOUNT)
    assert stored == token
    assert shows(right, ConsentOutcome.DONE)
    assert it.token() == it.world.refresh_token("anna") != token


async def test_an_account_is_not_enrolled_under_a_second_id_while_the_first_has_it(it: Consent) -> None:
    await it.consents(it.link("s-1"))
    link = it.link("s-2")

    taken = await it.consents(link)
    enrolled = it.store.enrolled()
    it.store.sellers.remove("s-1")
    moved = await it.consents(link)

    assert shows(taken, ConsentOutcome.TAKEN)
    assert enrolled == ["s-1"]
    assert shows(moved, ConsentOutcome.DONE)
    assert [row["seller_id"] for row in it.rows("accounts")] == ["s-2"]


async def test_a_press_on_the_page_makes_a_link_with_its_end(it: Consent) -> None:
    await it.consents(it.link())
    began = datetime.now(UTC)

    pressed = [await it.site.press(place, "/links", seller=seller) for place, seller in (("/sellers/s-1", "s-1"), ("/", "s-9"))]

    ends = tuple(f"{now + timedelta(days=3):%Y-%m-%d}" for now in (began, datetime.now(UTC)))  # two, where midnight lies between
    for answer, seller in zip(pressed, ("s-1", "s-9"), strict=True):
        page = Page(answer)
        assert answer.status_code == 200
        assert seller in page.text
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+/oauth2/authorize\S+", page.text)
        query = parse_qs(urlsplit(address).query)
        assert (query["redirect_uri"], query["response_type"]) == ([RUNAME], ["code"])
        assert page.all("time")[-1]["datetime"].startswith(ends)
        assert "no-store" in answer.headers["cache-control"]
    assert shows(await it.consents(address, "bert"), ConsentOutcome.DONE)
    assert it.store.enrolled() == ["s-1", "s-9"]


async def test_only_who_is_logged_in_makes_links_and_only_for_ids_that_can_be(it: Consent) -> None:
    async with it.site.visitor() as stranger:
        assert (await stranger.post("/links", data={"seller": "s-1"})).status_code == 303
    assert (await it.site.press("/", "/links", seller="no such/id")).status_code == 422
    assert (await it.site.browser.post("/links", data={"seller": "s-1", "form_token": "x"})).status_code == 403
    assert it.rows("consents") == []


async def test_a_token_of_another_account_is_refused_whichever_way_the_first_one_came(it: Consent, temporal: Client) -> None:
    await it.consents(it.link("s-1"), "bert")
    before = [it.rows(table) for table in ("sellers", "tokens", "accounts", "change_events")], await signals(temporal, "s-1")

    wrong = await it.consents(it.link("s-1"), "anna")
    taken = await it.consents(it.link("s-27"), "bert")

    assert shows(wrong, ConsentOutcome.WRONG_ACCOUNT)
    assert shows(taken, ConsentOutcome.TAKEN)
    assert ([it.rows(table) for table in ("sellers", "tokens", "accounts", "change_events")], await signals(temporal, "s-1")) == before


async def test_a_changed_user_name_is_the_same_account(it: Consent) -> None:
    await it.consents(it.link())
    (before,) = it.rows("accounts")
    it.world.accounts.usernames["anna"] = "anna-and-daughters"

    answer = await it.consents(it.link())

    (after,) = it.rows("accounts")
    assert shows(answer, ConsentOutcome.DONE)
    assert (after["user_id"], after["generation"]) == (before["user_id"], 2)
    assert bytes(after["name"]) != bytes(before["name"])
