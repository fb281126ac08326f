"""`/replays`: sending again what was delivered, counted before it is confirmed, and how far replays are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import HTMLResponse, RedirectResponse

from api.fields import ENDPOINT_ID
from domain.delivery import TYPES
from domain.health import Finding
from domain.seller_id import SELLER_ID
from operations.asked_times import LONGEST
from operations.replays import in_words, listed, replay
from pages.deliveries import time_of, types_of
from pages.forms import AUTHOR, read_form
from pages.rendering import render
from serving.access import Session
from serving.context import WebContext
from serving.problems import ProblemError
from store import UnknownEndpointError
from store.schema.times import iso

router = APIRouter(include_in_schema=False)


class ReplayForm(BaseModel, frozen=True):
    """Which changes; what is empty limits nothing."""

    endpoint: str = Field("", pattern=f"^({ENDPOINT_ID.pattern})?$")
    seller: str = Field("", pattern=f"^({SELLER_ID.pattern})?$")
    type: str = Field("", max_length=200)
    since: str = Field("", max_length=LONGEST)
    until: str = Field("", max_length=LONGEST)
    failed: bool = False

    def asked(self) -> dict[str, Any]:
        """As `operations.replays.replay` takes it. Raises ProblemError 422: nothing is named, or what makes no sense."""
        since, until = time_of("from", self.since), time_of("to", self.until)
        if since and until and until <= since:
            raise ProblemError(422, "to lies before from: 4h to 2h is the time between")
        types = types_of(self.type)
        if not (self.seller or types or since or until or self.failed):
            raise ProblemError(422, "name a seller, a type, from or to when, or failed only")
        where = {"endpoint": self.endpoint or None, "seller": self.seller or None}
        return {**where, "types": types, "since": since, "until": until, "failed": self.failed}


class ReplaysPage(ReplayForm, frozen=True):
    """The form as it was filled in, and what was done."""

    count: bool = False  # how many messages that makes
    done: int = Field(0, ge=0)


@router.api_route("/replays", methods=["GET", "HEAD"])
async def show(request: Request, query: Annotated[ReplaysPage, Query()]) -> Response:
    context: WebContext = request.app.state.context
    session = context.access.session(request)
    counted, fixed = None, {}
    if query.count:
        asked = query.asked()
        counted = await _replayed(context, asked, dry_run=True)
        # a time that was given as so long ago must not move until it is confirmed
        fixed = {"endpoint": query.endpoint, "seller": query.seller, "type": query.type, "failed": "true" if query.failed else ""}
        fixed |= {"since": iso(asked["since"]) or "", "until": iso(asked["until"]) or ""}
    answer = HTMLResponse(await context.ask(_page, context, session, query, await context.health.findings(), counted, fixed))
    if session.new:
        context.access.hold_session(request, answer, session)
    return answer


@router.post("/replays")
async def press(request: Request) -> Response:
    context: WebContext = request.app.state.context
    form = await read_form(request)
    context.access.pressed(request, form)
    try:
        given = ReplayForm(**{name: value for name, value in form.items() if name in ReplayForm.model_fields and value})
    except ValidationError:
        raise ProblemError(422, "the form makes no sense: fill it in anew") from None
    begun = await _replayed(context, given.asked())
    return RedirectResponse(f"/replays?done={begun}", 303)


async def _replayed(context: WebContext, asked: dict[str, Any], dry_run: bool = False) -> int:
    """How many messages that makes; of one that begins its id. Raises ProblemError 404."""
    if asked["seller"]:
        await context.ask(context.overview.known, asked["seller"])
    try:
        begun = await replay(context, AUTHOR, **asked, dry_run=dry_run)
    except UnknownEndpointError:
        raise ProblemError(404, "there is no such endpoint") from None
    return begun.messages if dry_run else begun.id or 0


def _page(
    context: WebContext, session: Session, query: ReplaysPage, wrong: Sequence[Finding], counted: int | None, fixed: dict[str, str]
) -> str:
    return render(
        "replays.html",
        now=context.store.levels.clock(),
        session=session,
        by_login=context.access.by_login,
        wrong=wrong,
        query=query,
        counted=counted,
        fixed=fixed,
        endpoints=context.store.endpoints.all(),
        types=TYPES,
        replays=[{**one, "what": in_words(one)} for one in listed(context)],
    )
