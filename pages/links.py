"""A link for a seller, who gives their consent at eBay with it: made by a button, shown once, never in an address of ours."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse

from domain.seller_id import wrong_seller_id
from operations.consent import link_seller
from pages.fleet import FleetQuery, fleet_page
from pages.forms import AUTHOR, as_typed, read_form
from pages.rendering import render
from serving.context import WebContext

router = APIRouter(include_in_schema=False)


@router.post("/links")
async def link(request: Request) -> Response:
    context: WebContext = request.app.state.context
    form = await read_form(request)
    session = context.access.pressed(request, form)
    seller_id, found = form.get("seller", "").strip(), await context.health.findings()
    if wrong := wrong_seller_id(seller_id):
        typed = {"seller": as_typed(seller_id), "wrong": f"This makes no link: {wrong}."}
        return HTMLResponse(await context.ask(fleet_page, context, session, FleetQuery(), found, typed), 422)
    made = await link_seller(context, AUTHOR, seller_id)
    now = await context.ask(context.store.levels.clock)
    body = render("link.html", session=session, by_login=context.access.by_login, wrong=found, address="/", now=now, link=made)
    return HTMLResponse(body, headers={"Referrer-Policy": "no-referrer"})
