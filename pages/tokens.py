"""`/tokens`: the API's tokens, how far each goes and when it was used last; made, and revoked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from domain.health import Finding
from domain.scopes import Scope, WrongTokenNameError
from operations.tokens import TokenTerms, create_token, listed_tokens, revoke_token
from pages.forms import AUTHOR, WrongFieldError, as_typed, one_of, read_form
from pages.rendering import render
from serving.access import Session
from serving.context import WebContext
from settings import duration
from store.access.api_tokens import ApiTokenExistsError

SCOPES = {
    Scope.FEED.value: "feed: changes",
    Scope.READ.value: "read: all that only reads",
    Scope.CONTROL.value: "control: steer sellers too",
    Scope.ADMIN.value: "admin: everything",
}
NEVER = "never"
LASTING = {"30d": "in 30 days", "90d": "in 90 days", "365d": "in a year", NEVER: "never"}
UNTYPED: Mapping[str, str] = {"name": "", "scope": Scope.FEED.value, "sellers": "", "expires": "90d", "ebay": ""}
DONE = {"revoke": "Revoked. It opens nothing any more."}
router = APIRouter(include_in_schema=False)


@router.api_route("/tokens", methods=["GET", "HEAD"])
async def show(request: Request, done: str = "") -> Response:
    context: WebContext = request.app.state.context
    session = context.access.session(request)
    answer = HTMLResponse(await context.ask(_page, context, session, await context.health.findings(), done))
    if session.new:
        context.access.hold_session(request, answer, session)
    return answer


def _page(
    context: WebContext,
    session: Session,
    found: Sequence[Finding],
    done: str = "",
    typed: Mapping[str, str] = UNTYPED,
    error: WrongFieldError | None = None,
) -> str:
    """`typed`: what somebody wrote into the form, and `error` what is wrong with it."""
    return render(
        "tokens.html",
        now=context.store.levels.clock(),
        session=session,
        by_login=context.access.by_login,
        wrong=found,
        typed={**UNTYPED, **{name: as_typed(value) for name, value in typed.items()}},
        error=error,
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
    found = await context.health.findings()
    try:
        made, fields = await create_token(context, AUTHOR, terms_of(form))
    except ApiTokenExistsError as taken:
        wrong = WrongFieldError("name", str(taken), 409)
    except WrongFieldError as error:
        wrong = error
    else:
        now = await context.ask(context.store.levels.clock)
        values = {"session": session, "by_login": context.access.by_login, "wrong": found, "now": now}
        return HTMLResponse(render("token.html", **values, token=made.token, **fields))
    return HTMLResponse(await context.ask(_page, context, session, found, typed=form, error=wrong), wrong.status)


def terms_of(form: Mapping[str, str]) -> TokenTerms:
    """Raises WrongFieldError, with a line for whoever filled it in."""
    lasting = one_of(form, "expires", LASTING)
    given = form.get("sellers", "")
    sellers = tuple(given.replace(",", " ").split())
    if given.strip() and not sellers:  # a slip must not open everything
        raise WrongFieldError("sellers", "name at least one, or leave the field empty for all of them")
    scope, name = Scope(one_of(form, "scope", SCOPES)), form.get("name", "").strip()
    try:
        return TokenTerms(name, scope, form.get("ebay") == "yes", sellers, None if lasting == NEVER else duration(lasting))
    except WrongTokenNameError as error:
        raise WrongFieldError("name", str(error)) from None
    except ValueError as error:
        raise WrongFieldError("sellers", str(error)) from None


@router.post("/tokens/{which}/revoke")
async def revoke(request: Request, which: str) -> Response:
    context: WebContext = request.app.state.context
    context.access.pressed(request, await read_form(request))
    await revoke_token(context, AUTHOR, which)
    context.token_revoked()
    return RedirectResponse("/tokens?done=revoke", 303)
