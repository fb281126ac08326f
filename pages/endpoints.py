"""`/endpoints`: who is told of changes, how far each is, its last answers, and the buttons: on, off, send again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from api.fields import ENDPOINT_ID
from domain.health import Finding
from domain.seller_id import SELLER_ID, wrong_seller_id
from operations.alert_endpoints import KINDS, WEBHOOK
from operations.endpoints import add_endpoint, listed, switch
from operations.errors import WrongInputError
from operations.replays import replay
from pages import endpoint
from pages.forms import AUTHOR, one_of, read_form
from pages.rendering import render
from serving.access import Session
from serving.context import WebContext
from serving.problems import ProblemError
from serving.refusals import as_problem
from store import UnknownEndpointError, UnknownSellerError
from store.schema.tables import LARGEST_ID

FAILED = 20
FORM = {"name": "", "url": "", "types": "", "thin": "", "seller": "", "kind": WEBHOOK}  # of a new endpoint
DONE = {
    "remove": endpoint.DONE["remove"],
    "enable": "Switched on: it catches up from where it was.",
    "disable": "Switched off. Its place in the feed stays, so nothing is lost.",
    "replay": "What was delivered of these changes is sent again, under the same ids, behind what is new.",
}
router = APIRouter(include_in_schema=False)


@router.api_route("/endpoints", methods=["GET", "HEAD"])
async def show(request: Request, done: str = "") -> Response:
    context: WebContext = request.app.state.context
    session = context.access.session(request)
    answer = HTMLResponse(await context.ask(_page, context, session, await context.health.findings(), done))
    if session.new:
        context.access.hold_session(request, answer, session)
    return answer


@router.post("/endpoints")
async def add(request: Request) -> Response:
    context: WebContext = request.app.state.context
    form = await read_form(request)
    session = context.access.pressed(request, form)
    seller = form.get("seller", "").strip()
    try:
        if seller and (wrong := wrong_seller_id(seller)):
            raise WrongInputError("seller", wrong)
        made = await add_endpoint(
            context,
            AUTHOR,
            form.get("url", "").strip(),
            [form.get("types", "")] if form.get("types", "").strip() else [],
            seller or None,
            form.get("thin") == "yes",
            form.get("name", "").strip() or None,
            one_of({"kind": WEBHOOK, **form}, "kind", KINDS),
        )
    except (*endpoint.REFUSED, UnknownSellerError) as error:
        problem = as_problem(error)
        found = await context.health.findings()
        return HTMLResponse(await context.ask(_page, context, session, found, "", form, problem.detail), problem.status)
    if not made["secret"]:
        return RedirectResponse(f"/endpoints/{made['id']}?done=add", 303)
    return await endpoint.secret_page(context, session, made["id"], made["name"], made["secret"], new=True)


def _page(
    context: WebContext,
    session: Session,
    wrong: Sequence[Finding],
    done: str,
    typed: Mapping[str, str] = FORM,
    refused: str | None = None,
) -> str:
    """`typed`: what stood in the form of a new endpoint; `refused`: why it was not added."""
    endpoints = listed(context)
    return render(
        "endpoints.html",
        now=context.store.levels.clock(),
        session=session,
        by_login=context.access.by_login,
        wrong=wrong,
        endpoints=endpoints,
        names={one["id"]: one["name"] for one in endpoints},
        kinds=KINDS,
        typed=FORM | dict(typed),
        refused=f"{refused[0].upper()}{refused[1:]}." if refused else None,
        failed=context.store.deliveries.log(failed=True, limit=FAILED),
        done=DONE.get(done),
        named=[str(one) for one in context.settings.own_networks()],
    )


@router.post("/endpoints/{endpoint_id}/{action}")
async def press(request: Request, endpoint_id: str, action: str) -> Response:
    context: WebContext = request.app.state.context
    if action not in ("enable", "disable", "replay"):
        raise ProblemError(404, "there is nothing here")
    form = await read_form(request)
    context.access.pressed(request, form)
    if not ENDPOINT_ID.fullmatch(endpoint_id):  # Postgres takes not every text
        raise ProblemError(404, "there is no such endpoint")
    try:
        if action == "replay":
            await replay(context, AUTHOR, endpoint=endpoint_id, **query_of(form))
        else:
            await switch(context, AUTHOR, endpoint_id, on=action == "enable")
    except UnknownEndpointError:
        raise ProblemError(404, "there is no such endpoint") from None
    return RedirectResponse(f"/endpoints?done={action}", 303)


def query_of(form: dict[str, str]) -> dict[str, Any]:
    """Which changes are to be sent again. Raises ProblemError 422."""
    seller = form.get("seller", "").strip()
    if seller and not SELLER_ID.fullmatch(seller):
        raise ProblemError(422, "seller is the app's own id of a seller")
    first, last = position(form, "from"), position(form, "to")
    if not seller and first is None and last is None:
        raise ProblemError(422, "name the first and the last position, or a seller")
    return {"seller": seller or None, "first": first, "last": last}


def position(form: dict[str, str], name: str) -> int | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:20]) <= LARGEST_ID:
        raise ProblemError(422, f"{name} is a position of the feed: a whole number from 1")
    return int(text)
