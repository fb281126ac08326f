"""When eBay fails, for everybody or for one seller alone: who may still ask, and how long the others wait. Pure.

A process sees an outage long before it is proven: nothing but failures, of several sellers. From then on (`Streak.is_doubt`) it lets few
calls through, and once a minute of them has failed the breaker of the resource opens, for the whole fleet.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

CALLS, SELLERS = 5, 3  # failed, and nothing else: so many calls, of so many sellers or of all there are
FEW_CALLS = 3  # of one seller or two: people are told, and calls go on, as one record that eBay cannot show fails the same way
UNREACHED = 2  # calls without a connection, whoever they are of: nothing of a seller was sent
SOON, MANY = timedelta(seconds=2.5), 20  # not by the bad luck of a moment, unless it struck many; a step's three attempts take 3 s
PROOF = timedelta(seconds=60)  # so long every call failed, then eBay is down
PROBE, RARE_PROBE = timedelta(seconds=30), timedelta(minutes=2)
SCARCE = 20_000  # calls a day, under which a probe is rare
PROBES_AN_HOUR = 0.01  # of a day's calls at most
TRIALS = 6  # calls of a process in doubt, for one probe later
AT_A_TIME = 0.5  # of the time between two probes: so often, on average, a step comes to be the next
FIRST, LONGEST = timedelta(seconds=5), timedelta(hours=6)  # waits of a seller who fails alone
AFTER_A_FEW = 6  # failures in a row, from which on nobody is asked faster than by their cadence
SPREAD = 0.1
TOKENS = "tokens"  # eBay's resource that all others need
DOWN_WORDS = {
    "orders": "eBay's orders API is down",
    "inventory": "eBay's Inventory API is down",
    "trading": "eBay's Trading API is down",
    "feed": "eBay's Feed API is down",
    TOKENS: "eBay gives no access tokens",
}
LATELY, COMMON = 60, 0.2  # sellers whose latest calls are remembered, and the share of them that tells of eBay, not of them


@dataclass(slots=True)
class Streak:
    """What a process saw of a resource since its latest success: failures only."""

    began: datetime
    latest: datetime
    calls: int = 0
    sellers: set[str] = field(default_factory=set)  # 20 at most
    unreached: int = 0  # calls that found no connection

    def add(self, seller_id: str, now: datetime, *, connected: bool = True) -> None:
        """A call of this seller's failed. `now`: the same clock in all calls; `connected`: there was a connection to eBay."""
        self.calls += 1
        self.unreached += not connected
        self.latest = now
        if len(self.sellers) < MANY:
            self.sellers.add(seller_id)

    def is_doubt(self, sellers: int, now: datetime) -> bool:
        """Whether it may be an outage, so that few calls go through. `sellers`: all there are.

        One of many who fails alone is none: others are answered, which ends the streak. Of one or two sellers nobody else can tell.
        """
        enough = self.calls >= CALLS and len(self.sellers) >= min(SELLERS, max(sellers, 1))
        many = self.calls >= MANY and len(self.sellers) >= SELLERS
        return (enough or self.unreached >= UNREACHED) and (now - self.began >= SOON or many)

    def is_worth_saying(self, sellers: int, now: datetime) -> bool:
        """Whether people should know of it before it is in doubt: all sellers fail, who are fewer than three."""
        return sellers < SELLERS and self.calls >= FEW_CALLS and len(self.sellers) >= sellers and now - self.began >= SOON

    def is_proof(self, now: datetime) -> bool:
        """Whether it is one, if no other process had a success meanwhile."""
        return now - self.began >= PROOF


@dataclass(slots=True)
class Mixture:
    """How the sellers who called last fared: where many fail and succeed by turns, eBay is neither down nor well."""

    latest: dict[str, tuple[bool, bool]] = field(default_factory=dict)  # by seller: it failed; the one before fared otherwise

    def add(self, seller_id: str, failed: bool) -> None:
        """How the seller's latest call ended. Only the 60 who called last are remembered."""
        before = self.latest.pop(seller_id, None)
        self.latest[seller_id] = failed, before is not None and before[0] != failed
        if len(self.latest) > LATELY:
            del self.latest[next(iter(self.latest))]

    def is_common(self) -> bool:
        """Whether a seller's failures in a row are no matter of their own. Who fails alone never succeeds in between."""
        mixed = sum(differs for _, differs in self.latest.values())
        return mixed >= max(SELLERS, COMMON * len(self.latest))


def probe_every(limit: int | None) -> timedelta:
    """One call in so long asks for all whether a resource is back. `limit`: its calls a day; None: nobody knows."""
    if limit is None:
        return PROBE
    bound = timedelta(hours=1) / max(PROBES_AN_HOUR * limit, 1)
    return max(RARE_PROBE if limit < SCARCE else PROBE, bound)


def trial_every(every: timedelta) -> timedelta:
    """One call in so long a process in doubt makes. `every`: as `probe_every`."""
    return every / TRIALS


def rest(interval: timedelta, sellers: int, every: timedelta, share: float) -> timedelta:
    """How long a stream waits in an outage: as usual, so that the return is no storm; less where few sellers are there to find the return.

    Args:
        interval: the stream's own.
        sellers: who wait for the same.
        every: as `probe_every`.
        share: of the seller, 0 to 1, so that not all come together.
    """
    return min(interval, every * AT_A_TIME * max(sellers, 1)) * (0.8 + 0.2 * share)


def doubt(interval: timedelta, sellers: int, every: timedelta, share: float) -> timedelta:
    """The same until the breaker opens, or the doubt ends: by then a minute is over."""
    return min(interval, trial_every(every) * 2 + min(PROOF, timedelta(seconds=2 * sellers)) * share)


def alone(failures: int, cadence: timedelta, share: float, *, common: bool = False) -> timedelta:
    """How long a seller waits who fails alone: doubled each time, towards 6 hours, after a few no less than their cadence.

    Args:
        failures: in a row.
        cadence: the stream's own.
        share: of the seller, 0 to 1.
        common: others fail by turns too: no longer than their cadence.
    """
    wait = backoff(failures)
    if failures >= AFTER_A_FEW:
        most = cadence * (1 + SPREAD)
        wait = min(most if common else max(wait, most), LONGEST)
    return wait * (1 - SPREAD * share)


def backoff(failures: int) -> timedelta:
    """The same, but for cadence and spread."""
    wait: timedelta = min(FIRST * 2 ** min(max(failures, 1) - 1, 20), LONGEST)
    return wait
