"""How things look: the templates, and the few filters they have. Everything is escaped; nothing is inline."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

from domain import remedies
from operations.times import age
from operations.times import due as due_words
from pages.chart import bars
from serving.problems import ProblemError
from store.schema.kinds import runbook

FOLDER = Path(__file__).parent
STATES = {"needs_reauthorization": "needs reauthorization", "waiting_for_quota": "waiting for quota", "ebay_down": "eBay is down"}
READ_FROM = {
    "list": "Inventory API, scan",
    "bulk": "Inventory API, by SKU",
    "single": "read alone",
    "derived": "told from an order by an earlier version, not read yet",
    "events": "Trading API, changed listings",
    "item": "Trading API, listing read alone",
    "selling": "Trading API, list of active listings",
    "report": "report of all listings",
}


def moment(when: datetime | str | None, now: datetime) -> Markup:
    """`3 min ago`, with the exact time beneath."""
    if when is None:
        return Markup("never")
    given = datetime.fromisoformat(when) if isinstance(when, str) else when
    return _time(given, age(given, now))


def due(when: datetime | str, now: datetime) -> Markup:
    """`in 12 min`, `now`, `overdue by 7 min`, with the exact time beneath."""
    given = datetime.fromisoformat(when) if isinstance(when, str) else when
    words = "now" if 0 < (given - now).total_seconds() < 1 else due_words(given, now)
    return _time(given, words)


def _time(given: datetime, words: str) -> Markup:
    """Neither is a stranger's text: nothing is escaped, of which a page of fifty sellers would have some hundreds."""
    exact = f"{given.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return Markup(f'<time datetime="{exact}" title="{exact}">{words}</time>')


def ticked(text: str) -> Markup:
    """A docstring's `words` as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


@cache
def static(name: str) -> str:
    """Its address, which changes with its content."""
    return f"/static/{name}?{sha256((FOLDER / 'static' / name).read_bytes()).hexdigest()[:12]}"


def milliseconds(poll: Mapping[str, Any]) -> int:
    """How long a poll took. `poll`: as `GET /v1/sellers/{id}/polls` has it."""
    began, ended = (datetime.fromisoformat(poll[name]) for name in ("started_at", "finished_at"))
    return round((ended - began).total_seconds() * 1000)


def runbook_page(path: str) -> str:
    """Where the page shows a runbook. `path`: of its file."""
    name, _, fragment = path.removeprefix("docs/runbooks/").partition("#")
    return f"/runbooks/{name.removesuffix('.md')}" + (f"#{fragment}" if fragment else "")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "moment": moment,
        "due": due,
        "count": lambda number: f"{number:,}",
        "state": lambda name: STATES.get(name, name),
        "ticked": ticked,
        "milliseconds": milliseconds,
        "runbook_page": runbook_page,
        "read_from": lambda name: READ_FROM.get(name, name),
    }
    environment.globals |= {"static": static, "bars": bars, "remedies": remedies, "runbook": runbook}
    return environment


TEMPLATES = _environment()


def render(template: str, **values: Any) -> str:
    return TEMPLATES.get_template(template).render(**values)


def problem_page(problem: ProblemError) -> HTMLResponse:
    return HTMLResponse(render("problem.html", problem=problem), problem.status, problem.headers)
