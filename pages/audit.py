"""`/audit`: who did what, when, and what became of it; the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse

from domain.health import Finding
from domain.seller_id import SELLER_ID
from operations.audit import differing
from pages.rendering import render
from serving.access import Session
from serving.context import WebContext
from store.schema.tables import LARGEST_ID

ROWS = 50
router = APIRouter(include_in_schema=False)


class AuditQuery(BaseModel, frozen=True):
    """What a person looks for; what they left empty is everything."""

    seller: str = Field("", pattern=f"^({SELLER_ID.pattern})?$")
    author: str = Field("", max_length=120, pattern=r"^[^\x00-\x1f\x7f]*$")
    action: str = Field("", max_length=60, pattern=r"^[a-z0-9._*-]*$")
    before: int = Field(LARGEST_ID, ge=1, le=LARGEST_ID)

    def link(self, **other: Any) -> str:
        """The address of the same question, but for this."""
        fields = {**self.model_dump(exclude={"before"}), **other}
        asked = urlencode({name: value for name, value in fields.items() if value})
        return f"/audit?{asked}" if asked else "/audit"


@router.api_route("/audit", methods=["GET", "HEAD"])
async def show(request: Request, query: Annotated[AuditQuery, Query()]) -> Response:
    context: WebContext = request.app.state.context
    session = context.access.session(request)
    answer = HTMLResponse(await context.ask(_page, context, session, await context.health.findings(), query))
    if session.new:
        context.access.hold_session(request, answer, session)
    return answer


def _page(context: WebContext, session: Session, wrong: Sequence[Finding], query: AuditQuery) -> str:
    rows = context.store.audit.read(
        before=query.before,
        limit=ROWS + 1,
        seller_id=query.seller or None,
        author=query.author or None,
        action=query.action or None,
    )
    return render(
        "audit.html",
        now=context.store.levels.clock(),
        session=session,
        by_login=context.access.by_login,
        wrong=wrong,
        query=query,
        acts=[{**row, "changed": differing(row["before"], row["after"])} for row in rows[:ROWS]],
        newest=query.before == LARGEST_ID,
        older=query.link(before=rows[ROWS - 1]["id"]) if len(rows) > ROWS else None,
    )
