"""The simulated eBay at its worst, on a network at its worst, which Postgres is behind too. The product must not care."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from queue import SimpleQueue
from urllib.parse import urlsplit

from sqlalchemy import make_url

from domain.pacing import Stream
from lab.chaos.deployment import KINDS, SNAPSHOTS, Deployment, deployment, until
from lab.chaos.findings import Found
from lab.chaos.hostile_outcome import HostileOutcome, of_sweeps, without_trace
from lab.chaos.report import ChaosReport, say
from simulator import Hostility, Life, World, make_hostile
from simulator.judge import judge
from simulator.proxy import FaultProxy, LineFaults
from simulator.times import DAY
from workflows.messages import PollNow
from workflows.seller_polling import SellerPolling

LASTS_S, PATIENCE_S = 50.0, 75.0  # the second: until everything has happened that is to happen
SETTLED_WITHIN_S = 150.0  # a 429 of the token endpoint holds everybody for a minute
SCALE = 0.02  # of eBay's times, so that lateness of four minutes (5 s here) fits into the least overlap (10 s)
MINUTES_OFF = 7
RATES = {  # those of the profile that would hit too seldom in a minute, and times that may be longer than the scale makes them
    "clock_off_s": MINUTES_OFF * 60 / SCALE,
    "same_date_s": 2 / SCALE,
    "date_behind_s": 1 / SCALE,
    "slow_s": 2 / SCALE,
    "undated_closed": 0.3,
    "nameless": 0.02,
    "huge": 0.01,
    "too_many": 0.01,
    "dateless": 0.02,
    "date_leaps": 0.005,
    "absurd_date": 0.05,
    "html_4xx": 0.1,
    "wide_windows": 0.5,
    "revoked": 0.01,
    "malformed_listing": 0.15,
    "xml_bomb": 0.04,
    "huge_xml": 0.04,
    "ack_failure": 0.05,
    "more_items": 0.1,
    "coming_and_going": 0.4,
    **dict.fromkeys(("report_stuck", "report_failed", "not_a_zip", "zip_bomb", "torn_report"), 0.25),
    **dict.fromkeys(("rows_twice", "rows_nameless", "rows_negative", "rows_unknown"), 0.4),
}
# What listings and their reports can meet
OF_LISTINGS = ("malformed_listing", "ack_failure", "xml_bomb", "huge_xml", "unknown_xml", "more_items")
OF_REPORTS = (
    *("report_stuck", "report_failed", "not_a_zip", "zip_bomb", "torn_report"),
    *("rows_twice", "rows_nameless", "rows_negative", "rows_unknown"),
)
# What sellers who list and sell all the time can meet: life takes care of it
OF_SALES = "paid_later", "hot", "size_added", "restocked", "id_changes", "index_late"
# What orders, parcels and inventory can meet in a minute: each at least once
HAPPENS = (
    *("late", "parcels_behind", "same_date", "undated", "undated_closed", "absurd_date", "malformed", "unknown", "nameless", "huge"),
    *("moving", "touched", "late_payer", "coming_and_going"),
    *("failure", "too_many", "html", "html_4xx", "truncated", "wrong_total", "empty_page", "warnings"),
    *("reset", "cut", "slow", "expired", "revoked", "date_behind", "date_leaps", "dateless"),
)
TO_EBAY = LineFaults(refuse=0.02, hang=0.01, garbage=0.02, reset=0.03, half_close=0.02, slow=0.02, delay_s=1.0)
TO_POSTGRES = LineFaults(refuse=0.002, reset=0.003, slow=0.005, after=50, delay_s=0.5)
EBAYS_WAYS = ("refuse", "hang", "garbage", "reset", "half_close", "slow")
POSTGRES_WAYS = ("refuse", "reset", "slow")
CADENCE = {"orders_every": "1s", "fulfillment_every": "2s", "inventory_every": "4s", "quota_trading": "1000000"}
A_FEW = 3
GONE_EVERY_S, GONE_S = 12.0, 0.5  # nobody listens
ASK_EVERY_S = 5.0  # somebody asks for a poll: else a stream waits for a minute after a stray 429
REPORT_PATIENCE_S = 15.0  # then a report that never comes is given up
SELLERS = {  # SKUs, of them listed by the Inventory API, listings of Seller Hub (a sixth with variations)
    "seller-0": (260, 0, 0),
    "seller-1": (12, 0, 0),
    "seller-2": (12, 0, 0),
    "seller-3": (0, 0, 30),
    "seller-4": (12, 6, 12),
    "seller-5": (12, 12, 2),
}
MANY = 230  # more than a page
AGING = 3  # orders that become 90 days old meanwhile
HEAD = (
    *("what", "seed", "changes", "lost", "twice", "wrong", "cursors back", "missed"),
    *("sweep: undated", "sweep: missed", "reports", "report: missed", "set aside"),
)


def hostile_world(seed: int, scale: float = SCALE, **switches: float) -> tuple[World, Hostility]:
    world = World(seed=seed)
    world.quotas.limits["trading"] = 1_000_000  # polls every few seconds would spend eBay's 5,000 a day within the hour
    return world, make_hostile(world, seed, scale, **{**RATES, **switches})


class Siege:
    """A deployment whose workers reach eBay and Postgres through proxies. We ourselves do not: what we ask is not spoilt."""

    def __init__(self, deployment: Deployment, hostility: Hostility, seed: int) -> None:
        self.deployment, self.world, self.hostility = deployment, deployment.world, hostility
        self.ebay = urlsplit(deployment.house.ebay_url)
        self.database = make_url(deployment.house.database)
        self.to_ebay = FaultProxy(self.ebay.hostname or "", self.ebay.port or 0, seed=seed)
        self.to_postgres = FaultProxy(self.database.host or "", self.database.port or 0, seed=seed)
        self.consents: SimpleQueue[tuple[str, str]] = SimpleQueue()  # sellers who consented anew, and their token
        self.stack = ExitStack()
        self.asked = time.monotonic()
        self.happens: tuple[str, ...] = HAPPENS
        deployment.crew.patience_s = REPORT_PATIENCE_S

    def __enter__(self) -> Siege:
        for proxy in (self.to_ebay, self.to_postgres):
            self.stack.enter_context(proxy)
        self.stack.callback(self._leave)  # before the proxies go
        behind = self.database.set(host=self.to_postgres.host, port=self.to_postgres.port).render_as_string(hide_password=False)
        self.deployment.crew.environment |= {"SELLERBEAT_EBAY_API_URL": self.to_ebay.url, "SELLERBEAT_DATABASE_URL": behind}
        self.hostility.on_revoked = lambda seller, token: self.consents.put((seller, token))
        self.hostility.calm = True  # until all are enrolled
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def _leave(self) -> None:
        self.deployment.crew.close()
        until(lambda: not (self.to_ebay.lines or self.to_postgres.lines), 60, "the end of the dead workers' connections")

    def enroll(self, backfill: str) -> None:
        """And have the first sweep behind them, which only says when the next one is."""
        self.deployment.enroll(list(self.world.sellers), backfill)
        self.deployment.crew.start(wait=True)
        rows = "SELECT count(*) FROM sellerbeat.streams WHERE stream = 'sweep' AND cursor IS NOT NULL"
        until(lambda: self.deployment.house.rows(rows)[0][0] == len(self.deployment.sellers), SETTLED_WITHIN_S, "the first sweeps")

    def begin(self, to_ebay: LineFaults, to_postgres: LineFaults) -> None:
        self.to_ebay.faults, self.to_postgres.faults = to_ebay, to_postgres
        self.hostility.calm = False

    def never(self, least: int = 1) -> list[str]:
        """What was to happen, and has not; on the network: not `least` times."""
        network = ((EBAYS_WAYS, self.to_ebay, "eBay"), (POSTGRES_WAYS, self.to_postgres, "Postgres"))
        seldom = [f"{way} (network to {where})" for kinds, proxy, where in network for way in kinds if proxy.done[way] < least]
        return [switch for switch in self.happens if not self.hostility.done[switch]] + seldom

    def look_after(self) -> None:
        """What people do meanwhile: connect a seller whose token died, ask for polls."""
        while not self.consents.empty():
            seller, token = self.consents.get()
            said = self.deployment.house.command("connect", seller, "--refresh-token-file", "-", stdin=token)
            if said.code:  # eBay would not say yes just now
                self.consents.put((seller, token))
                time.sleep(0.1)
        if time.monotonic() - self.asked > ASK_EVERY_S:
            self.asked = time.monotonic()
            self.ask()
            if set(OF_REPORTS) & set(self.happens):
                self.ask(Stream.REPORT, self.listing())

    def listing(self) -> list[str]:
        """Sellers with listings."""
        return [name for name, seller in self.world.sellers.items() if seller.listings or seller.published]

    def ask(self, stream: Stream | None = None, sellers: Sequence[str] | None = None) -> None:
        for seller in self.deployment.sellers if sellers is None else sellers:
            self.deployment.signal(seller, SellerPolling.poll_now, PollNow(stream=stream))

    def relieve(self) -> None:
        """Nothing is spoilt from here on."""
        self.hostility.calm = True
        for proxy in (self.to_ebay, self.to_postgres):
            proxy.stop()
            proxy.cut()  # what hangs would hang on
        self.look_after()

    def settle(self, within: float = SETTLED_WITHIN_S) -> None:
        """All is polled, then swept, then the parcels are read that the sweep announced, then all listings once more by a report."""
        took = self.deployment.poll_all(within)
        self.sweep(within)
        if set(OF_REPORTS) & set(self.happens):
            self.report(within)
        self.deployment.read_all(within)
        say(f"   the world stands still; all is polled after {took:.1f} s, then swept")

    def sweep(self, within: float) -> None:
        (now,) = self.deployment.house.rows("SELECT clock_timestamp()")[0]
        self.ask(Stream.SWEEP)
        rows = "SELECT count(*) FROM sellerbeat.streams WHERE stream = 'sweep' AND last_good_at >= :now AND reading IS NULL"
        until(lambda: self.deployment.house.rows(rows, now=now)[0][0] == len(self.deployment.sellers), within, "the sweeps")

    def report(self, within: float) -> None:
        (now,) = self.deployment.house.rows("SELECT clock_timestamp()")[0]
        self.ask(Stream.REPORT, self.listing())
        rows = """
            SELECT count(*) FROM sellerbeat.streams WHERE stream = 'report' AND last_good_at >= :now AND reading IS NULL
                AND seller_id = ANY (:all)
        """
        until(lambda: self.deployment.house.rows(rows, now=now, all=self.listing())[0][0] == len(self.listing()), within, "the reports")

    def outcome(self) -> HostileOutcome:
        house, rows, events = self.deployment.house, list(self.world.rows()), self.deployment.house.events()
        snapshots = {
            (seller, kind): list(house.store.snapshot(seller, kind)) for seller in self.deployment.sellers for kind in SNAPSHOTS.values()
        }
        verdict = judge(
            rows, events, snapshots, at=self.world.clock.now(), kinds=KINDS, slack=self.deployment.slack(), leaps=self.hostility.leaps
        )
        found = self.deployment.with_watchers(Found(verdict.changes, verdict.lost, verdict.twice, verdict.wrong, findings=verdict.findings))
        self.deployment.judged = found
        aside = house.rows("SELECT seller_id, kind, reason, raw FROM sellerbeat.set_aside")
        for wrong in [row[:3] for row in aside if row[2] != "no id"] + without_trace(rows, [row[3] for row in aside]):
            found.lost += 1
            found.findings.append(f"lost: {wrong}")
        swept = house.rows(
            "SELECT coalesce(sum(undated), 0)::int, coalesce(sum(missed), 0)::int FROM sellerbeat.poll_runs WHERE stream = 'sweep'"
        )[0]
        (missed,) = house.rows("SELECT coalesce(sum(missed), 0)::int FROM sellerbeat.poll_runs WHERE stream = 'report'")[0]
        undated, overlooked = of_sweeps(rows, events)
        return HostileOutcome(found, (swept[0], swept[1]), undated, overlooked, (self.world.reports.made.total(), missed), len(aside))


def run(report: ChaosReport, seed: int, minutes: float = LASTS_S / 60, keep: Path | None = None) -> None:
    world, hostility = hostile_world(seed)
    for name, (skus, published, listings) in SELLERS.items():
        world.add_seller(name, 3.0, skus, published=published, listings=listings)
        world.move_in(name)
    with deployment(world, keep, **CADENCE) as (here, _), Siege(here, hostility, seed) as siege:
        siege.happens = HAPPENS + OF_LISTINGS + OF_REPORTS + OF_SALES
        life = Life(world, 6000.0)  # leaves the past and the crowd alone
        since = world.clock.now() - timedelta(days=20)
        world.preload_orders("seller-0", 260, since, since + timedelta(days=19), shipped=0.2)
        siege.enroll("25d")
        with life:
            siege.begin(TO_EBAY, TO_POSTGRES)
            for _ in range(MANY):
                world.place_order("seller-0")
            for number in range(AGING):
                world.place_order("seller-1", created_at=world.clock.now_ms() - 90 * DAY + (number + 1) * 10_000)
            closed = [(name, world.place_order(name)) for name in world.sellers]
            for name, order_id in closed:
                world.ship(name, order_id)
            rage(siege, minutes * 60)
            for name, order_id in closed:
                world.modify(name, order_id, {"buyerCheckoutNotes": "only a sweep can see this"}, bump=False)
            siege.relieve()
        siege.settle()
        outcome = siege.outcome()
    write_report(report, siege, outcome, seed)


def rage(siege: Siege, seconds: float) -> None:
    """For so long, and some more where something has not happened yet."""
    began = gone = time.monotonic()
    proxies, switches = (siege.to_ebay, siege.to_postgres), siege.world.switches
    turned = {"pages": "rows", "rows": "pages"}[switches.inventory_offset]
    while (now := time.monotonic()) < began + seconds or (siege.never(A_FEW) and now < began + seconds + PATIENCE_S):
        siege.look_after()
        if now > began + seconds / 2:  # what offsets of inventory count, in the midst of scans too
            switches.inventory_offset = turned
        if now > gone + GONE_EVERY_S:
            gone = now
            for proxy in proxies:
                proxy.down()
            time.sleep(GONE_S)
            for proxy in proxies:
                proxy.up()
                proxy.done["gone"] += 1
        time.sleep(0.1)


def write_report(report: ChaosReport, siege: Siege, outcome: HostileOutcome, seed: int) -> None:
    found, overlooked, (undated, missed) = outcome.found, len(outcome.overlooked), outcome.swept
    table = report.table("A hostile eBay on a bad network", HEAD)
    counts = (found.changes, found.lost, found.twice, found.wrong, found.back, found.missed)
    table.add("all of it", str(seed), *map(str, (*counts, outcome.undated, overlooked, *outcome.reports, outcome.aside)))
    ebay = ", ".join(f"{switch} {times} x" for switch, times in sorted(siege.hostility.done.items()))
    table.notes += [
        f"eBay: {ebay}; its clock {MINUTES_OFF} minutes off; offsets of inventory as pages and as rows; "
        f"{AGING} orders too old for personal fields.",
        f"The network to eBay: {ways(siege.to_ebay, EBAYS_WAYS)}. To Postgres: {ways(siege.to_postgres, POSTGRES_WAYS)}.",
        f"By the sweeps' own count {undated} undated, {missed} missed: an order that had no id before looks like one that was missed.",
    ]
    report.expect(found.ok, f"{found} {found.examples}")
    report.expect(not outcome.overlooked, f"polling overlooked what had a date: {outcome.overlooked[:5]}")
    report.expect(not outcome.reports[1], f"{outcome.reports[1]} changes of listings were missed by polling")
    recorded = outcome.undated + overlooked
    report.expect(sum(outcome.swept) == recorded, f"the sweeps counted {outcome.swept}, and recorded {recorded}")
    report.expect(not siege.never(A_FEW), f"too seldom: {', '.join(siege.never(A_FEW))}")


def ways(proxy: FaultProxy, kinds: Iterable[str]) -> str:
    return ", ".join(f"{way} {proxy.done[way]} x" for way in (*kinds, "gone"))
