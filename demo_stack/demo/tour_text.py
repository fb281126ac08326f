"""What the tour says at each step. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

WIDTH = 76
OPENING = (
    "A tour in five steps, with real servers and a simulated eBay on this machine.",
    "It takes two minutes, and ends by itself. First, what it needs:",
)
HEADINGS = (
    "Somebody buys at eBay",
    "The sale is a change in Postgres",
    "The change is a signed webhook",
    "The worker is killed in the middle of sales",
    "The worker is started again, and nothing is lost",
)
NEXT = (
    "",
    "What next:",
    "   make demo            the page and a live view, where ? shows what to try",
    "   docs/tutorial.md     ten minutes to your first change in your own code",
    "   docs/how-to/deliver.md",
    "                        an endpoint of your own, and how it verifies",
    "   make up              the same against eBay, with your keys in .env",
)
SIGNED = "webhook-id", "webhook-timestamp", "webhook-signature"


@dataclass(frozen=True)
class TourCounts:
    """What the ledger says in the end."""

    sold: int  # orders
    recorded: int  # orders
    delivered: int  # changes
    again: int  # deliveries of a change that was delivered before
    lost: int
    twice: int
    out_of_order: int


def sale(order: Mapping[str, Any]) -> list[str]:
    lines = [f"{line['quantity']} x {line['title']}" for line in order["lineItems"]]
    total = order["pricingSummary"]["total"]
    return [
        f"order {order['orderId']} of the seller anna, at {order['creationDate']}:",
        *(f"  {line}" for line in lines),
        f"  {total['value']} {total['currency']} in all",
        "eBay tells nobody. The worker asks every two seconds what was modified.",
    ]


def change(event: Mapping[str, Any]) -> list[str]:
    names = ("position", "id", "type", "seller_id", "sequence", "entity_id", "version", "occurred_at", "detected_at")
    late = (datetime.fromisoformat(event["detected_at"]) - datetime.fromisoformat(event["occurred_at"])).total_seconds()
    data = json.dumps(event["data"])
    return [
        "a row of the table change_events, written with the order and the cursor",
        "in one transaction:",
        *(f"  {name:<12} {event[name]}" for name in names),
        f"  {'data':<12} {len(data):,} bytes: the order as eBay shows it",
        f"found {late:.1f} s after the sale.",
    ]


def webhook(headers: Mapping[str, str], body: bytes, url: str) -> list[str]:
    """Headers in the order in which a receiver looks at them; the body's beginning."""
    shown = body.decode()
    return [
        f"POST {url}",
        *(f"  {name}: {headers[name]}" for name in SIGNED),
        f"  {shown[: WIDTH - 8]}...",
        f"{len(body):,} bytes. The signature was verified with the endpoint's secret:",
        "HMAC-SHA256 over id, timestamp and body, as Standard Webhooks has it.",
        "The webhook-id is the change's id, the same at each attempt.",
    ]


def kill(pid: int, before: int, sold: int, recorded: int) -> list[str]:
    return [
        f"kill -9 {pid}, after {before} sales.",
        f"The sales went on without it: {sold} are sold by now, {recorded} are recorded.",
        f"{sold - recorded} sales are unknown here, as long as no worker runs.",
    ]


def counted(counts: TourCounts) -> list[str]:
    again = [f"  {counts.again} of them once more, under the same id"] if counts.again else []
    return [
        f"sold at eBay, by its ledger   {counts.sold:>5} orders",
        f"recorded                      {counts.recorded:>5} orders",
        f"delivered and verified        {counts.delivered:>5} changes of orders and stock",
        *again,
        "",
        f"{counts.lost} lost, {counts.twice} twice, {counts.out_of_order} out of order",
    ]
