"""The world as tests and programs use it: `World` has everything that can be done in it and to it."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from simulator.clock import Clock, ManualClock
from simulator.faults import Faults
from simulator.hostile import versions
from simulator.hostility import Hostility
from simulator.ledger import Ledger
from simulator.poison import Lasting
from simulator.requests import RequestLog
from simulator.state.accounts import Accounts
from simulator.state.listing_actions import ListingActions
from simulator.state.listing_records import ListingRecords
from simulator.state.offer_actions import OfferActions
from simulator.state.order_actions import OrderActions
from simulator.state.quotas import Quotas
from simulator.state.reports import Reports
from simulator.state.restoring import restore
from simulator.state.sale_actions import SaleActions
from simulator.state.state import State
from simulator.state.stock_actions import StockActions


class World:
    """A simulated eBay: its state, the parts that act on it, and what answers need besides.

    What a part does has its name here too (`world.place_order` is `OrderActions.place_order`): signature and words stand with the part.

    Safe to use from several threads: one lock guards everything, and the server takes it for each answer.

    Args:
        seed: makes ids, tokens, documents and the order of rows.
        now: where a clock driven by hand starts; without it and without `clock`, time is real.
        ledger: the file to write, and to go on with if it exists; None keeps the ledger in memory.
        consents: the same for what sellers agreed to; None: a restart forgets it.
    """

    def __init__(
        self,
        seed: int = 1,
        now: datetime | None = None,
        ledger: Path | str | None = None,
        clock: Clock | None = None,
        client_id: str = "Sellerbeat-demo-SIM",
        client_secret: str = "SIM-secret",
        consents: Path | None = None,
    ) -> None:
        self.seed = seed
        self.clock = clock or (ManualClock(now) if now else Clock())
        self.ledger = Ledger(Path(ledger) if ledger else None)
        self.accounts = Accounts(seed, self.clock, client_id, client_secret, consents)
        self.quotas = Quotas(self.clock)
        self.faults, self.lasting = Faults(), Lasting()
        self.requests, self.reports = RequestLog(), Reports()
        self.state = state = State(seed, self.clock, self.ledger, self.accounts, versions.write)
        self.lock = state.lock
        self.switches = state.switches
        self.notices = state.notices
        self.sellers = state.sellers
        self.inventories = state.inventories
        self.add_seller = state.add_seller
        self.refresh_token = state.refresh_token
        self.entity = state.entity
        self.known = state.known
        self.document = state.document
        self.load = state.load
        self.text = state.text
        self.order = state.order
        self.order_ids = state.order_ids
        self.parcels = state.parcels
        self.item = state.item
        self.skus = state.skus
        self.has_sku = state.has_sku
        self.stock = state.stock
        self.times = state.times
        self.put = state.put
        self.store = state.store

        orders = OrderActions(state)
        self.place_order = orders.place_order
        self.preload_orders = orders.preload_orders
        self.modify = orders.modify
        self.touch = orders.touch
        self.pay = orders.pay
        self.pay_anew = orders.pay_anew
        self.refund = orders.refund
        self.ship = orders.ship
        self.unsent = orders.unsent
        self.correct_tracking = orders.correct_tracking
        self.modify_parcel = orders.modify_parcel
        self.remove_parcel = orders.remove_parcel

        self.listing_records = records = ListingRecords(state)
        self.listing = records.listing
        self.item_ids = records.item_ids
        self.listed_as = records.listed_as
        self.end_listing = records.end

        stock = StockActions(state, records)
        self.good = stock.good
        self.preload_skus = stock.preload_skus
        self.add_sku = stock.add_sku
        self.remove_sku = stock.remove_sku
        self.modify_sku = stock.modify_sku
        self.set_stock = stock.set_stock

        listings = ListingActions(state, records, stock)
        self.move_in = listings.move_in
        self.preload_listings = listings.preload_listings
        self.list_item = listings.list_item
        self.revise = listings.revise
        self.add_variation = listings.add_variation
        self.out_of_stock = listings.out_of_stock
        self.relist = listings.relist

        sales = SaleActions(state, orders, records, stock)
        self.sell = sales.sell
        self.purchase = sales.purchase
        self.take = sales.take
        self.take_lines = sales.take_lines
        self.cancel = sales.cancel

        self.offer_actions = offers = OfferActions(state, records)
        self.offers = offers.offers
        self.offer_id = offers.offer_id
        self.put_offer = offers.put_offer
        self.remove_offer = offers.remove_offer
        self.follow_offers = offers.follow_offers
        self.record_offers = offers.record_offers
        self.settle = offers.settle

        restore(state)

    @property
    def hostility(self) -> Hostility | None:
        """How hostile eBay is; None: not at all."""
        return self.state.hostility

    @hostility.setter
    def hostility(self, hostility: Hostility | None) -> None:
        self.state.hostility = hostility

    @property
    def still(self) -> bool:
        """Whether nothing happens by itself any more: see `quiet`."""
        return self.state.still

    @property
    def calls(self) -> Counter[tuple[str, str]]:
        """Calls so far by (seller, resource), refused ones too; seller "" for calls without a valid user token."""
        return self.requests.calls

    def quiet(self) -> datetime:
        """Nothing happens by itself any more; answers go on. Gives the moment from which all that happened is shown."""
        self.offer_actions.settle_all()
        return self.state.quiet()

    def rows(self) -> Iterator[dict[str, Any]]:
        """The ledger so far, for the judge."""
        self.offer_actions.settle_all()
        return self.state.rows()

    def close(self) -> None:
        """The ledger's file is closed."""
        self.ledger.close()
