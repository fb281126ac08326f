"""eBay's public keys: fetched once, and forged ones few times."""

from __future__ import annotations

import asyncio
import base64
import json

import pytest

from ebay.errors import EbayUnavailableError
from inbox.keys import FAILED_S, KNOWN_S, MISSES, MISSES_S, MISSING_S, KeyUnavailableError, PublicKeys
from simulator.clock import Clock
from simulator.state.notices import Notices
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


async def test_made_up_kids_spend_few_calls_and_keep_no_known_key_waiting(source: Source) -> None:
    await source.keys.get(source.notices.kid)
    refused = 0
    for number in range(500):
        try:
            assert await source.keys.get(f"made-up-{number}") is None
        except KeyUnavailableError:
            refused += 1

    assert refused == 500 - MISSES
    assert len(source.asked) == MISSES + 1
    assert await source.keys.get(source.notices.kid) is not None

    source.now = MISSES_S + 1
    new = source.notices.rotate()
    assert await source.keys.get(new) is not None


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
