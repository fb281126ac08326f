"""`/deliveries`: the log of what was sent, the newest first, as far as it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse

from api.fields import ENDPOINT_ID
from domain.delivery import TYPES, WrongTypesError, patterns
from domain.health import Finding
from domain.seller_id import SELLER_ID
from operations.asked_times import LONGEST, asked_time
from operations.deliveries import log
from pages.rendering import render
from serving.access import Session
from serving.context import WebContext
from serving.problems import ProblemError
from store import UnknownEndpointError
from store.delivery.deliveries import AttemptFilter, AttemptPage
from store.schema.tables import LARGEST_ID

ROWS = 50
router = APIRouter(include_in_schema=False)


class DeliveriesQuery(BaseModel, frozen=True):
    """What a person looks for; what they left empty is everything."""

    endpoint: str = Field("", pattern=f"^({ENDPOINT_ID.pattern})?$")
    seller: str = Field("", pattern=f"^({SELLER_ID.pattern})?$")
    type: str = Field("", max_length=200)
    failed: bool = False
    since: str = Field("", max_length=LONGEST)
    until: str = Field("", max_length=LONGEST)
    before: int = Field(LARGEST_ID, ge=1, le=LARGEST_ID)

    @property
    def limited(self) -> bool:
        """Whether anything is asked for in particular."""
        return self.link() != "/deliveries"

    def link(self, **other: Any) -> str:
        """The address of the same question, but for this."""
        fields = {**self.model_dump(exclude={"before"}), **other}
        asked = urlencode({name: "true" if value is True else value for name, value in fields.items() if value})
        return f"/deliveries?{asked}" if asked else "/deliveries"

    def chosen(self) -> AttemptFilter:
        """Raises ProblemError 422: a time or a type that is none."""
        since, until = time_of("since", self.since), time_of("until", self.until)
        return AttemptFilter(self.endpoint or None, self.seller or None, types_of(self.type), self.failed, since, until)


def time_of(name: str, text: str) -> datetime | None:
    """Raises ProblemError 422."""
    try:
        return asked_time(text.strip(), datetime.now(UTC)) if text.strip() else None
    except ValueError as error:
        raise ProblemError(422, f"{name}: {error}") from None


def types_of(text: str) -> tuple[str, ...]:
    """None for an empty text. Raises ProblemError 422."""
    try:
        return tuple(patterns([text])) if text.strip() else ()
    except WrongTypesError as error:
        raise ProblemError(422, f"type: {error}") from None


@router.api_route("/deliveries", methods=["GET", "HEAD"])
async def show(request: Request, query: Annotated[DeliveriesQuery, Query()]) -> Response:
    context: WebContext = request.app.state.context
    session = context.access.session(request)
    answer = HTMLResponse(await context.ask(_page, context, session, query, await context.health.findings()))
    if session.new:
        context.access.hold_session(request, answer, session)
    return answer


def _page(context: WebContext, session: Session, query: DeliveriesQuery, wrong: Sequence[Finding]) -> str:
    try:
        page = log(context, query.chosen(), ROWS, query.before)
    except UnknownEndpointError:  # removed, with its log
        page = AttemptPage([], None)
    return render(
        "deliveries.html",
        now=context.store.levels.clock(),
        session=session,
        by_login=context.access.by_login,
        wrong=wrong,
        query=query,
        attempts=page.attempts,
        types=TYPES,
        newest=query.before == LARGEST_ID,
        older=query.link(before=page.next) if page.next else None,
    )
