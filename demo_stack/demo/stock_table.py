"""What sellers have on sale and on its way, as a table of the terminal: pieces as last read, and as expected by now. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from demo_stack.demo.picture import Move, SellerStock, ago
from demo_stack.demo.stock_counts import Stock

WIDE = 100
GAP = 2


def stock_table(stocks: Sequence[SellerStock], now: datetime, width: int) -> Table:
    """A line a seller, below a heading."""
    table = table_without_lines()
    longest = max([6, *(len(stock.seller) for stock in stocks)])
    table.add_column("seller", width=min(longest, width // 5), no_wrap=True, overflow="ellipsis")
    for name, wide in (("SKUs", 4), ("listings", 8), ("pieces", 6), ("expected", 8), ("sold out", 8)):
        table.add_column(name, width=wide, justify="right", no_wrap=True)
    if width >= WIDE:
        table.add_column("parcels", width=7, justify="right", no_wrap=True)
        table.add_column("to ship", width=7, justify="right", no_wrap=True)
    table.add_column("ago", width=5, justify="right", no_wrap=True)
    table.add_column("last stock change", ratio=3, no_wrap=True, overflow="ellipsis")
    if width >= WIDE:
        table.add_column("ago", width=5, justify="right", no_wrap=True)
        table.add_column("last sold out", ratio=2, no_wrap=True, overflow="ellipsis")
    for stock in stocks:
        have = stock.counts
        expected = have.expected if isinstance(have, Stock) else have.on_sale
        counts = [f"{have.skus:,}", f"{have.listings:,}", f"{have.on_sale:,}", f"{expected:,}"]
        sold_out = Text(f"{have.sold_out:,}", style="yellow" if have.sold_out else "")
        latest = stock.latest
        moved = Text.assemble(latest.what, (f"  {latest.entity}", "dim"), no_wrap=True, overflow="ellipsis") if latest else Text("")
        cells: list[RenderableType] = [Text(stock.seller, style="bold"), *counts, sold_out, since(latest, now), moved]
        if width >= WIDE:
            cells[6:6] = [f"{have.parcels:,}", f"{have.open_orders:,}"]
            cells += [since(stock.out, now), Text(stock.out.entity if stock.out else "", style="yellow")]
        table.add_row(*cells)
    return table


def table_without_lines() -> Table:
    """Two spaces between columns: headings of two words would run together with one."""
    return Table(box=None, padding=(0, GAP), pad_edge=False, expand=True, header_style="dim", collapse_padding=True)


def since(move: Move | None, now: datetime) -> str:
    return ago(now - move.at) if move else ""
