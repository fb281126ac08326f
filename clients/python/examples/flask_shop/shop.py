"""A shop's app: what its sellers have, what they sold, what was shipped. `flask --app shop run`, and beside it `python shop.py`."""

from __future__ import annotations

import logging
import os
import signal
from datetime import datetime

from flask import Flask, redirect, render_template_string, url_for
from sellerbeat import Feed, Sellerbeat, events
from sellerbeat.sqlalchemy import SqlAlchemyPosition
from sqlalchemy import create_engine, delete, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker
from werkzeug.wrappers import Response

HERE = os.environ.get("HERE", "http://localhost:5000")
app = Flask(__name__)
engine = create_engine(os.environ["SHOP_DATABASE_URL"])
sessions = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class Item(Base):
    """What a seller has: an SKU, or a listing."""

    __tablename__ = "items"
    seller_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str | None]
    available: Mapped[int | None]
    out_of_stock_since: Mapped[datetime | None]


class Sale(Base):
    """A line of an order."""

    __tablename__ = "sales"
    seller_id: Mapped[str] = mapped_column(primary_key=True)
    line_item_id: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[str] = mapped_column(index=True)
    item_id: Mapped[str]
    quantity: Mapped[int | None]
    sold_at: Mapped[datetime]
    shipped_at: Mapped[datetime | None]


feed: Feed[Session] = Feed(os.environ["SELLERBEAT_URL"], os.environ["SELLERBEAT_TOKEN"])
beat = Sellerbeat(os.environ["SELLERBEAT_URL"], os.environ["SELLERBEAT_TOKEN"])
position = SqlAlchemyPosition(sessions, metadata=Base.metadata)


def left(stock: events.InventoryItem | events.Listing) -> int | None:
    if isinstance(stock, events.Listing):
        return stock.available
    there = stock.availability and stock.availability.shipToLocationAvailability
    return there.quantity if there else None


def title(stock: events.InventoryItem | events.Listing) -> str | None:
    if isinstance(stock, events.Listing):
        return stock.title
    return stock.product.title if stock.product else None


@feed.on("inventory.created", "inventory.updated", "inventory.removed")
def stocked(event: events.StockEvent, session: Session) -> None:
    if event.type == "inventory.removed":
        session.execute(delete(Item).where(Item.seller_id == event.seller_id, Item.id == event.entity_id))
        return
    item = session.get(Item, (event.seller_id, event.entity_id)) or Item(seller_id=event.seller_id, id=event.entity_id)
    item.title, item.available = title(event.data), left(event.data)
    item.out_of_stock_since = None if item.available else item.out_of_stock_since
    session.add(item)


@feed.on("inventory.out_of_stock")
def sold_out(event: events.InventoryOutOfStock, session: Session) -> None:
    here = (Item.seller_id == event.seller_id, Item.id == event.entity_id)
    session.execute(update(Item).where(*here).values(out_of_stock_since=event.occurred_at))


@feed.on("inventory.sold")
def sold(event: events.InventorySold, session: Session) -> None:
    line, at = event.data, {"seller_id": event.seller_id, "item_id": event.entity_id}
    session.add(Sale(**at, line_item_id=line.lineItemId, order_id=line.orderId, quantity=line.quantity, sold_at=line.soldAt))


@feed.on("fulfillment.created")
def shipped(event: events.FulfillmentCreated, session: Session) -> None:
    lines = [line.lineItemId for line in event.data.lineItems or ()]
    here = (Sale.seller_id == event.seller_id, Sale.line_item_id.in_(lines))
    session.execute(update(Sale).where(*here).values(shipped_at=event.occurred_at))


PAGE = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>{{ seller }}</title><style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #1b1f24 }
  table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums } th { color: #59636e; font-weight: 500 }
  th, td { text-align: left; padding: .4rem .6rem .4rem 0; border-bottom: 1px solid #dde1e6 } .n { text-align: right }
  [role] { background: #fff1cc; padding: .5rem .8rem; border-radius: .4rem } [role=status] { background: #dcf5e3 }
  button { font: inherit; padding: .4rem 1rem; border: 0; border-radius: .4rem; background: #0b57d0; color: #fff; cursor: pointer }
  td { overflow-wrap: anywhere }
</style><h1>{{ seller }}</h1>
{% if request.args.sellerbeat %}<p role="status">eBay: {{ request.args.sellerbeat }}</p>{% endif %}
<form method="post" action="{{ url_for('connect', seller=seller) }}"><button>Connect eBay</button></form>
{% if out %}<p role="alert">Sold out: {% for item in out %}{{ item.title or item.id }}{{ ", " if not loop.last }}{% endfor %}</p>{% endif %}
<h2>Sales</h2><table><tr><th>Order<th>Item<th class="n">Quantity<th>Sold<th>Status{% for sale in sales %}
<tr><td>{{ sale.order_id }}<td>{{ sale.item_id }}<td class="n">{{ sale.quantity }}<td>{{ sale.sold_at.strftime("%d %b %H:%M") }}
<td>{{ "shipped" if sale.shipped_at else "open" }}{% else %}<tr><td colspan="5">None yet{% endfor %}</table>
<h2>Items</h2><table><tr><th>Item<th>Title<th class="n">Available
{% for item in items %}<tr><td>{{ item.id }}<td>{{ item.title or "" }}<td class="n">{{ item.available }}
{% else %}<tr><td colspan="3">None yet{% endfor %}</table>"""


@app.get("/sellers/<seller>")
def show(seller: str) -> str:
    with sessions() as session:
        items = session.scalars(select(Item).where(Item.seller_id == seller).order_by(Item.id).limit(200)).all()
        sales = session.scalars(select(Sale).where(Sale.seller_id == seller).order_by(Sale.sold_at.desc()).limit(50)).all()
        out = [item for item in items if item.out_of_stock_since]
        return render_template_string(PAGE, seller=seller, items=items, sales=sales, out=out)


@app.post("/sellers/<seller>/connect")
def connect(seller: str) -> Response:
    link = beat.link(seller, return_to=f"{HERE}{url_for('show', seller=seller)}", app="Shop")
    return redirect(link.url, 303)


if __name__ == "__main__":
    Base.metadata.create_all(engine)
    logging.basicConfig(level=logging.INFO)
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: feed.stop())
    feed.run(position)
