"""A seller comes back from eBay's consent page: what is stored, what they read, and all that can be wrong with it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text
from temporalio.client import Client

from console.consent import Outcome, make_link
from ebay.http import http_client
from pages.connected import SHOWN
from simulator import World, serve
from simulator.server import Simulator
from store import Store
from tests.web.site import KEY, Page, Site
from tests.web.test_buttons import signals

HERE = "http://localhost:8080/ebay/connected"
RUNAME = "Sellerbeat-Test-RuName"
NOBODY_THERE = "postgresql://postgres@127.0.0.1:1/none"


class Consent:
    """The site, eBay, and a seller with a phone who was sent a link."""

    def __init__(self, open_site: Callable[..., Site], store: Store, ebay: Simulator, temporal_address: str) -> None:
        self.store, self.world, self.ebay = store, ebay.world, ebay
        self.open_site, self.temporal_address = open_site, temporal_address
        self.site = self.opened()
        self.http = http_client(1)

    def opened(self, temporal_address: str = "", store: Store | None = None) -> Site:
        world, url = self.world, self.ebay.url
        keys = {"ebay_client_id": world.accounts.client_id, "ebay_client_secret": world.accounts.client_secret}
        places = {"ebay_api_url": url, "ebay_apiz_url": url, "ebay_auth_url": url, "ebay_timeout": "2s"}
        site = self.open_site(temporal_address or self.temporal_address, ebay_redirect_name=RUNAME, **keys, **places)
        if store:
            site.desk.store = store
        return site

    def link(self, seller: str = "s-1", **given: Any) -> str:
        return make_link(self.site.desk, seller, **given).url

    def answer(self, link: str, account: str = "anna", answer: str = "agree") -> str:
        """The seller presses a button at eBay; gives where eBay leads them."""
        said = httpx.post(link, data={"seller": account, "answer": answer})
        assert said.status_code == 302, said.text
        return said.headers["location"]

    async def back(self, address: str, site: Site | None = None) -> httpx.Response:
        async with (site or self.site).visitor() as phone:
            return await phone.get(address.removeprefix("http://localhost:8080"))

    async def consents(self, link: str, account: str = "anna") -> httpx.Response:
        return await self.back(self.answer(link, account))

    def asked(self) -> dict[str, int]:
        """What eBay was asked so far."""
        counted: dict[str, int] = {}
        for (_, resource), times in self.world.calls.items():
            counted[resource] = counted.get(resource, 0) + times
        return counted

    def rows(self, table: str) -> list[dict[str, Any]]:
        with self.store.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()]

    def token(self, seller: str = "s-1") -> str:
        with self.store.tokens.locked(seller) as row:
            return row.refresh_token


@pytest.fixture
def ebay() -> Iterator[Simulator]:
    world = World(seed=31)
    world.add_seller("anna")
    world.add_seller("bert")
    world.accounts.redirects[RUNAME] = HERE, HERE
    with serve(world) as running:
        yield running


@pytest.fixture
async def it(
    open_site: Callable[..., Site], store: Store, ebay: Simulator, temporal: Client, temporal_address: str
) -> AsyncIterator[Consent]:
    consent = Consent(open_site, store, ebay, temporal_address)
    yield consent
    consent.http.close()


def shows(answer: httpx.Response, outcome: Outcome) -> bool:
    """The outcome's page, as all of them are: for a phone, without a script, kept by nobody, and without anybody's data."""
    status, heading, _, _ = SHOWN[outcome]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "no-store" in answer.headers["cache-control"]
    assert "set-cookie" not in answer.headers
    page = Page(answer)
    assert not page.all("script")
    assert page.all("meta")[1]["content"].startswith("width=device-width")
    for word in ("s-1", "anna", "bert", "v^1", "gAAAA"):
        assert word not in answer.text
    return (answer.status_code, re.findall("<h1>(.*?)</h1>", unescape(answer.text))) == (status, [heading])


async def test_a_first_consent_enrols_the_seller_and_tells_the_workflow(it: Consent, temporal: Client) -> None:
    link = it.link(options={"every": 60.0, "backfill": 3600.0, "offers": True})

    answer = await it.consents(link)

    assert shows(answer, Outcome.DONE)
    assert it.token() == it.world.refresh_token("anna")
    (seller,) = it.rows("sellers")
    assert seller["options"].items() >= {"cadence": {"orders": 60.0}, "offers": True}.items()
    assert "https://api.ebay.com/oauth/api_scope/commerce.identity.readonly" in seller["scopes"]
    assert [(row["seller_id"], row["user_id"]) for row in it.rows("accounts")] == [("s-1", it.world.accounts.user_id("anna"))]
    (token,) = it.rows("tokens")
    assert token["refresh_expires_at"] - datetime.now(UTC) > timedelta(days=547)
    assert await signals(temporal, "s-1") == [("connected", [{"generation": 1}])]
    assert [(row["sealed"], row["used_at"] is None) for row in it.rows("consents")] == [(None, False)]


async def test_a_new_consent_of_an_enrolled_seller_replaces_the_token_and_keeps_all_else(it: Consent, temporal: Client) -> None:
    await it.consents(it.link(options={"every": 60.0}))
    before = it.rows("sellers")

    answer = await it.consents(it.link(options={"every": 90.0}))

    assert shows(answer, Outcome.DONE)
    assert it.token() == it.world.refresh_token("anna")
    assert it.rows("sellers") == before
    assert await signals(temporal, "s-1") == [("connected", [{"generation": 1}]), ("connected", [{"generation": 2}])]


async def test_who_declines_changes_nothing_and_may_think_again(it: Consent) -> None:
    link = it.link()

    declined = await it.back(it.answer(link, answer="decline"))
    bare = await it.back(HERE)

    assert shows(declined, Outcome.DECLINED)
    assert shows(bare, Outcome.DECLINED)
    assert (it.rows("sellers"), it.asked()) == ([], {})
    assert shows(await it.consents(link), Outcome.DONE)


async def test_a_link_ends_at_its_time(it: Consent) -> None:
    address = it.answer(it.link(lasting=timedelta(hours=1)))
    it.store.consents.clock = lambda: datetime.now(UTC) + timedelta(hours=1, seconds=1)

    by_its_state = await it.back(address)
    it.store.consents.clock = lambda: datetime.now(UTC)
    with it.store.engine.begin() as connection:
        connection.execute(text("UPDATE consents SET expires_at = clock_timestamp()"))
    by_the_database = await it.back(address)

    assert shows(by_its_state, Outcome.EXPIRED)
    assert shows(by_the_database, Outcome.EXPIRED)
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
            assert shows(await phone.get("/ebay/connected", params=one), Outcome.FORGED), one

    assert (it.rows("sellers"), it.asked()) == ([], {})
    assert shows(await it.back(address), Outcome.DONE)


async def test_a_code_that_comes_twice_does_nothing_the_second_time(it: Consent, temporal: Client) -> None:
    address = it.answer(it.link())
    await it.back(address)
    before = it.rows("tokens"), it.asked(), await signals(temporal, "s-1")

    again = await it.back(address)

    assert shows(again, Outcome.USED)
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

    assert shows(await it.back(address), Outcome.CODE_REFUSED)
    assert it.rows("sellers") == []
    assert shows(await it.consents(link), Outcome.DONE)


async def test_another_account_than_before_is_refused_and_the_right_one_taken(it: Consent) -> None:
    await it.consents(it.link())
    token, link = it.token(), it.link()

    wrong = await it.consents(link, "bert")
    kept = it.token()
    right = await it.consents(link, "anna")

    assert shows(wrong, Outcome.WRONG_ACCOUNT)
    assert kept == token
    assert shows(right, Outcome.DONE)
    assert it.token() == it.world.refresh_token("anna") != token


async def test_an_account_is_not_enrolled_under_a_second_id_while_the_first_has_it(it: Consent) -> None:
    await it.consents(it.link("s-1"))
    link = it.link("s-2")

    taken = await it.consents(link)
    enrolled = it.store.enrolled()
    it.store.sellers.remove("s-1")
    moved = await it.consents(link)

    assert shows(taken, Outcome.TAKEN)
    assert enrolled == ["s-1"]
    assert shows(moved, Outcome.DONE)
    assert [row["seller_id"] for row in it.rows("accounts")] == ["s-2"]


@pytest.mark.parametrize("silent", ["token", "user"])
async def test_while_ebay_is_away_the_same_address_may_be_tried_again(it: Consent, silent: str) -> None:
    address = it.answer(it.link())
    it.world.faults.force(503, "<html>down</html>", resource=silent)

    away = await it.back(address)
    sealed = it.rows("consents")[0]["sealed"]
    back = await it.back(address)

    assert shows(away, Outcome.UNAVAILABLE)
    assert int(away.headers["retry-after"]) > 0
    assert (sealed is not None) is (silent == "user")  # the code is spent: what it gave is kept, encrypted
    assert b"v^1" not in bytes(sealed or b"")
    assert shows(back, Outcome.DONE)
    assert it.asked()["token:authorization_code"] == 1


@pytest.mark.parametrize("status", [400, 401, 403])
async def test_what_only_an_operator_can_mend_is_told_to_the_log_without_the_code(
    it: Consent, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    address = it.answer(it.link())
    it.world.faults.force(status, f'{{"error": "invalid_client", "error_description": "{address}"}}', resource="user")

    assert shows(await it.back(address), Outcome.REFUSED)

    assert "eBay refuses a consent" in caplog.text
    assert not {one for values in parse_qs(urlsplit(address).query).values() for one in values if len(one) > 9 and one in caplog.text}
    assert it.rows("sellers") == []


async def test_without_temporal_the_code_is_not_spent(it: Consent) -> None:
    address = it.answer(it.link())

    away = await it.back(address, it.opened("127.0.0.1:1"))

    assert shows(away, Outcome.NOT_NOW)
    assert it.asked() == {}
    assert shows(await it.back(address), Outcome.DONE)


async def test_without_postgres_nothing_is_lost_but_a_little_time(it: Consent) -> None:
    address = it.answer(it.link())
    nowhere = Store.connect(NOBODY_THERE, [KEY])

    away = await it.back(address, it.opened(store=nowhere))

    assert shows(away, Outcome.NOT_NOW)
    assert it.asked() == {}
    assert shows(await it.back(address), Outcome.DONE)


async def test_when_postgres_dies_after_the_exchange_the_link_still_serves(it: Consent, monkeypatch: pytest.MonkeyPatch) -> None:
    link = it.link()
    address = it.answer(link)

    def dies(request: Any) -> None:
        if request.resource.startswith("token"):
            with it.store.engine.begin() as connection:
                connection.execute(text("ALTER TABLE consents RENAME TO gone"))

    it.world.faults.after_answer = dies
    away = await it.back(address)
    it.world.faults.after_answer = None
    with it.store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE gone RENAME TO consents"))
        connection.execute(text("UPDATE consents SET claimed_until = claimed_until - interval '90 s'"))
    again = await it.back(address)

    assert shows(away, Outcome.NOT_NOW)
    assert shows(again, Outcome.CODE_REFUSED)  # eBay takes a code once
    assert shows(await it.consents(link), Outcome.DONE)


async def test_a_removed_sellers_link_enrols_nobody(it: Consent) -> None:
    await it.consents(it.link())
    address = it.answer(it.link())
    it.store.sellers.remove("s-1")

    assert shows(await it.back(address), Outcome.EXPIRED)
    assert it.store.enrolled() == []


async def test_a_seller_who_is_removed_while_ebay_is_asked_stays_removed(it: Consent) -> None:
    await it.consents(it.link())
    address = it.answer(it.link())
    it.world.faults.after_answer = lambda request: it.store.sellers.remove("s-1") if request.resource == "user" else None

    answer = await it.back(address)

    assert shows(answer, Outcome.EXPIRED)
    assert it.store.enrolled() == []


async def test_a_link_made_with_a_key_that_is_being_rotated_out_still_serves(it: Consent, store: Store) -> None:
    address = it.answer(it.link())
    new, url = Fernet.generate_key().decode(), store.engine.url.render_as_string(hide_password=False)
    both, one = (Store.connect(url, keys) for keys in ([new, KEY], [new]))

    refused = await it.back(address, it.opened(store=one))
    taken = await it.back(address, it.opened(store=both))

    assert shows(refused, Outcome.FORGED)
    assert shows(taken, Outcome.DONE)
    both.close()
    one.close()


async def test_without_its_settings_the_site_says_not_now_and_names_them_in_the_log(
    it: Consent, open_site: Callable[..., Site], caplog: pytest.LogCaptureFixture
) -> None:
    address = it.answer(it.link())

    answer = await it.back(address, open_site(it.temporal_address))

    assert shows(answer, Outcome.NOT_NOW)
    assert [record.setting for record in caplog.records if hasattr(record, "setting")] == ["SELLERBEAT_EBAY_CLIENT_ID"]


async def test_a_press_on_the_page_makes_a_link_with_its_end(it: Consent) -> None:
    await it.consents(it.link())

    pressed = [await it.site.press(place, "/links", seller=seller) for place, seller in (("/sellers/s-1", "s-1"), ("/", "s-9"))]

    for answer, seller in zip(pressed, ("s-1", "s-9"), strict=True):
        page = Page(answer)
        assert answer.status_code == 200
        assert seller in page.text
        (address,) = re.findall(r"http://127\.0\.0\.1:\d+/oauth2/authorize\S+", page.text)
        query = parse_qs(urlsplit(address).query)
        assert (query["redirect_uri"], query["response_type"]) == ([RUNAME], ["code"])
        assert page.all("time")[-1]["datetime"].startswith(f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}")
        assert "no-store" in answer.headers["cache-control"]
    assert shows(await it.consents(address, "bert"), Outcome.DONE)
    assert it.store.enrolled() == ["s-1", "s-9"]


async def test_only_who_is_logged_in_makes_links_and_only_for_ids_that_can_be(it: Consent) -> None:
    async with it.site.visitor() as stranger:
        assert (await stranger.post("/links", data={"seller": "s-1"})).status_code == 303
    assert (await it.site.press("/", "/links", seller="no such/id")).status_code == 422
    assert (await it.site.browser.post("/links", data={"seller": "s-1", "form_token": "x"})).status_code == 403
    assert it.rows("consents") == []
