"""What happens to orders. Every act writes one new version of what it touches.

`at` is the moment of the change (the order's lastModifiedDate), `visible_at` when eBay shows it; both default to now.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from simulator.ledger import Document, Sketch, dumps
from simulator.state import orders
from simulator.state.catalog import Good, money
from simulator.state.changes import Change, Raw, When, apply, written
from simulator.state.inventory import New
from simulator.state.state import State
from simulator.times import from_iso, iso, to_ms


class OrderActions:
    """Orders and their parcels."""

    def __init__(self, state: State) -> None:
        self.state = state

    def place_order(
        self,
        seller: str,
        *,
        lines: Sequence[tuple[Good, int]] | None = None,
        paid: bool = True,
        at: When = None,
        visible_at: When = None,
        created_at: When = None,
        order_id: str | None = None,
        change: Change | None = None,
        raw: Raw | None = None,
    ) -> str:
        """A checkout. `created_at` may lie before `at`; `change` and `raw` alter the document. Gives the order's id."""
        with self.state.lock:
            modified, visible = self.state.times(at, visible_at)
            created = modified if created_at is None else to_ms(created_at)
            order_id = order_id or self._next_id(seller)
            document = orders.new_order(self.state.sellers[seller], order_id, created, lines, paid)
            document["sellerId"] = self.state.accounts.username(seller)
            apply(change, document)
            self.state.put(seller, [order_version(document, modified, visible, raw)])
            return order_id

    def modify(
        self,
        seller: str,
        order_id: str,
        change: Change | None = None,
        *,
        at: When = None,
        visible_at: When = None,
        raw: Raw | None = None,
        bump: bool = True,
    ) -> None:
        """Any change of an order. `bump=False` leaves lastModifiedDate as it is: nobody knows that eBay always moves it."""
        with self.state.lock:
            modified, visible = self.state.times(at, visible_at)
            document = self.state.order(seller, order_id)
            if seller in self.state.accounts.usernames:
                document["sellerId"] = self.state.accounts.username(seller)
            apply(change, document)
            if not bump:
                modified = self.state.entity(seller, "order", order_id).newest.modified_ms
            self.state.put(seller, [order_version(document, modified, visible, raw)])

    def _next_id(self, seller: str) -> str:
        return orders.order_id(self.state.sellers[seller], len(self.state.inventories[seller].orders) + 1)

    def touch(self, seller: str, order_id: str, *, at: When = None, visible_at: When = None) -> None:
        """Only lastModifiedDate moves, as eBay does even to orders that are years old."""
        self.modify(seller, order_id, at=at, visible_at=visible_at)

    def pay(self, seller: str, order_id: str, *, at: When = None, visible_at: When = None) -> None:
        """The buyer of an order that came unpaid pays, and its id stays."""
        moment = self.state.times(at, visible_at)[0]
        self.modify(seller, order_id, lambda order: orders.pay(order, moment), at=at, visible_at=visible_at)

    def pay_anew(self, seller: str, order_id: str, *, at: When = None, visible_at: When = None) -> str:
        """A payment by which the order's id changes, as that of an unpaid order does: the same line items come in a new order, which is as
        old as its payment, and when that is shown the unpaid one is there no more. Gives the new id."""
        with self.state.lock:
            modified, visible = self.state.times(at, visible_at)
            old, new_id = self.state.order(seller, order_id), self._next_id(seller)
            new = {**old, "orderId": new_id, "legacyOrderId": new_id, "creationDate": iso(modified)}
            orders.pay(new, modified)
            self.state.put(seller, [order_version(new, modified, visible)])
            gone, came = (self.state.entity(seller, "order", one) for one in (order_id, new_id))
            visible = max(visible, came.newest.visible_ms, gone.newest.visible_ms)
            self.state.put(
                seller, [New("order", order_id, dumps(old), modified, visible, gone.created_ms, gone.newest.status, removed=True)]
            )
            return new_id

    def ship(
        self,
        seller: str,
        order_id: str,
        *,
        lines: Mapping[str, int] | None = None,
        tracking: str | None = "",
        carrier: str | None = None,
        at: When = None,
        visible_at: When = None,
        listed_at: When = None,
    ) -> str:
        """One parcel: all that is not sent yet, or `lines` (lineItemId -> quantity). `tracking=None`: without tracking.

        eBay's fulfillmentId is the tracking number, or 999 without one: parcels without tracking share it.
        `listed_at`: getShippingFulfillments shows it only then, later than the order does.
        Gives the parcel's entity id in the ledger, which tells them apart: `ORDER/999`, `ORDER/999#2`.
        """
        with self.state.lock:
            modified, visible = self.state.times(at, visible_at)
            order, there = self.state.order(seller, order_id), self.state.parcels(seller, order_id)
            drawn, drawn_carrier = orders.tracking_number(
                self.state.sellers[seller], order_id, len(self.state.inventories[seller].parcels.get(order_id, [])) + 1
            )
            tracking = drawn if tracking == "" else tracking
            quantities = dict(lines) if lines is not None else orders.unsent(order, there.values())
            new = orders.parcel(tracking or "999", tracking, carrier or drawn_carrier, quantities, modified)
            return self._rewrite_parcels(
                seller, order, there, [new], [], modified, visible, None if listed_at is None else to_ms(listed_at)
            )

    def unsent(self, seller: str, order_id: str) -> dict[str, int]:
        """Quantities by lineItemId that no parcel holds yet."""
        return orders.unsent(self.state.order(seller, order_id), self.state.parcels(seller, order_id).values())

    def correct_tracking(
        self, seller: str, order_id: str, parcel_id: str, tracking: str, *, at: When = None, visible_at: When = None
    ) -> str:
        """A parcel gets another number: the old one is gone, a new one is there. Gives the new entity id."""
        with self.state.lock:
            modified, visible = self.state.times(at, visible_at)
            order, there = self.state.order(seller, order_id), self.state.parcels(seller, order_id)
            old = there.pop(parcel_id)
            new = {**old, "fulfillmentId": tracking, "shipmentTrackingNumber": tracking}
            return self._rewrite_parcels(seller, order, there, [new], [(parcel_id, old)], modified, visible)

    def remove_parcel(self, seller: str, order_id: str, parcel_id: str, *, at: When = None, visible_at: When = None) -> None:
        """A parcel is there no more; what it held is to be sent again."""
        with self.state.lock:
            modified, visible = self.state.times(at, visible_at)
            order, there = self.state.order(seller, order_id), self.state.parcels(seller, order_id)
            self._rewrite_parcels(seller, order, there, [], [(parcel_id, there.pop(parcel_id))], modified, visible)

    def modify_parcel(self, seller: str, order_id: str, parcel_id: str, change: Change, *, visible_at: When = None) -> None:
        """Carrier or date of a parcel change; the order does not."""
        with self.state.lock:
            modified, visible = self.state.times(None, visible_at)
            document = self.state.parcels(seller, order_id)[parcel_id]
            apply(change, document)
            self.state.put(seller, [New("fulfillment", parcel_id, dumps(document), modified, visible, modified)])

    def cancel(self, seller: str, order_id: str, state: str = "CANCELED", *, at: When = None, visible_at: When = None) -> None:
        """`state` is eBay's cancelState: IN_PROGRESS while it is asked for. What it sold stays sold: see `SaleActions.cancel`."""
        moment = self.state.times(at, visible_at)[0]
        dated = {"cancelledDate": iso(moment)} if state == "CANCELED" else {}
        change = {"cancelStatus": {"cancelState": state, **dated, "cancelRequests": []}}  # the list call never fills cancelRequests
        self.modify(seller, order_id, change, at=at, visible_at=visible_at)

    def refund(self, seller: str, order_id: str, amount: str | Decimal | None = None, *, at: When = None, visible_at: When = None) -> None:
        """Give money back: `amount` in the order's currency, or all of it."""
        moment = self.state.times(at, visible_at)[0]

        def give_back(order: Document) -> None:
            total = order["pricingSummary"]["total"]
            refunds = order["paymentSummary"]["refunds"]
            sum_ = Decimal(total["value"]) if amount is None else Decimal(amount)
            refund = {
                "refundDate": iso(moment),
                "refundId": f"{5_000_000 + len(refunds)}",
                "refundStatus": "REFUNDED",
                "amount": money(sum_, total["currency"]),
            }
            refunds.append(refund)
            given = sum(Decimal(one["amount"]["value"]) for one in refunds)
            order["orderPaymentStatus"] = "FULLY_REFUNDED" if given >= Decimal(total["value"]) else "PARTIALLY_REFUNDED"

        self.modify(seller, order_id, give_back, at=at, visible_at=visible_at)

    def preload_orders(self, seller: str, count: int, since: When, until: When = None, shipped: float = 0.0) -> list[str]:
        """Many old orders at once, evenly from `since` to `until` (now), all visible: 100,000 in some seconds.

        `shipped` is the share that is sent, each in one parcel. Gives the ids, oldest first.
        """
        with self.state.lock:
            who, inventory, now = self.state.sellers[seller], self.state.inventories[seller], self.state.clock.now_ms()
            first, last = to_ms(since or now), min(to_ms(until or now), now)
            start, ids = len(inventory.orders), []
            news: list[New] = []
            for k in range(count):
                created = first + (last - first) * k // max(count, 1)
                oid = orders.order_id(who, start + k + 1)
                sent = min(created + orders.SHIPPING_TIME, now)
                if (k * 7919) % 1000 < shipped * 1000:
                    arguments = (who, oid, created, sent)
                    fid = orders.tracking_number(who, oid, 1)[0]
                    news.append(New("order", oid, Sketch(orders.shipped_order, arguments), sent, now, created, "FULFILLED"))
                    news.append(New("fulfillment", f"{oid}/{fid}", Sketch(orders.shipped_parcel, arguments), sent, now, created))
                else:
                    news.append(New("order", oid, Sketch(orders.new_order, (who, oid, created)), created, now, created, "NOT_STARTED"))
                ids.append(oid)
            self.state.preload(seller, news)
            return ids

    def _rewrite_parcels(
        self,
        seller: str,
        order: Document,
        there: dict[str, Document],
        new: list[Document],
        gone: list[tuple[str, Document]],
        modified: int,
        visible: int,
        listed: int | None = None,
    ) -> str:
        """Parcels and the order that shows them, in one go."""
        oid = order["orderId"]
        orders.show_parcels(order, [*there.values(), *new])
        listed = visible if listed is None else listed
        news = [New("fulfillment", pid, dumps(old), modified, listed, modified, removed=True) for pid, old in gone]
        entity_id = ""
        for document in new:
            used = {one.id for one in self.state.inventories[seller].parcels.get(oid, [])}
            entity_id, k = f"{oid}/{document['fulfillmentId']}", 1
            while entity_id in used:
                k += 1
                entity_id = f"{oid}/{document['fulfillmentId']}#{k}"
            news.append(New("fulfillment", entity_id, dumps(document), modified, listed, modified))
        self.state.put(seller, [*news, order_version(order, modified, visible)])
        return entity_id


def order_version(document: Document, modified_ms: int, visible_ms: int, raw: Raw | None = None) -> New:
    """An order's next version from its document, whose `lastModifiedDate` is set here."""
    document["lastModifiedDate"] = iso(modified_ms)
    text = written(document, raw)
    text.encode("ascii")  # JSON can say everything in ASCII, and the ledger counts bytes
    created = from_iso(document["creationDate"])
    return New("order", document["orderId"], text, modified_ms, visible_ms, created, document["orderFulfillmentStatus"])
