"""`POST /sellers/{id}/{action}`: a button was pressed. What could not be done leaves its form as it was typed, with why."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse
from temporalio.service import RPCError

from domain.seller_id import SELLER_ID
from pages.actions import ACTIONS
from pages.forms import WrongFieldError, read_form
from pages.seller import RefusedForm, SellerQuery, page_of
from serving.context import WebContext
from serving.problems import ProblemError
from serving.refusals import as_problem
from store import UnknownSellerError
from workflows.client import TemporalUnavailableError

router = APIRouter(include_in_schema=False)


@router.post("/sellers/{seller_id}/{action}")
async def press(request: Request, seller_id: str, action: str) -> Response:
    context: WebContext = request.app.state.context
    if action not in ACTIONS:
        raise ProblemError(404, "there is nothing here")
    form = await read_form(request)
    session = context.access.pressed(request, form)
    if not SELLER_ID.fullmatch(seller_id):
        raise ProblemError(404, "no seller has such an id")
    try:
        await ACTIONS[action](context, seller_id, form)
    except UnknownSellerError as error:  # of a removed one too: the page has no buttons for them
        raise ProblemError(404, str(error)) from None
    except WrongFieldError as error:
        refused = RefusedForm(action, form, error.detail, error.field)
        return await page_of(context, seller_id, session, SellerQuery(), refused, error.status)
    except (TemporalUnavailableError, RPCError) as error:
        problem = as_problem(error)
        refused = RefusedForm(action, form, f"Nothing was changed: {problem.detail}")
        answer = await page_of(context, seller_id, session, SellerQuery(), refused, problem.status)
        answer.headers.update(problem.headers)
        return answer
    return RedirectResponse(f"/sellers/{seller_id}?done={action}", 303)
