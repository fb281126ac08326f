"""The inventory poll: a scan of all SKUs, 200 a call, that a crash or a time limit only interrupts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from temporalio import activity

from activities.polling import inventory_pages, sources
from activities.polling.checkpoints import InventoryScan
from activities.polling.listing_skus import set_aside
from activities.polling.listings import leave_to_inventory
from activities.polling.poll import Poll, PollResult
from activities.polling.running import StepRun
from activities.polling.stepping_over import SteppingOver, try_again
from activities.polling.steps import StepRunner
from domain.changes.inventory import entity_id
from domain.pacing import InventorySource, Stream
from ebay.client import InventoryPage
from ebay.errors import BadAnswerError
from store.events.aside import SetAsideDue
from store.events.rereads import What
from store.schema.kinds import AlertKind

SKUS_A_CALL = 25  # eBay's most
TURNS = 4  # scans whose SKUs never agree with eBay's `total` before the scan is taken as it is, with an alert
NO_ITEMS = "no item in the Inventory API"


class InventoryPolling:
    def __init__(self, steps: StepRunner) -> None:
        self.steps = steps

    @activity.defn(no_thread_cancel_exception=True)
    def poll_inventory(self, request: Poll) -> PollResult:
        """Follow eBay's `next` from page to page, each stored with the scan's id; then ask directly for SKUs that did not come.

        eBay's inventory knows no "modified since", so a full scan is the way to see a change (N / 200 calls). A SKU is gone when it is
        absent from a complete scan and a direct read says so too. Errors: see `StepRunner.run`.
        """
        return self.steps.run(request, Stream.INVENTORY, self.read)

    def read(self, step: StepRun) -> PollResult:
        if end := sources.unused(step):
            return end
        sold = skus(step)
        if left := self.read_sold(step, sold):
            return left
        if step.request.announced:
            sold.settle()
            return step.result(next_due=step.now(), why="the stock of what was sold is read")
        scan = inventory_pages.begin(step)
        while scan.total is None:
            page, after = inventory_pages.read(step, scan, sold)
            sold.answered()
            scan = self.store_page(step, scan, page, after)
            if step.over():
                return step.more(f"inventory scan: {scan.page} pages read")
        sold.settle()
        return self.settle(step, scan)

    def read_sold(self, step: StepRun, over: SteppingOver) -> PollResult | None:
        """SKUs that sales moved, 25 a call. A SKU that eBay's inventory does not know is no news here: a scan decides what is gone."""
        while due := self.sold(step, over):
            aside = set_aside(step, due)
            for part, found in read_skus(step, over, [sku for sku in due if sku not in aside]):
                with step.commit() as commit:
                    there = [item for item in found.values() if item is not None]
                    step.count(commit, commit.store_inventory(there, step.read_at(), self.source(step), read_from="bulk"))
                    commit.stock_read(part)
                    commit.records_read(What.SKU, list(found))
            if aside:
                with step.commit() as commit:
                    commit.stock_read(sorted(aside))
            if (step.over() or over.full) and self.sold(step, over):  # not for those that failed: there would be no end of steps
                over.settle()
                return step.more("more sold stock to read")
        return None

    def sold(self, step: StepRun, over: SteppingOver) -> list[str]:
        """Those that failed in this step come last, and not again."""
        found = self.steps.store.skus_due(step.request.seller_id, SKUS_A_CALL + len(over.failing))
        return [sku for sku in found if sku not in over.failing][:SKUS_A_CALL]

    def store_page(self, step: StepRun, scan: InventoryScan, page: InventoryPage, after: InventoryScan) -> InventoryScan:
        with step.commit() as commit:
            step.count(commit, commit.store_inventory(page.items, page.date, self.source(step)))
            commit.scan_page(scan.scan, scan.page, [sku for sku in map(entity_id, page.items) if sku])
            commit.advance(checkpoint=after.as_json())
        return after

    def settle(self, step: StepRun, scan: InventoryScan) -> PollResult:
        """All pages are read: ask for what is missing, 25 a call, and see whether the SKUs agree with eBay's count."""
        over = skus(step)
        while absent := self.steps.store.unlisted_skus(step.request.seller_id, scan.scan, SKUS_A_CALL):
            scan = self.read_absent(step, scan, absent, over)
            if step.over() or over.full:
                over.settle()
                return step.more("inventory scan: asking for SKUs that did not come")
        over.settle()
        try_again(step, (What.SKU,), lambda one: self.read_again(step, one))
        if step.step.inventory_source is InventorySource.INVENTORY_API:
            leave_to_inventory(step)  # of a time when listings were read: nothing else would
        with step.commit() as commit:
            step.count(commit)
            seen = commit.scanned(scan.scan)
            lost = len(scan.unreadable)
            agreed = seen + lost >= (scan.total or 0)
            if not agreed and scan.turn < TURNS:
                commit.advance(checkpoint=inventory_pages.once_more(step, scan).as_json())
                return step.more("inventory scan: eBay's count differs, once more")
            commit.end_scan(scan.scan)
            commit.advance(cursor=step.read_at(), checkpoint=inventory_pages.to_remember(step, scan).as_json())
            commit.part_lost("SKUs", f"{lost} of the list of SKUs" if lost else None)
            if agreed:
                commit.close_alert(AlertKind.INVENTORY_INCOMPLETE)
            else:
                commit.open_alert(
                    AlertKind.INVENTORY_INCOMPLETE,
                    f"eBay's count of SKUs never agreed with what it listed in {TURNS} scans; the next scan will look again",
                )
            return sources.complete(step, commit, None if seen else NO_ITEMS)

    def read_absent(self, step: StepRun, scan: InventoryScan, absent: list[str], over: SteppingOver) -> InventoryScan:
        """Of a SKU that eBay does not show, though it was asked for, nothing is known: it stays as it is."""
        aside = set_aside(step, absent)
        lists, later = inventory_pages.lists(scan, [sku for sku in absent if sku not in aside])
        for asked in lists:
            for part, found in read_skus(step, over, asked):
                scan = self.store_absent(step, inventory_pages.with_breaking(scan, asked, part), part, found)
        if passed := [sku for sku in absent if sku in aside or sku in over.failing or sku in later]:
            with step.commit() as commit:
                step.count(commit)
                commit.skus_lacking(passed)
                commit.scan_page(scan.scan, scan.page, passed)
                scan = scan.move(page=scan.page + 1)
                commit.advance(checkpoint=scan.as_json())
        return scan

    def store_absent(self, step: StepRun, scan: InventoryScan, part: list[str], found: dict[str, Any]) -> InventoryScan:
        after = scan.move(page=scan.page + 1)
        with step.commit() as commit:
            there = [item for item in found.values() if item is not None]
            stored = commit.store_inventory(there, step.read_at(), self.source(step), read_from="bulk")
            gone = commit.remove_inventory([sku for sku, item in found.items() if item is None], step.read_at())
            step.count(commit, stored, gone)
            commit.records_read(What.SKU, list(found))
            commit.scan_page(scan.scan, scan.page, part)
            commit.advance(checkpoint=after.as_json())
        return after

    def read_again(self, step: StepRun, one: SetAsideDue) -> None:
        """What was set aside. A SKU that eBay does not know any more is for the scan to tell."""
        found = step.api.inventory_items([one.name])
        with step.commit() as commit:
            there = [item for item in found.values() if item is not None]
            step.count(commit, commit.store_inventory(there, step.read_at(), self.source(step), read_from="bulk"))
            commit.records_read(What.SKU, list(found))

    def source(self, step: StepRun) -> str:
        return "backfill" if step.step.scanned_at is None else "poll"  # the first scan tells of stock that was there before


def skus(step: StepRun) -> SteppingOver:
    return SteppingOver(step, What.SKU, lambda sku: step.api.inventory_items([sku]))


def read_skus(step: StepRun, over: SteppingOver, asked: list[str]) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """In lists as eBay answers them. One for which an answer holds an error of its own failed as if it were alone."""
    for part, found in over.lists(asked, step.api.inventory_items) if asked else ():
        for sku in (one for one in part if one not in found):
            over.failed(sku, BadAnswerError("eBay's answer has an error in place of the SKU", status=207))
        yield [sku for sku in part if sku in found], found
