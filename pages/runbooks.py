"""`GET /runbooks/{name}`: what an alert means and what to do, from `docs/runbooks/`, one click from the alert.

For anybody, and while Postgres is dead too: the text is that of this repository, and nothing of the deployment is in it.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

from fastapi import APIRouter
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.responses import HTMLResponse

from pages.rendering import render
from serving.problems import ProblemError

FOLDER = Path(__file__).parent.parent / "docs" / "runbooks"
NAME = re.compile("[a-z_]+")
RUNBOOK = re.compile(r"(?:\.\./runbooks/)?([a-z_]+)\.md(#.*)?")
router = APIRouter(include_in_schema=False)


@router.api_route("/runbooks/{name}", methods=["GET", "HEAD"])
async def show(name: str) -> HTMLResponse:
    text = written(name) if NAME.fullmatch(name) else None
    if text is None:
        raise ProblemError(404, "there is no such runbook")
    return HTMLResponse(render("runbook.html", name=name, text=text))


@cache
def written(name: str) -> Markup | None:
    """A runbook as HTML; None: there is none of that name. Links to other documents than runbooks lead nowhere from here."""
    file = FOLDER / f"{name}.md"
    if not file.is_file():
        return None
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(file.read_text(encoding="utf-8"))
    for opening, title in pairwise(tokens):
        if opening.type == "heading_open":
            opening.attrSet("id", re.sub(r"[^a-z0-9-]", "", title.content.lower().replace(" ", "-")) or "top")
    for link in (inner for token in tokens for inner in token.children or () if inner.type == "link_open"):
        if not str(link.attrGet("href")).startswith(("https://", "#")):
            found = RUNBOOK.fullmatch(str(link.attrGet("href")))
            link.attrs = {"href": f"/runbooks/{found[1]}{found[2] or ''}"} if found else {}
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))
