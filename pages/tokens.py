"""`/tokens`: the API's tokens, how far each goes and when it was used last; made, and revoked."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from domain.scopes import Scope
from operations.tokens import TokenTerms, create_token, listed_tokens, revoke_token
from pages.forms import AUTHOR, one_of, read_form
from pages.rendering import render
from serving.access import Session
from serving.context import WebContext
from serving.problems import ProblemError
from settings import duration

SCOPES = {
    Scope.FEED.value: "feed: changes",
    Scope.READ.value: "read: all that only reads",
    Scope.CONTROL.value: "control: steer sellers too",
    Scope.ADMIN.value: "admin: everything",
}
NEVER = "never"
LASTING = {"30d": "in 30 days", "90d": "in 90 days", "365d": "in a year", NEVER: "never"}
DONE = {"revoke": "Revoked. It opens nothing any more."}
router = APIRouter(include_in_schema=False)


@router.api_route("/tokens", methods=["GET", "HEAD"])
async def show(request: Request, done: str = "") -> Response:
    context: WebContext = request.app.state.context
    session = context.access.session(request)
    answer = HTMLResponse(await context.ask(_page, context, session, done))
    if session.new:
        context.access.hold_session(request, answer, session)
    return answer


def _page(context: WebContext, session: Session, done: str) -> str:
    return render(
        "tokens.html",
        now=context.store.levels.clock(),
        session=session,
        by_login=context.access.by_login,
        tokens=listed_tokens(context),
        scopes=SCOPES,
        lasting=LASTING,
        done=DONE.get(done),
    )


@router.post("/tokens")
async def make(request: Request) -> Response:
    context: WebContext = request.app.state.context
    form = await read_form(request)
    session = context.access.pressed(request, form)
    try:
        terms = terms_of(form)
    except ValueError as error:
        raise ProblemError(422, str(error)) from None
    made, fields = await create_token(context, AUTHOR, terms)
    now = await context.ask(context.store.levels.clock)
    return HTMLResponse(render("token.html", session=session, by_login=context.access.by_login, now=now, token=made.token, **fields))


def terms_of(form: dict[str, str]) -> TokenTerms:
    """Raises ValueError and ProblemError 422, with a line for whoever filled it in."""
    lasting = one_of(form, "expires", LASTING)
    given = form.get("sellers", "")
    sellers = tuple(given.replace(",", " ").split())
    if given.strip() and not sellers:  # a slip must not open everything
        raise ValueError("sellers: name at least one, or leave the field empty for all of them")
    return TokenTerms(
        form.get("name", "").strip(),
        Scope(one_of(form, "scope", SCOPES)),
        form.get("ebay") == "yes",
        sellers,
        None if lasting == NEVER else duration(lasting),
    )


@router.post("/tokens/{which}/revoke")
async def revoke(request: Request, which: str) -> Response:
    context: WebContext = request.app.state.context
    context.access.pressed(request, await read_form(request))
    await revoke_token(context, AUTHOR, which)
    context.token_revoked()
    return RedirectResponse("/tokens?done=revoke", 303)
