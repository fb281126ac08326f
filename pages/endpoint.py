"""`/endpoints/{id}`: how one endpoint does, its settings, and the buttons. Each does what the command of the same name does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from api.fields import ENDPOINT_ID
from domain.delivery import TYPES
from domain.health import Finding
from operations import endpoint_trials
from operations import endpoints as operations
from operations.alert_endpoints import WEBHOOK
from operations.errors import FailedError
from pages.forms import AUTHOR, read_form
from pages.rendering import render
from serving.access import Session
from serving.context import WebContext
from serving.problems import ProblemError
from serving.refusals import as_problem
from store import UnknownEndpointError
from store.delivery.endpoint_names import EndpointNameTakenError

REFUSED = (FailedError, EndpointNameTakenError)  # what the form is shown again for, as it was filled in
DONE = {
    "pause": "Paused: nothing is sent. Its place in the feed stays, so nothing is lost.",
    "resume": "Resumed: it catches up from where it was.",
    "add": "Added: it is written to of alerts from now on. See that it arrives: send a test.",
    "change": "Changed. It goes on from where it stands.",
    "drop-old": "From now on messages are signed with the newest secret alone.",
    "remove": "Removed.",
}
router = APIRouter(include_in_schema=False)


@router.api_route("/endpoints/{endpoint_id}", methods=["GET", "HEAD"])
async def show(request: Request, endpoint_id: str, done: str = "") -> Response:
    context: WebContext = request.app.state.context
    session = context.access.session(request)
    answer = await page_of(context, session, endpoint_id, good=DONE.get(done))
    if session.new:
        context.access.hold_session(request, answer, session)
    return answer


async def page_of(
    context: WebContext,
    session: Session,
    endpoint_id: str,
    *,
    good: str | None = None,
    bad: str | None = None,
    typed: Mapping[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    """`good`, `bad`: one line of what became of an act; `typed`: what stood in the form of settings. Raises ProblemError 404."""
    one = await _known(context, endpoint_id)
    text = await context.ask(_rendered, context, session, await context.health.findings(), one, good, bad, typed)
    return HTMLResponse(text, status)


def _rendered(
    context: WebContext,
    session: Session,
    wrong: Sequence[Finding],
    one: dict[str, Any],
    good: str | None,
    bad: str | None,
    typed: Mapping[str, str] | None,
) -> str:
    settings = {"name": one["name"] or "", "url": one["url"], "types": " ".join(one["types"]), "thin": "yes" if one["thin"] else ""}
    return render(
        "endpoint.html",
        now=context.store.levels.clock(),
        session=session,
        by_login=context.access.by_login,
        wrong=wrong,
        one=one,
        good=good,
        bad=bad,
        typed=settings | {"thin": ""} | dict(typed) if typed is not None else settings,
        types=TYPES,
    )


async def _known(context: WebContext, endpoint_id: str) -> dict[str, Any]:
    """Raises ProblemError 404."""
    if not ENDPOINT_ID.fullmatch(endpoint_id):  # Postgres takes not every text
        raise ProblemError(404, "there is no such endpoint")
    try:
        return await context.ask(operations.shown, context, endpoint_id)
    except UnknownEndpointError:
        raise ProblemError(404, "there is no such endpoint; /endpoints lists those that are") from None


async def _pressed(request: Request, endpoint_id: str) -> tuple[WebContext, Session, dict[str, str], dict[str, Any]]:
    """Raises ProblemError: 403, 404, 413, 415, 422."""
    context: WebContext = request.app.state.context
    form = await read_form(request)
    session = context.access.pressed(request, form)
    return context, session, form, await _known(context, endpoint_id)


def _back(endpoint_id: str, done: str) -> Response:
    return RedirectResponse(f"/endpoints/{endpoint_id}?done={done}", 303)


@router.post("/endpoints/{endpoint_id}/pause")
async def pause(request: Request, endpoint_id: str) -> Response:
    context, _, _, one = await _pressed(request, endpoint_id)
    await operations.switch(context, AUTHOR, one["id"], on=False)
    return _back(endpoint_id, "pause")


@router.post("/endpoints/{endpoint_id}/resume")
async def resume(request: Request, endpoint_id: str) -> Response:
    context, _, _, one = await _pressed(request, endpoint_id)
    await operations.switch(context, AUTHOR, one["id"], on=True)
    return _back(endpoint_id, "resume")


@router.post("/endpoints/{endpoint_id}/deliver-now")
async def deliver_now(request: Request, endpoint_id: str) -> Response:
    context, session, _, one = await _pressed(request, endpoint_id)
    try:
        due = await endpoint_trials.deliver_now(context, AUTHOR, one["id"])
    except FailedError as error:
        return await _refused(context, session, endpoint_id, error)
    return await page_of(context, session, endpoint_id, good=_sentence(endpoint_trials.freed_words(due.events)))


@router.post("/endpoints/{endpoint_id}/test")
async def try_it(request: Request, endpoint_id: str) -> Response:
    context, session, form, one = await _pressed(request, endpoint_id)
    try:
        found = await endpoint_trials.try_endpoint(context, AUTHOR, one["id"], form.get("type") or None)
    except FailedError as error:
        return await _refused(context, session, endpoint_id, error)
    if found["status"] is None:
        return await page_of(context, session, endpoint_id, bad=_sentence(f"it was not reached: {found['text']}"))
    answered = f"it answered {found['status']} after {found['took_ms']:,} ms"
    if found["outcome"] != "delivered":
        return await page_of(context, session, endpoint_id, bad=_sentence(f"{answered}: {found['outcome']}. Nothing else is sent"))
    freed = endpoint_trials.tried_words(found)
    return await page_of(context, session, endpoint_id, good=_sentence(f"{answered}; {freed}" if freed else answered))


@router.post("/endpoints/{endpoint_id}/change")
async def change(request: Request, endpoint_id: str) -> Response:
    context, session, form, one = await _pressed(request, endpoint_id)
    url, name = form.get("url", "").strip(), form.get("name", "").strip()
    try:
        await operations.change_endpoint(
            context,
            AUTHOR,
            one["id"],
            url=url if url != one["url"] else None,
            types=([form.get("types", "")] if form.get("types", "").strip() else []) if one["kind"] == WEBHOOK else None,
            thin=form.get("thin") == "yes" if one["kind"] == WEBHOOK else None,
            name=name if name != (one["name"] or "") else None,
        )
    except REFUSED as error:
        return await _refused(context, session, endpoint_id, error, form)
    return _back(endpoint_id, "change")


@router.post("/endpoints/{endpoint_id}/rotate")
async def rotate(request: Request, endpoint_id: str) -> Response:
    context, session, _, one = await _pressed(request, endpoint_id)
    secret = await operations.rotate_secret(context, AUTHOR, one["id"])
    return await secret_page(context, session, one["id"], one["name"], secret, new=False)


@router.post("/endpoints/{endpoint_id}/drop-old")
async def drop_old(request: Request, endpoint_id: str) -> Response:
    context, _, _, one = await _pressed(request, endpoint_id)
    await operations.drop_old_secrets(context, AUTHOR, one["id"])
    return _back(endpoint_id, "drop-old")


@router.post("/endpoints/{endpoint_id}/remove")
async def remove(request: Request, endpoint_id: str) -> Response:
    context, session, form, one = await _pressed(request, endpoint_id)
    if form.get("sure") != "yes":
        return await page_of(context, session, endpoint_id, bad="Not removed: tick the box beside Remove first.", status=422)
    await operations.remove_endpoint(context, AUTHOR, one["id"])
    return RedirectResponse("/endpoints?done=remove", 303)


async def secret_page(context: WebContext, session: Session, endpoint_id: str, name: str | None, secret: str, *, new: bool) -> HTMLResponse:
    """The one answer that shows a secret. `new`: of a new endpoint; else a second one beside the former."""
    now = await context.ask(context.store.levels.clock)
    values = {"session": session, "by_login": context.access.by_login, "now": now, "id": endpoint_id, "name": name}
    return HTMLResponse(render("endpoint_secret.html", **values, secret=secret, new=new))


async def _refused(
    context: WebContext, session: Session, endpoint_id: str, error: Exception, typed: Mapping[str, str] | None = None
) -> HTMLResponse:
    problem = as_problem(error)
    return await page_of(context, session, endpoint_id, bad=_sentence(problem.detail), typed=typed, status=problem.status)


def _sentence(words: str) -> str:
    return f"{words[0].upper()}{words[1:]}{'' if words[-1] in '.?!' else '.'}"
