"""What the API says of itself, to programs and to people."""

from __future__ import annotations

import re

from tests.web.site import Page, Site


async def test_the_description_is_openapi_31_and_says_what_each_route_needs(site: Site) -> None:
    async with site.visitor() as stranger:
        described = (await stranger.get("/v1/openapi.json")).json()
    operations = {(path, method): one for path, methods in described["paths"].items() for method, one in methods.items()}

    assert described["openapi"].startswith("3.1")
    assert operations
    assert {one["x-scope"] for one in operations.values()} >= {"feed"}
    assert len({one["operationId"] for one in operations.values()}) == len(operations)
    for (path, method), one in operations.items():
        assert {"401", "403", "422", "429", "503"} <= one["responses"].keys(), path
        assert one["description"], path
        assert one["security"], path
        assert (method == "get") is not any(parameter["name"] == "Idempotency-Key" for parameter in one.get("parameters", []))
        for status, answer in one["responses"].items():
            if int(status) >= 400:
                assert answer["content"].keys() == {"application/problem+json"}, (path, status)


async def test_the_docs_show_every_route_without_a_token_and_nothing_is_empty(site: Site) -> None:
    async with site.visitor() as stranger:
        answer = await stranger.get("/v1/docs")
        described = (await stranger.get("/v1/openapi.json")).json()
    page = Page(answer)

    assert answer.status_code == 200
    for path, methods in described["paths"].items():
        for method, one in methods.items():
            assert f"{method.upper()} {path}" in re.sub(r"\s+", " ", page.text)
            assert f'id="{one["operationId"]}"' in page.source
    assert page.source.count("<h3>") == page.source.count("<article")
    assert "None" not in page.text


async def test_without_an_admin_token_the_description_is_for_this_machine_alone(open_site: object) -> None:
    from_elsewhere = open_site(token=None, visitor="192.0.2.7")  # type: ignore[operator]

    for path in ("/v1/openapi.json", "/v1/docs"):
        assert (await from_elsewhere.program.get(path)).status_code == 403
