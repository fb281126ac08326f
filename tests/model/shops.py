"""What sellers and buyers do to the orders, parcels and stock of a simulated eBay, and time that passes: rules of a machine."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.model.checked import SELLERS, CheckedMachine, act
from tests.model.fleet import NO_TIME

LATE = (NO_TIME, NO_TIME, timedelta(seconds=30), timedelta(minutes=3))

seller = st.sampled_from(SELLERS)
pick = st.integers(0, 12)  # one of them, the newest first
late = st.sampled_from(LATE)
minutes = st.sampled_from([timedelta(seconds=1), *(timedelta(minutes=m) for m in (1, 5, 16, 31)), timedelta(hours=3)])


class ShopMachine(CheckedMachine):
    def order(self, name: str, which: int) -> str:
        """One of the seller's orders; eBay's clock is past its last change, since an order's dates never fall."""
        orders = self.fleet.world.order_ids(name)
        found = orders[-1 - which % len(orders)]
        changed = self.fleet.world.entity(name, "order", found).newest.modified_ms
        behind = changed - self.fleet.world.clock.now_ms()
        if behind > 0:
            self.fleet.wait(timedelta(milliseconds=behind))
        return found

    def seen_at(self, later: timedelta) -> datetime:
        return self.fleet.world.clock.now() + later

    @rule(name=seller, paid=st.booleans(), later=late)
    @act
    def place(self, name: str, paid: bool, later: timedelta) -> None:
        world = self.fleet.world
        lines = [(world.good(name, 0), 3), (world.good(name, 1), 1)]  # enough for parcels that share an id
        world.place_order(name, lines=lines, paid=paid, visible_at=self.seen_at(later))

    @rule(name=seller, which=pick, what=st.sampled_from(["pay", "cancel", "ask to cancel", "refund", "refund some", "touch"]), later=late)
    @act
    def order_changes(self, name: str, which: int, what: str, later: timedelta) -> None:
        world, order, seen = self.fleet.world, self.order(name, which), self.seen_at(later)
        if what == "pay":
            world.pay(name, order, visible_at=seen)
        elif what == "touch":  # a date without a change
            world.touch(name, order, visible_at=seen)
        elif "cancel" in what:
            world.cancel(name, order, "CANCELED" if what == "cancel" else "IN_PROGRESS", visible_at=seen)
        else:
            world.refund(name, order, None if what == "refund" else "2.50", visible_at=seen)

    @rule(name=seller, which=pick, part=st.booleans(), tracked=st.booleans(), later=late)
    @act
    def ship(self, name: str, which: int, part: bool, tracked: bool, later: timedelta) -> None:
        order = self.order(name, which)
        if lines := self.fleet.world.unsent(name, order):
            lines = dict.fromkeys(list(lines)[:1], 1) if part else lines
            self.fleet.world.ship(name, order, lines=lines, tracking="" if tracked else None, visible_at=self.seen_at(later))

    @rule(name=seller, which=pick, one=st.integers(0, 2), remove=st.booleans())
    @act
    def correct_tracking(self, name: str, which: int, one: int, remove: bool) -> None:
        world = self.fleet.world
        order = self.order(name, which)
        parcels = list(world.parcels(name, order))
        if not parcels:
            return
        if remove:
            world.remove_parcel(name, order, parcels[one % len(parcels)])
        else:
            world.correct_tracking(name, order, parcels[one % len(parcels)], f"1Z{next(self.numbers):06d}")

    @rule(name=seller, look=st.booleans(), one=st.integers(0, 1), remove=st.booleans())
    @act
    def parcels_share_an_id(self, name: str, look: bool, one: int, remove: bool) -> None:
        """Two without tracking; later one of them is gone, or gets a number."""
        self.place(name=name, paid=True, later=NO_TIME)
        for _ in range(2):
            self.ship(name=name, which=0, part=True, tracked=False, later=NO_TIME)
            if look:
                self.time_passes(by=timedelta(minutes=5))
            self.fleet.wait(timedelta(seconds=1))
        self.time_passes(by=timedelta(minutes=5))
        self.correct_tracking(name=name, which=0, one=one, remove=remove)

    @rule(name=seller, which=pick)
    @act
    def change_without_a_date(self, name: str, which: int) -> None:
        """Of an order since the enrolment: an older one's nobody could see."""
        order = self.order(name, which)
        if self.fleet.world.entity(name, "order", order).created_ms >= self.enrolled_ms:
            self.fleet.world.modify(name, order, {"salesRecordReference": f"{next(self.numbers)}"}, bump=False)

    @rule(name=seller, which=pick, what=st.sampled_from(["count", "count", "go", "come", "come back the same"]), quantity=st.integers(0, 2))
    @act
    def stock_changes(self, name: str, which: int, what: str, quantity: int) -> None:
        world, skus = self.fleet.world, self.fleet.world.skus(name)
        gone = [sku for sku in world.inventories[name].stock if not world.has_sku(name, sku)]
        if what == "count" and skus:
            world.set_stock(name, skus[which % len(skus)], quantity)
        elif what == "go" and skus:
            world.remove_sku(name, skus[which % len(skus)])
        elif what == "come back the same" and gone:
            world.modify_sku(name, gone[which % len(gone)])
        else:
            world.add_sku(name, gone[which % len(gone)] if gone else f"NEW-{next(self.numbers)}", quantity)

    @rule(by=minutes)
    @act
    def time_passes(self, by: timedelta) -> None:
        self.fleet.wait(by)
        self.wake()

    def wake(self) -> None:
        for name in SELLERS:
            self.fleet.wake(name)
