"""What comes to `/ebay/notifications` is counted by what became of it."""

from __future__ import annotations

from temporalio.common import MetricMeter

from inbox.router import OUTCOMES
from runtime.metering.meters import NOTIFIED, Meters
from simulator import World
from store import Store
from tests.inbox.letterbox import ADDRESS, Letterbox


class Tally(Meters):
    """Remembers the outcomes, in order."""

    def __init__(self) -> None:
        super().__init__(MetricMeter.noop)
        self.outcomes: list[str] = []

    def notified(self, outcome: str) -> None:
        self.outcomes.append(outcome)


async def test_each_is_counted_once_by_what_became_of_it(letterbox: Letterbox) -> None:
    letterbox.inbox.meters = tally = Tally()

    await letterbox.post(letterbox.body())
    await letterbox.post(letterbox.body())
    await letterbox.ebay.post(ADDRESS + "/anna", content=b"{}")
    await letterbox.post(letterbox.body(), **{"X-EBAY-SIGNATURE": "forged"})
    await letterbox.post(b"x" * (1024 * 1024 + 1))
    await letterbox.ebay.get(ADDRESS, params={"challenge_code": "no notification"})

    assert tally.outcomes == ["kept", "copy", "forged", "forged", "oversize"]


async def test_what_cannot_be_verified_or_kept_is_counted_apart(store: Store, world: World, ebay_url: str) -> None:
    keyless = Letterbox(store, world, ebay_url, ebay_client_id=None)
    away = Store.connect("postgresql://nobody@127.0.0.1:1/db", ["A" * 43 + "="])
    homeless = Letterbox(away, world, ebay_url)
    keyless.inbox.meters = homeless.inbox.meters = tally = Tally()

    for box in (keyless, homeless):
        await box.post(box.body())
        await box.close()
    away.close()

    assert tally.outcomes == ["unverified", "failed"]


def test_every_answer_has_a_count_that_is_there_from_the_start() -> None:
    assert {"kept", "copy", "failed", *OUTCOMES.values()} == set(NOTIFIED)
