"""Alerts as command line, page and API show them: by their cause, and each by itself where that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from domain.alert_groups import AlertGroup
from domain.health import Finding
from domain.remedies import for_alert
from operations.context import CommandContext
from store.reading.alert_groups import NEWEST, AlertPage
from store.schema.times import iso

MOST = 500  # in one answer


def listed(context: CommandContext, closed: bool = False, seller_id: str | None = None) -> list[dict[str, Any]]:
    """The open ones, or all, the newest first, 500 at most, as `alerts --json` prints them: each with what to do."""
    return alerts_page(context, MOST, closed=closed, seller_id=seller_id).rows


def alerts_page(
    context: CommandContext,
    limit: int,
    after: int = NEWEST,
    *,
    closed: bool = False,
    seller_id: str | None = None,
    cause: str | None = None,
    wrong: Iterable[Finding] = (),
) -> AlertPage:
    """The same, some at a time, those behind an id; with `cause` those of one group (store/reading/alert_groups.py)."""
    page = context.store.alert_reader.page(limit, after, closed=closed, seller_id=seller_id, cause=cause, wrong=wrong)
    return AlertPage([{**row, "to_do": for_alert(row["kind"], row["seller_id"], row["text"])} for row in page.rows], page.next)


def every_alert(context: CommandContext, closed: bool = False, seller_id: str | None = None) -> Iterator[dict[str, Any]]:
    """All of them, however many."""
    after: int | None = NEWEST
    while after is not None:
        page = alerts_page(context, MOST, after, closed=closed, seller_id=seller_id)
        yield from page.rows
        after = page.next


def grouped(context: CommandContext, wrong: Iterable[Finding] = (), seller_id: str | None = None) -> list[AlertGroup]:
    """Open ones by cause. `wrong`: what is known to be ill; of one seller it counts for nothing."""
    return context.store.alert_reader.groups(wrong, seller_id)


def group_fields(group: AlertGroup) -> dict[str, Any]:
    """As `alerts --by-cause --json` and the API have it. `sellers`: null for all, of unknown number; 0: it is no seller's."""
    return {
        "code": group.code,
        "title": group.title,
        "sellers": group.sellers,
        "first_sellers": list(group.first),
        "alerts": group.alerts,
        "since": iso(group.since),
        "text": group.text,
        "to_do": group.remedy,
        "runbook": group.runbook,
    }
