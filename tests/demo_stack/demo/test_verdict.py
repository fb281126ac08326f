from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from demo_stack.demo.verdict import JudgedSellers, exit_code, report, settle
from simulator.judge import Verdict
from store import Store

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class PolledSellers:
    """A store whose sellers are polled once at each read, as far as they are polled at all."""

    def __init__(
        self, *, paused: Sequence[str] = (), stuck: Sequence[str] = (), parcels: int = 0, backfill: int = 0, lag: int = 0, report: int = 0
    ) -> None:
        """`lag`: reads by which the listings' cursor is behind; `report`: reads while a report is read."""
        self.paused, self.stuck, self.parcels, self.backfill, self.lag, self.report = paused, stuck, parcels, backfill, lag, report
        self.reads = 0
        self.asked: list[Sequence[str]] = []
        self.status = self

    def all(self) -> list[dict[str, Any]]:
        self.reads += 1
        return [self.seller(name) for name in ("anna", "bert")]

    def seller(self, name: str) -> dict[str, Any]:
        polled = T0 + timedelta(seconds=0 if name in self.stuck else self.reads)
        cursor = T0 + timedelta(seconds=self.reads - self.lag)
        stream_status = {"last_good_at": polled.isoformat(), "reading": False, "cursor": cursor.isoformat()}
        streams = {stream: dict(stream_status) for stream in ("orders", "inventory", "listings")}
        streams["report"] = stream_status | {"reading": self.reads <= self.report}
        streams["backfill"] = {"last_good_at": None, "reading": self.reads <= self.backfill}
        state = "paused" if name in self.paused else "polling"
        return {"seller_id": name, "state": state, "reason": "lunch", "streams": streams}

    def parcels_due(self, seller_id: str, limit: int) -> list[str]:
        return ["03-14798-73169"] if self.reads <= self.parcels else []

    def settle(self, patience_s: float = 10.0) -> list[str]:
        return settle(cast(Store, self), lambda: None, T0, self.asked.append, patience_s)


def test_the_second_poll_that_ends_is_one_that_began_later() -> None:
    sellers = PolledSellers()

    assert sellers.settle() == []

    assert sellers.reads == 3
    assert sellers.asked == [["anna", "bert"]] * 2


def test_announced_parcels_a_backfill_and_a_report_are_waited_for() -> None:
    parcels, backfill, report = PolledSellers(parcels=5), PolledSellers(backfill=4), PolledSellers(report=6)

    assert parcels.settle() == backfill.settle() == report.settle() == []

    assert (parcels.reads, backfill.reads, report.reads) == (6, 5, 7)


def test_listings_are_asked_for_until_their_cursor_is_past_the_moment_from_which_all_is_visible() -> None:
    sellers = PolledSellers(lag=25)

    assert sellers.settle() == []

    assert sellers.reads == 25
    assert len(sellers.asked) > 2


def test_a_seller_who_is_not_polled_is_named_after_a_while() -> None:
    assert PolledSellers(stuck=["bert"]).settle(0.5) == ["not polled within 0 s: bert's inventory, bert's listings, bert's orders"]


def test_a_paused_seller_is_neither_waited_for_nor_judged() -> None:
    sellers = PolledSellers(paused=["bert"], stuck=["bert"])

    assert sellers.settle() == []

    judged = JudgedSellers.of(sellers.all(), {"anna": "anna", "bert": "bert"})
    assert judged == JudgedSellers({"anna": "anna"}, {"bert": "paused (lunch)"})
    assert "bert is paused (lunch): not judged" in report(Verdict(), judged, {}, 0, [], "nothing")


def test_who_is_connected_on_the_page_is_judged_by_their_account_whatever_id_they_were_given() -> None:
    statuses = [{"seller_id": name, "state": "polling", "reason": None} for name in ("anna", "dora", "my-shop", "stranger")]

    judged = JudgedSellers.of(statuses, {"anna": "anna", "dora": "dora", "my-shop": "bert"})

    assert judged.accounts == {"anna": "anna", "dora": "dora", "my-shop": "bert"}
    said = report(Verdict(), judged, {}, 0, [], "nothing").splitlines()
    assert [line.strip() for line in said if "connected" in line or "not judged" in line] == [
        "dora was connected on the page: judged too, its sales from then on",
        "my-shop, the eBay account bert, was connected on the page: judged too, its sales from then on",
        "stranger is of an eBay account that nobody knows: not judged",
    ]


def test_a_loss_and_what_was_not_polled_or_delivered_fail_the_demo() -> None:
    wrong = [exit_code(Verdict(lost=1), [], []), exit_code(Verdict(twice=1), [], []), exit_code(Verdict(wrong=1), [], [])]
    left = [exit_code(Verdict(), ["bert's orders"], []), exit_code(Verdict(), [], ["2 changes not delivered"])]

    assert exit_code(Verdict(changes=576), [], []) == 0
    assert wrong + left == [1] * 5


def test_the_report_has_the_findings() -> None:
    verdict = Verdict(changes=576, lost=1, delays=[1.5, 9.2], examples=["lost: order anna/03-14798-73169: no event"])

    said = report(
        verdict,
        JudgedSellers({"anna": "anna"}),
        {"order": 1320, "token:refresh_token": 2, "token:client_credentials": 1},
        195,
        [],
        "9 SKUs",
    )

    assert "576 changes, 1 lost, 0 twice, 0 wrong, delay p50 9.2 s, p95 9.2 s" in said
    assert "lost: order anna/03-14798-73169: no event" in said
    assert said.endswith("the sellers have 9 SKUs\nin this run: 195 changes\n  calls at eBay: order 1,320, token 3")
