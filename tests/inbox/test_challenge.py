"""The challenge of eBay: answered for each address as it was typed, and for no other."""

from __future__ import annotations

import pytest

from ebay.signatures import challenge_response
from simulator import World
from store import Store
from tests.inbox.letterbox import ADDRESS, PUBLIC, TOKEN, Letterbox


async def test_the_challenge_is_answered_for_each_address(letterbox: Letterbox) -> None:
    for path in (ADDRESS, f"{ADDRESS}/anna"):
        answer = await letterbox.ebay.get(path, params={"challenge_code": "a1b2c3"})

        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert answer.json() == {"challengeResponse": challenge_response("a1b2c3", TOKEN, PUBLIC + path)}
        assert not answer.content.startswith(b"\xef\xbb\xbf")


TYPED = [
    f"{ADDRESS}/",
    f"{ADDRESS}/anna/",
    f"{ADDRESS}/anna//",
    f"/{ADDRESS}",
    f"/{ADDRESS}//anna/",
    "/eBay/Notifications",
    "/EBAY/NOTIFICATIONS/anna/",
    f"{ADDRESS}/anna%2E1",
]


@pytest.mark.parametrize("path", TYPED)
async def test_an_address_is_answered_as_it_was_typed_and_never_redirected(letterbox: Letterbox, path: str) -> None:
    proxied = {"host": "10.0.0.7:8080", "x-forwarded-proto": "http"}

    challenged = await letterbox.ebay.get(f"{PUBLIC}{path}?challenge_code=a1b2c3", headers=proxied)
    body = letterbox.body()
    signed = {"X-EBAY-SIGNATURE": letterbox.world.notices.signature(body), "Content-Type": "application/json"}
    reported = await letterbox.ebay.post(f"{PUBLIC}{path}", content=body, headers=signed | proxied)

    assert challenged.json() == {"challengeResponse": challenge_response("a1b2c3", TOKEN, PUBLIC + path)}
    assert reported.status_code == 204
    assert len(letterbox.rows()) == 1


async def test_a_query_that_was_typed_with_the_address_is_hashed_with_it(letterbox: Letterbox) -> None:
    typed = f"{ADDRESS}?of=portal&x=%20"

    for query in ("?of=portal&x=%20&challenge_code=a1", "?challenge_code=a1&of=portal&x=%20"):
        answer = await letterbox.ebay.get(f"{PUBLIC}{ADDRESS}{query}")

        assert answer.json() == {"challengeResponse": challenge_response("a1", TOKEN, PUBLIC + typed)}


@pytest.mark.parametrize("path", [f"{ADDRESS}/anna/orders", "/ebay/notification", "/x/ebay/notifications", f"{ADDRESS}%2Fanna%2Forders"])
async def test_what_is_no_way_of_writing_our_address_is_not_found(letterbox: Letterbox, path: str) -> None:
    assert (await letterbox.ebay.get(f"{PUBLIC}{path}?challenge_code=a1")).status_code == 404


async def test_a_challenge_without_a_code_or_without_settings_is_refused(
    letterbox: Letterbox, store: Store, world: World, ebay_url: str
) -> None:
    bare = Letterbox(store, world, ebay_url, notification_token=None)

    answers = [
        await letterbox.ebay.get(ADDRESS),
        await letterbox.ebay.get(ADDRESS, params={"challenge_code": "x" * 501}),
        await bare.ebay.get(ADDRESS, params={"challenge_code": "x"}),
    ]
    await bare.close()

    assert [answer.status_code for answer in answers] == [400, 400, 503]


async def test_whoever_watches_the_address_gets_the_head_of_ebays_answer(letterbox: Letterbox) -> None:
    for path in (ADDRESS, f"{ADDRESS}/", f"{ADDRESS}/anna"):
        answers = [await letterbox.ebay.request("HEAD", f"{PUBLIC}{path}{query}") for query in ("?challenge_code=a1", "")]

        assert [answer.status_code for answer in answers] == [200, 400]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "X"])
async def test_a_method_that_ebay_does_not_use_is_refused_with_those_that_it_does(letterbox: Letterbox, method: str) -> None:
    for path in (ADDRESS, f"{ADDRESS}/", f"{ADDRESS}/anna"):
        answer = await letterbox.ebay.request(method, f"{PUBLIC}{path}", content=b"x" * 100)

        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert letterbox.rows() == []
