"""Wrong tokens wait, and cost Postgres next to nothing; a right one passes, whoever guesses beside it."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

from domain.scopes import Scope
from serving.callers import FREE_GUESSES, IN_USE_FOR_S, KNOWN_FOR_S, MOST_KNOWN, STRANGERS, Callers
from store import Store
from store.access.api_tokens import ApiToken
from tests.web.site import TOKEN, Site, refused


@dataclass
class Looks:
    """How often Postgres was asked, and a clock."""

    site: Site
    store: Store
    now: float = 0.0
    found: int = 0
    read: int = 0

    def __post_init__(self) -> None:
        self.site.context.callers = Callers(self.site.context.access, self.find, self.in_use, lambda: self.now)

    async def find(self, given: str) -> ApiToken | None:
        self.found += 1
        return await self.site.context.ask(self.store.api_tokens.find, given)

    async def in_use(self) -> frozenset[bytes]:
        self.read += 1
        return await self.site.context.ask(self.store.api_tokens.hashes)

    async def asked(self, given: str) -> int:
        async with self.site.visitor(Authorization=f"Bearer {given}") as app:
            return (await app.get("/v1/events")).status_code


async def test_many_wrong_tokens_of_one_address_wait_and_a_right_one_passes(site: Site) -> None:
    statuses = []
    for number in range(FREE_GUESSES + 5):
        async with site.visitor(Authorization=f"Bearer {TOKEN}{number}") as guesser:
            statuses.append(await guesser.get("/v1/changes"))
    right = await site.program.get("/v1/changes")

    assert [answer.status_code for answer in statuses[:FREE_GUESSES]] == [401] * FREE_GUESSES
    assert refused(statuses[-1], 429)
    assert int(statuses[-1].headers["retry-after"]) >= 1
    assert right.status_code == 200


async def test_the_same_wrong_token_again_is_no_guess(site: Site) -> None:
    async with site.visitor(Authorization="Bearer sb_of-an-app-that-nobody-looks-at") as app:
        statuses = [(await app.get("/v1/changes")).status_code for _ in range(2 * FREE_GUESSES)]

    assert statuses == [401] * 2 * FREE_GUESSES


async def test_a_flood_of_wrong_tokens_is_not_looked_up_and_right_ones_pass_the_first_time_too(site: Site, store: Store) -> None:
    looks = Looks(site, store)
    right = [store.api_tokens.create(f"app-{number}", Scope.FEED, by="os:test", ebay=False, sellers=[]).token for number in range(3)]
    flood = Counter(await asyncio.gather(*[looks.asked(f"sb_wrong-{number}") for number in range(20 * FREE_GUESSES)]))
    looked = looks.found
    passed = [await looks.asked(one) for one in right]
    looks.now += IN_USE_FOR_S  # the address may guess once more, and then waits for two seconds
    another = await looks.asked("sb_another")
    late = store.api_tokens.create("late", Scope.FEED, by="os:test", ebay=False, sellers=[]).token
    looks.now += IN_USE_FOR_S

    assert flood == {401: FREE_GUESSES, 429: 19 * FREE_GUESSES}
    assert looked <= FREE_GUESSES + STRANGERS
    assert passed == [200] * 3
    assert [another, await looks.asked("sb_yet-another"), await looks.asked(late)] == [401, 429, 200]
    assert looks.found - looked == 5
    assert looks.read <= 2 * STRANGERS  # once a second, as far as they do not ask at the same moment


async def test_a_wrong_token_is_looked_up_again_only_after_a_moment_or_a_revocation(site: Site, store: Store) -> None:
    looks = Looks(site, store)

    async def asked_often() -> int:
        assert {await looks.asked("sb_of-an-app-that-nobody-looks-at") for _ in range(5)} == {401}
        return looks.found

    assert await asked_often() == 1
    looks.now += KNOWN_FOR_S
    assert await asked_often() == 2
    site.context.token_revoked()
    assert await asked_often() == 3


async def test_no_more_wrong_tokens_are_remembered_than_a_thousand(site: Site, store: Store) -> None:
    looks, callers = Looks(site, store), site.context.callers
    for number in range(MOST_KNOWN + 1):
        await callers._looked_up(f"sb_{number}")

    assert (looks.found, len(callers._wrong)) == (MOST_KNOWN + 1, 1)
