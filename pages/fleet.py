"""`GET /`: who is polled, who is not and why, what it costs, and what to do."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import Row
from starlette.responses import HTMLResponse

from domain.health import Finding
from domain.pacing import words
from domain.seller_id import SELLER_ID
from domain.seller_state import GRAVITY
from domain.streams import DAILY
from operations.alerts import grouped
from operations.quota import level_words
from pages.rendering import render
from pages.temporal_ui import sellers_workflows
from serving.access import Session
from serving.context import WebContext
from store.reading.overview import RANK, FleetOverview, Seller, place

ROWS = 50
CURSOR = f"^(({'|'.join(GRAVITY)}):{SELLER_ID.pattern})?$"
OVERDUE = timedelta(minutes=1)
NOTHING_TYPED: Mapping[str, str] = {"seller": "", "wrong": ""}
AWAKE = ("polling", "stalled", "failing", "ebay_down", "waiting_for_quota")  # are to be polled now
router = APIRouter(include_in_schema=False)


class FleetQuery(BaseModel, extra="ignore", frozen=True):
    """What a person looks for. `after`, `before`: the page behind or ahead of a row, `STATE:SELLER`; right while others come and go."""

    state: str = ""
    find: str = Field("", max_length=100)
    after: str = Field("", pattern=CURSOR)
    before: str = Field("", pattern=CURSOR)

    def link(self, **cursor: str) -> str:
        """The address of another page of the same list."""
        asked = urlencode({name: value for name, value in {"state": self.state, "find": self.find, **cursor}.items() if value})
        return f"/?{asked}#sellers" if asked else "/#sellers"


@dataclass(frozen=True, slots=True)
class SellersPage:
    """Some rows of the list, and how many stand before them."""

    rows: Sequence[Seller]
    first: int
    found: int

    @property
    def previous(self) -> str | None:
        """Its cursor; None: this is the first page."""
        return cursor(self.rows[0]) if self.first and self.rows else None

    @property
    def next(self) -> str | None:
        """Likewise; None: it is the last one."""
        return cursor(self.rows[-1]) if self.rows and self.first + len(self.rows) < self.found else None


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
    answer = HTMLResponse(await context.ask(fleet_page, context, session, query, await context.health.findings()))
    if session.new:
        context.access.hold_session(request, answer, session)
    return answer


def fleet_page(
    context: WebContext, session: Session, query: FleetQuery, wrong: Sequence[Finding], typed: Mapping[str, str] = NOTHING_TYPED
) -> str:
    """`typed`: what somebody wrote into the form for a link, and what is wrong with it."""
    fleet = context.overview.fleet()
    counts = Counter(seller.state for seller in fleet.sellers)
    page = paged([one for one in fleet.sellers if chosen(one, query)], query)
    rows = page.rows
    sums, whole = context.day.sums(seller.seller_id for seller in rows)
    return render(
        "fleet.html",
        now=fleet.now,
        session=session,
        by_login=context.access.by_login,
        wrong=wrong,
        query=query,
        typed=typed,
        address=query.link().partition("#")[0],
        gravity=GRAVITY,
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
        page=page,
        workflows=sellers_workflows(context),
    )


def cursor(seller: Seller) -> str:
    """Its place in the list: what is behind it is found also when it has left."""
    return f"{seller.state}:{seller.seller_id}"


def paged(found: Sequence[Seller], query: FleetQuery) -> SellersPage:
    """`found`: in the list's order."""
    state, _, seller_id = (query.before or query.after).partition(":")
    where = (RANK[state], seller_id) if seller_id else None
    if where is None:
        first = 0
    elif query.before:
        first = max(0, bisect_left(found, where, key=place) - ROWS)
    else:
        first = bisect_right(found, where, key=place)
    return SellersPage(found[first : first + ROWS], first, len(found))


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

    overdue = sum(1 for one in awake if one.state == "polling" and not one.is_reading and one.next_at and one.next_at < fleet.now - OVERDUE)
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
