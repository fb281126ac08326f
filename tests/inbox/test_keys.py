"""eBay's public keys: fetched once, and forged ones few times."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest

from ebay.errors import EbayUnavailableError
from inbox.keys import FAILED_S, KNOWN_S, MISSES, MISSES_OF_A_NETWORK, MISSES_S, MISSING_S, KeyUnavailableError, PublicKeys
from simulator.clock import Clock
from simulator.state.notices import Notices
from store import Store
from tests.inbox.letterbox import ADDRESS, Letterbox


class Source:
    """eBay's keys, and who asked for which."""

    def __init__(self) -> None:
        self.notices, self.asked, self.down, self.now = Notices(5, Clock()), list[str](), False, 0.0
        self.keys = PublicKeys(self.fetch, lambda: self.now)

    def fetch(self, kid: str) -> str | None:
        self.asked.append(kid)
        if self.down:
            raise EbayUnavailableError("eBay failed", status=503)
        return self.notices.public_key(kid) if kid in self.notices.keys else None


@pytest.fixture
def source() -> Source:
    return Source()


async def test_a_key_is_asked_for_once_a_day(source: Source) -> None:
    kid = source.notices.kid
    for source.now in (0.0, 1.0, KNOWN_S - 1):
        assert await source.keys.get(kid) is not None
    assert source.asked == [kid]

    source.now = KNOWN_S + 1
    await source.keys.get(kid)

    assert source.asked == [kid, kid]


async def test_many_at_once_ask_once(source: Source) -> None:
    found = await asyncio.gather(*(source.keys.get(source.notices.kid) for _ in range(40)))

    assert all(found)
    assert len(source.asked) == 1


async def test_a_missing_key_is_not_asked_for_again_at_once(source: Source) -> None:
    for source.now in (0.0, MISSING_S - 1):
        assert await source.keys.get("made-up") is None
    assert source.asked == ["made-up"]

    source.now = MISSING_S + 1
    await source.keys.get("made-up")

    assert len(source.asked) == 2


async def forge(source: Source, many: int, networks: int) -> int:
    """How many of so many made-up kids were refused without a call."""
    refused = 0
    for number in range(many):
        try:
            assert await source.keys.get(f"made-up-{number}", f"10.0.{number % networks}.{number % 250}") is None
        except KeyUnavailableError:
            refused += 1
    return refused


async def test_a_network_that_makes_up_kids_spends_its_own_budget_and_no_other(source: Source) -> None:
    assert await forge(source, 500, networks=1) == 500 - MISSES_OF_A_NETWORK

    assert await source.keys.get(source.notices.kid, "10.0.1.1") is not None


async def test_made_up_kids_from_everywhere_spend_few_calls_and_keep_no_known_key_waiting(source: Source) -> None:
    await source.keys.get(source.notices.kid, "66.211.1.1")

    assert await forge(source, 1000, networks=200) == 1000 - MISSES
    assert len(source.asked) == MISSES + 1
    assert await source.keys.get(source.notices.kid, "10.0.1.1") is not None

    source.now = MISSES_S + 1
    assert await source.keys.get(source.notices.rotate(), "10.0.1.1") is not None


async def test_ebays_new_key_is_fetched_however_many_are_made_up_elsewhere(source: Source) -> None:
    source.keys.proven("66.211.1.1")
    await forge(source, 5000, networks=200)

    assert await source.keys.get(source.notices.rotate(), "66.211.1.200") is not None


async def test_keys_outlive_the_process_and_spend_nothing(source: Source, store: Store) -> None:
    kid = source.notices.kid
    await PublicKeys(source.fetch, lambda: source.now, store.public_keys).get(kid)
    again = PublicKeys(source.fetch, lambda: source.now, store.public_keys)
    source.down = True

    assert await again.get(kid) is not None
    assert source.asked == [kid]


async def test_a_key_that_ebay_no_longer_has_is_deleted(source: Source, store: Store) -> None:
    kid = source.notices.kid
    keys = PublicKeys(source.fetch, lambda: source.now, store.public_keys)
    await keys.get(kid)
    del source.notices.keys[kid]
    source.now = KNOWN_S + 1

    assert await keys.get(kid) is None
    assert store.public_keys.newest(10) == []


async def test_what_could_not_be_fetched_is_no_missing_key(source: Source) -> None:
    source.down = True
    for _ in range(30):
        with pytest.raises(KeyUnavailableError):
            await source.keys.get(source.notices.kid)
    assert len(source.asked) == 1

    source.down, source.now = False, FAILED_S + 1

    assert await source.keys.get(source.notices.kid) is not None


async def test_yesterdays_key_serves_while_ebay_is_down(source: Source) -> None:
    before = await source.keys.get(source.notices.kid)
    source.down, source.now = True, KNOWN_S + 1

    assert await source.keys.get(source.notices.kid) is before


async def test_while_the_key_endpoint_is_down_ebay_is_to_send_again(letterbox: Letterbox) -> None:
    letterbox.world.faults.force(500, "", times=1, resource="notification")

    first, again = await letterbox.post(letterbox.body()), await letterbox.post(letterbox.body())

    assert (first.status_code, again.status_code) == (503, 503)
    assert letterbox.rows() == []
    letterbox.inbox.keys._quiet_until = 0.0  # type: ignore[union-attr]
    assert (await letterbox.post(letterbox.body())).status_code == 204


async def test_a_kid_that_is_none_costs_no_call(letterbox: Letterbox) -> None:
    header = base64.b64encode(json.dumps({"alg": "ecdsa", "kid": "../x", "signature": "AAAA", "digest": "SHA1"}).encode()).decode()

    answer = await letterbox.ebay.post(ADDRESS, content=b"{}", headers={"X-EBAY-SIGNATURE": header})

    assert answer.status_code == 412
    assert letterbox.world.calls["", "notification"] == 0
