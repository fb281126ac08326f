"""A shop's app: what its sellers have, what they sold, what was shipped. `flask --app shop run`, and beside it `python shop.py`."""

from __future__ import annotations

import os
import signal
from datetime import datetime
from typing import Any

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


class Notice(Base):
    """Something that a person of the shop should read."""

    __tablename__ = "notices"
    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[str]
    item_id: Mapped[str]
    text: Mapped[str]


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
    session.execute(
        update(Item).where(Item.seller_id == event.seller_id, Item.id == event.entity_id).values(out_of_stock_since=event.occurred_at)
    )
    session.add(Notice(seller_id=event.seller_id, item_id=event.entity_id, text=f"{title(event.data) or event.entity_id} is sold out"))


@feed.on("inventory.sold")
def sold(event: events.InventorySold, session: Session) -> None:
    line = event.data
    session.add(
        Sale(
            seller_id=event.seller_id,
            line_item_id=line.lineItemId,
            order_id=line.orderId,
            item_id=event.entity_id,
            quantity=line.quantity,
            sold_at=line.soldAt,
        )
    )


@feed.on("fulfillment.created")
def shipped(event: events.FulfillmentCreated, session: Session) -> None:
    order_id = event.entity_id.partition("/")[0]
    session.execute(update(Sale).where(Sale.seller_id == event.seller_id, Sale.order_id == order_id).values(shipped_at=event.occurred_at))


PAGE = """<!doctype html><title>Shop</title>
<form method="post" action="{{ url_for('connect', seller=seller) }}"><button>Connect eBay</button></form>
{% for notice in notices %}<p role="alert">{{ notice.text }}</p>{% endfor %}
<h2>Items</h2><ul>{% for item in items %}<li>{{ item.title or item.id }}: {{ item.available }}</li>{% endfor %}</ul>
<h2>Sales</h2><ul>{% for sale in sales %}<li>{{ sale.order_id }}: {{ "shipped" if sale.shipped_at else "open" }}</li>{% endfor %}</ul>"""


@app.get("/sellers/<seller>")
def show(seller: str) -> str:
    with sessions() as session:
        found: dict[str, Any] = {
            f"{kind.__name__.lower()}s": session.scalars(select(kind).where(kind.seller_id == seller)).all()
            for kind in (Item, Sale, Notice)
        }
        return render_template_string(PAGE, seller=seller, **found)


@app.post("/sellers/<seller>/connect")
def connect(seller: str) -> Response:
    link = beat.link(seller, return_to=f"{HERE}{url_for('show', seller=seller)}", app="Shop")
    return redirect(link.url, 303)


Base.metadata.create_all(engine)
if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: feed.stop())
    feed.run(position)
