"""`starter.py snapshot`: what is stored of a seller, and for people what of it contradicts itself."""

from __future__ import annotations

import typer

from console.arguments import Entities
from console.events import difference_line, entity_line, figure
from console.output import Output, print_json
from console.stock import stock_lines
from store import Store


def show_snapshot(store: Store, seller_id: str, entities: Entities) -> None:
    """One entity a line. Raises UnknownSellerError: never enrolled."""
    store.seller(seller_id)
    for row in store.snapshot(seller_id, entities.value):
        if Output.json:
            print_json(row)
        elif entities is Entities.INVENTORY:
            for line in stock_lines(row):
                typer.echo(line)
        else:
            typer.echo(entity_line(row, figure(row["data"]) if entities is Entities.OFFERS else None))
    if entities is Entities.INVENTORY and not Output.json:
        for difference in store.offers.differences(seller_id):
            typer.echo(difference_line(difference))
