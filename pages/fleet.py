"""`GET /`: who is polled, who is not and why, what it costs, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Row
from starlette.responses import HTMLResponse

from domain.health import Finding
from domain.pacing import words
from domain.seller_state import GRAVITY
from domain.streams import DAILY
from operations.alerts import grouped
from operations.quota import level_words
from pages.rendering import render
from serving.access import Session
from serving.context import WebContext
from store.reading.overview import FleetOverview, Seller

ROWS = 50
OVERDUE = timedelta(minutes=1)
AWAKE = ("polling", "stalled", "failing", "ebay_down", "waiting_for_quota")  # are to be polled now
router = APIRouter(include_in_schema=False)


class FleetQuery(BaseModel, extra="ignore", frozen=True):
    state: str = ""
    find: str = Field("", max_length=100)
    page: int = Field(1, ge=1, le=1_000_000)


@dataclass(frozen=True, slots=True)
class FreshnessSummary:
    polled: int  # sellers to be polled now
    usual: str  # half of them are as fresh
    nearly_all: str  # 95 %
    stalest: Seller | None
    overdue: int  # polls of orders that should have begun a minute ago


@dataclass(frozen=True, slots=True)
class Use:
    """A resource of eBay's calls."""

    resource: str
    used: int
    limit: int | None
    percent: int
    reset_at: datetime | None
    level: str | None


@router.api_route("/", methods=["GET", "HEAD"])
async def show(request: Request, query: Annotated[FleetQuery, Query()]) -> Response:
    context: WebContext = request.app.state.context
    session = context.access.session(request)
    answer = HTMLResponse(await context.ask(_page, context, session, query, await context.health.findings()))
    if session.new:
        context.access.hold_session(request, answer, session)
    return answer


def _page(context: WebContext, session: Session, query: FleetQuery, wrong: Sequence[Finding]) -> str:
    fleet = context.overview.fleet()
    counts = Counter(seller.state for seller in fleet.sellers)
    found = [one for one in fleet.sellers if chosen(one, query)]
    first = (query.page - 1) * ROWS
    rows = found[first : first + ROWS]
    sums, whole = context.day.sums(seller.seller_id for seller in rows)
    return render(
        "fleet.html",
        now=fleet.now,
        session=session,
        by_login=context.access.by_login,
        wrong=wrong,
        query=query,
        states=[(state, counts[state]) for state in GRAVITY if counts[state]],
        freshness=freshness(fleet),
        quota=quota(context, fleet.now),
        whole=whole,
        alerts=grouped(context, wrong),
        daily=DAILY,
        rows=rows,
        sums=sums,
        streams=context.overview.streams(seller.seller_id for seller in rows),
        following=following,
        found=len(found),
        first=first,
        is_last=first + ROWS >= len(found),
    )


def chosen(seller: Seller, query: FleetQuery) -> bool:
    """Removed sellers are shown where they are asked for."""
    is_state = seller.state == query.state if query.state in GRAVITY else seller.state != "removed"
    return is_state and query.find.strip().lower() in seller.seller_id.lower()


def freshness(fleet: FleetOverview) -> FreshnessSummary:
    """Of orders: how long ago the last good poll of each seller was who is to be polled now."""
    awake = sorted((seller for seller in fleet.sellers if seller.state in AWAKE), key=lambda one: one.fresh_at, reverse=True)
    if not awake:
        return FreshnessSummary(0, "", "", None, 0)

    def within(share: float) -> str:
        return words(round((fleet.now - awake[min(int(len(awake) * share), len(awake) - 1)].fresh_at).total_seconds()))

    overdue = sum(1 for one in awake if one.state == "polling" and one.next_at and one.next_at < fleet.now - OVERDUE)
    return FreshnessSummary(len(awake), within(0.5), within(0.95), awake[-1], overdue)


def quota(context: WebContext, now: datetime) -> list[Use]:
    """By resource: permits given today, or where there is no ledger yet eBay's own count."""
    levels = context.store.levels.all()
    rows: dict[str, tuple[int, int, datetime | None]] = {}
    for one in context.store.quotas.all():
        if one.limit is not None and one.remaining is not None and one.reset_at and one.reset_at > now:
            rows[one.resource] = (one.limit - one.remaining, one.limit, one.reset_at)
    for resource, ledger in context.store.permits.all().items():
        used, reset_at = (ledger.used, ledger.reset_at) if ledger.reset_at > now else (0, None)
        rows[resource] = (max(used, rows[resource][0] if resource in rows else 0), ledger.limit, reset_at)
    return [
        Use(
            name,
            used,
            limit,
            min(100, 100 * used // limit) if limit else 100,
            reset_at,
            level_words(levels[name].plan) if name in levels else None,
        )
        for name, (used, limit, reset_at) in sorted(rows.items())
    ]


def following(seller: Seller, streams: Sequence[Row[Any]]) -> Row[Any] | None:
    """The stream that is polled next; None: none, until somebody acts."""
    if seller.state not in AWAKE:
        return None
    return min((one for one in streams if one.next_poll_at), key=lambda one: one.next_poll_at, default=None)
