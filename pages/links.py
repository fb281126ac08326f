"""A link for a seller, who gives their consent at eBay with it: made by a button, shown once, never in an address of ours."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from domain.seller_id import wrong_seller_id
from operations.consent import link_seller
from pages.forms import AUTHOR, read_form
from pages.rendering import render
from serving.context import WebContext
from serving.problems import ProblemError

router = APIRouter(include_in_schema=False)


@router.post("/links")
async def link(request: Request) -> Response:
    context: WebContext = request.app.state.context
    form = await read_form(request)
    session = context.access.pressed(request, form)
    seller_id = form.get("seller", "").strip()
    if wrong := wrong_seller_id(seller_id):
        raise ProblemError(422, wrong)
    made = await link_seller(context, AUTHOR, seller_id)
    now = await context.ask(context.store.levels.clock)
    body = render("link.html", session=session, by_login=context.access.by_login, now=now, link=made)
    return HTMLResponse(body, headers={"Referrer-Policy": "no-referrer"})
