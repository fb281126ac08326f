"""Logging in and out: guessing becomes slow, and a session that was logged out is over everywhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from starlette.requests import Request

from serving.access import COOKIE
from serving.logged_out import KNOWN_FOR_S, LoggedOut
from serving.throttle import ALL_AT_ONCE, LONGEST_S, MOST_PEERS, LogIns, Throttle, peer_of
from store import Store
from tests.store.documents import enroll
from tests.support.examples import examples
from tests.web.site import TOKEN, Page, Site

HTTPS = "https://sellerbeat.example.com"


class HandClock:
    """Seconds, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def slow(site: Site, clock: HandClock) -> Site:
    """A site whose log-ins go by the clock in hand."""
    site.context.log_ins = LogIns(clock)
    return site


async def tried(site: Site, token: str) -> httpx.Response:
    async with site.visitor() as visitor:
        return await visitor.post("/login", data={"token": token})


async def test_after_five_wrong_tokens_a_right_one_waits_its_turn_too(slow: Site, clock: HandClock) -> None:
    wrong = [(await tried(slow, f"wrong {number}")).status_code for number in range(5)]
    early = await tried(slow, TOKEN)
    clock.now += int(early.headers["retry-after"])
    late = await tried(slow, TOKEN)

    assert wrong == [401] * 5
    assert early.status_code == 429
    assert "set-cookie" not in early.headers
    assert "Try again in 1 s" in Page(early).text
    assert (late.status_code, "set-cookie" in late.headers) == (303, True)


async def test_who_comes_from_elsewhere_is_not_held_up(open_site: Callable[..., Site], clock: HandClock) -> None:
    here, there = open_site(), open_site(visitor="203.0.113.7")
    here.context.log_ins = there.context.log_ins = LogIns(clock)
    for number in range(20):
        await tried(here, f"wrong {number}")

    assert (await tried(here, TOKEN)).status_code == 429
    assert (await tried(there, TOKEN)).status_code == 303


async def test_a_flood_of_wrong_tokens_writes_a_row_a_minute(slow: Site, store: Store, clock: HandClock) -> None:
    for number in range(100):
        await tried(slow, f"wrong {number}")
    clock.now += 61
    await tried(slow, "wrong again")
    clock.now += LONGEST_S
    await tried(slow, TOKEN)

    acts = [(act["action"], act["author"], act["after"], act["outcome"]) for act in store.audit.read()]
    failed = [act for act in acts if act[0] == "login.failed"]
    assert [act[0] for act in acts].count("login") == 1
    assert failed == [("login.failed", "page", {"tries": tries}, "failed") for tries in (100, 1)]
    assert "wrong" not in str(store.audit.read())


@settings(max_examples=examples(50), deadline=None, database=None)
@given(pauses=some.lists(some.floats(0, 90), max_size=200))
def test_one_peer_alone_never_uses_up_what_all_have(pauses: list[float]) -> None:
    clock = HandClock()
    throttle = Throttle(clock)
    for pause in pauses:
        clock.now += pause
        if not throttle.wait_s("one"):
            throttle.wrong("one")
        assert throttle.wait_s("another") == 0


def test_a_peer_waits_ever_longer_and_a_minute_at_most(clock: HandClock) -> None:
    throttle, waits = Throttle(clock), []
    for _ in range(15):
        waits.append(throttle.wait_s("one"))
        clock.now += waits[-1]
        throttle.wrong("one")

    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]
    clock.now += 601
    throttle.wrong("one")
    assert throttle.wait_s("one") == 0  # forgiven


def test_who_is_wrong_now_and_then_never_waits(clock: HandClock) -> None:
    throttle, waits = Throttle(clock), []
    for _ in range(50):
        throttle.wrong("one")
        waits.append(throttle.wait_s("one"))
        clock.now += 16

    assert set(waits) == {0}


def test_many_addresses_share_one_budget_and_who_was_right_lately_has_no_part_in_it(clock: HandClock) -> None:
    throttle = Throttle(clock)
    throttle.right("operator")
    for number in range(int(ALL_AT_ONCE)):
        throttle.wrong(f"peer {number}")

    assert throttle.wait_s("a new one") == 2  # the next of thirty a minute
    assert throttle.wait_s("operator") == 0


def test_the_memory_of_peers_is_bounded(clock: HandClock) -> None:
    throttle = Throttle(clock)
    for number in range(MOST_PEERS + 100):
        throttle.wrong(f"peer {number}", str(number).encode())

    assert len(throttle._peers) == MOST_PEERS


@pytest.mark.parametrize(
    ("address", "peer"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("whatever a header says", "unknown"),
    ],
)
def test_a_customers_whole_network_is_one_peer(address: str, peer: str) -> None:
    assert peer_of(Request({"type": "http", "client": (address, 1), "headers": []})) == peer


async def test_a_copied_cookie_opens_nothing_once_its_session_was_logged_out(
    site: Site, store: Store, open_site: Callable[..., Site], clock: HandClock
) -> None:
    enroll(store, "anna")
    page = await site.page("/sellers/anna")
    copied = {"Cookie": f"{COOKIE}={site.browser.cookies[COOKIE]}"}
    other = open_site()  # another process
    other.context.logged_out._clock = clock
    async with site.visitor(**copied) as thief, other.visitor(**copied) as elsewhere:
        before = [(await visitor.get("/sellers/anna")).status_code for visitor in (thief, elsewhere)]
        await site.browser.post("/logout", data=page.forms["/logout"])
        here = [(await thief.get(path)).status_code for path in ("/", "/sellers/anna", "/endpoints", "/tokens", "/audit")]
        pressed = await thief.post("/sellers/anna/pause", data=page.forms["/sellers/anna/pause"])
        clock.now += KNOWN_FOR_S
        there = (await elsewhere.get("/")).status_code
    again = await site.login()

    assert before == [200, 200]
    assert here == [303] * 5
    assert (pressed.status_code, there) == (303, 303)
    assert again.status_code == 303
    assert (await site.browser.get("/")).status_code == 200
    assert [act["action"] for act in store.audit.read(author="page")] == ["login", "logout", "login"]


async def test_who_was_logged_out_is_asked_once_in_two_seconds(clock: HandClock) -> None:
    asked: list[float] = []

    async def read() -> frozenset[str]:
        asked.append(clock.now)
        return frozenset({"ended"})

    logged_out = LoggedOut(read, clock)
    for _ in range(10):
        await logged_out.refresh()
        clock.now += 0.5

    assert asked == [1000.0, 1002.0, 1004.0]
    assert "ended" in logged_out


async def test_a_session_that_is_logged_out_during_a_reading_is_over_all_the_same(clock: HandClock) -> None:
    began, go_on, rows = asyncio.Event(), asyncio.Event(), frozenset({"earlier"})

    async def read() -> frozenset[str]:
        seen = rows
        began.set()
        await go_on.wait()
        return seen

    logged_out = LoggedOut(read, clock)
    reading = asyncio.create_task(logged_out.refresh())
    await began.wait()
    rows |= {"now"}
    logged_out.add("now")
    go_on.set()
    await reading
    during = "now" in logged_out
    clock.now += KNOWN_FOR_S
    await logged_out.refresh()

    assert during
    assert "now" in logged_out
    rows = frozenset()
    clock.now += KNOWN_FOR_S
    await logged_out.refresh()
    assert "now" not in logged_out


@pytest.mark.parametrize(("public_url", "name", "secure"), [(HTTPS, f"__Host-{COOKIE}", True), (None, COOKIE, False)])
async def test_where_the_world_comes_by_https_the_cookie_is_given_to_nobody_else(
    open_site: Callable[..., Site], public_url: str | None, name: str, secure: bool
) -> None:
    site = open_site(public_url=public_url)

    (cookie,) = (await site.login()).headers.get_list("set-cookie")
    given = cookie.partition("=")[2].partition(";")[0]
    async with site.visitor(Cookie=f"{name}={given}") as visitor:
        page = Page(await visitor.get("/"))
        left = await visitor.post("/logout", data=page.forms["/logout"])

    assert cookie.startswith(f"{name}=")
    assert ("; secure" in cookie.lower()) is secure
    assert "domain" not in cookie.lower()
    (taken,) = left.headers.get_list("set-cookie")
    assert taken.startswith(f'{name}=""')
    assert ("; secure" in taken.lower()) is secure
