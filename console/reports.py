"""How alerts, the quota and the log of deliveries stand on a screen. Rows are as the commands print them with --json."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from console.cells import now
from console.layout import wrapped
from console.output import Output, out, print_json, show, show_texts, width
from domain.alert_groups import AlertGroup, without_alert
from domain.health import Finding
from operations.alerts import group_fields
from operations.times import age
from store.schema.times import iso

QUOTA = {
    "resource": "resource",
    "used": "used today",
    "limit": "limit",
    "remaining": "left by eBay's count",
    "reset_at": "reset",
    "level": "level",
}
EMPTY_LOG = "nothing was sent; whom to send to is said by: starter.py endpoint add URL"
DELIVERIES = {
    "at": "at",
    "endpoint_id": "endpoint",
    "seller_id": "seller",
    "position": "position",
    "type": "type",
    "attempt": "attempt",
    "outcome": "outcome",
    "status": "status",
    "took_ms": "ms",
    "kind": "why",
    "event_id": "message",
}


def show_alerts(rows: Sequence[dict[str, Any]], closed: bool = False) -> None:
    """Each with what to do and where to read more. `closed`: those that passed are among them."""
    heads = {"kind": "", "seller_id": "seller ", "opened_at": "opened ", "closed_at": "closed "}
    show_texts(rows, heads, {"text": "", "to_do": "What to do: ", "runbook": "More: "}, empty="no alerts" if closed else "no open alerts")


def show_groups(groups: Sequence[AlertGroup], wrong: Sequence[Finding] = ()) -> None:
    """A cause at a time: whom it concerns, since when, what to do and where to read more. Above them what is ill and has no alert."""
    if Output.json:
        for one in groups:
            print_json(group_fields(one))
        return
    if lines := in_lines(without_alert(wrong, groups), width()):
        out([*lines, ""])
    rows = [{**group_fields(one), "opened_at": iso(one.since), "those": named_few(one)} for one in groups]
    show_texts(
        rows,
        {"title": "", "opened_at": "since "},
        {"text": "", "those": "Sellers: ", "to_do": "What to do: ", "runbook": "More: "},
        "no open alerts",
    )


def named_few(group: AlertGroup) -> str | None:
    """`anna, bert and others: starter.py alerts --all`, where more than one is concerned; None: the title names them."""
    if len(group.first) < 2:
        return None
    more = group.sellers is None or group.sellers > len(group.first)
    return f"{', '.join(group.first)}{' and others' if more else ''}: starter.py alerts --all"


def in_lines(wrong: Iterable[Finding], width: int | None) -> list[str]:
    """What is wrong with the whole, since when, and what to do."""
    return [line for one in wrong for line in wrapped(f"{one.part}: {one.line()}", width, rest="  ")]


def in_brief(groups: Sequence[AlertGroup], now: datetime, most: int | None) -> list[str]:
    """A line a cause: `eBay does not answer: 3,000 sellers since 03:12 UTC`."""
    lines = [one.line(now) for one in groups]
    return lines if most is None or len(lines) <= most else [*lines[: most - 1], f"and {len(lines) - most + 1} more: starter.py alerts"]


def show_quota(rows: Sequence[dict[str, Any]]) -> None:
    """By eBay's resource."""
    show(
        rows,
        QUOTA,
        empty="no calls today: none is made before a seller is polled",
        sentences=("level",),
        numbers=("used", "limit", "remaining"),
    )


def show_deliveries(rows: Sequence[dict[str, Any]], limited: bool = False) -> None:
    """Attempts with their answers. `limited`: some were asked for, not all."""
    empty = "no such deliveries: leave an option out to see more" if limited else EMPTY_LOG
    show(rows, DELIVERIES, empty=empty, numbers=("attempt", "status", "took_ms"))


ENDPOINTS = {
    "endpoint": "endpoint",
    "state": "state",
    "waiting": "waiting",
    "next_try_at": "next try",
    "last": "last answer",
    "delivered": "delivered in 24 h",
    "failed": "failed",
    "median_ms": "median ms",
    "p95_ms": "95 % within ms",
    "types": "types",
    "url": "address",
}


def show_endpoints(rows: Sequence[dict[str, Any]]) -> None:
    """Who is told of changes, and how each does."""
    if not Output.json:
        rows = [row | row["day"] | _endpoint_words(row) for row in rows]
    empty = "no endpoints yet; begin with: starter.py endpoint add URL --types 'order.*'"
    show(rows, ENDPOINTS, numbers=("waiting", "delivered", "failed", "median_ms", "p95_ms"), empty=empty)


def _endpoint_words(row: dict[str, Any]) -> dict[str, Any]:
    last, day = row["last"], row["day"]
    return {
        "endpoint": f"{row['name']} ({row['id']})" if row["name"] else row["id"],
        "last": f"{last['outcome']} ({last['status'] or last['kind']}), {age(datetime.fromisoformat(last['at']), now())}" if last else None,
        "failed": f"{day['failed']:,} ({day['failure_rate']:.1%})" if day["failed"] else day["failed"],
        "types": "alerts" if row["kind"] != "webhook" else " ".join(row["types"]) + (f" of {row['seller_id']}" if row["seller_id"] else ""),
    }
