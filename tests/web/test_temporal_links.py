"""From the page of all sellers into Temporal's Web UI: to the sellers alone."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

from pages.temporal_ui import SELLERS
from tests.web.site import Site


async def test_the_page_of_all_sellers_leads_to_their_workflows_where_the_web_ui_is_named(
    open_site: Callable[..., Site], site: Site
) -> None:
    named = await open_site(temporal_ui_url="http://127.0.0.1:8233").page("/")
    links = [urlsplit(one["href"]) for one in named.all("a") if one["href"].startswith("http://127.0.0.1:8233/")]

    assert [(link.path, parse_qs(link.query)["query"]) for link in links] == [("/namespaces/default/workflows", [SELLERS])]
    assert "workflows in Temporal" not in (await site.page("/")).text
