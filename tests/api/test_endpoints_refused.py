"""Endpoints over HTTP: who may not, what makes no sense, and what is not there. Nothing is done then, and nothing stands in the audit."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest

from domain.scopes import Scope
from store import Store
from tests.api.test_endpoints import TERMS, made
from tests.api.worked import token
from tests.store.documents import enroll
from tests.web.site import Site, refused

ACTS = ("test", "enable", "disable", "retry", "rotate")


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "url"),
        ({"url": "https://1.1.1.1/", "colour": "red"}, "colour"),
        ({"url": 7}, "url"),
        ({"url": "https://user:secret@1.1.1.1/"}, "url: "),
        ({"url": "http://10.0.0.1/secret"}, "url: 10.0.0.1"),
        ({"url": "https://1.1.1.1:22/"}, "url: 1.1.1.1"),
        ({"url": "https://1.1.1.1/\x00"}, "url: "),
        ({"url": "https://1.1.1.1/" + "a" * 3000}, "url"),
        ({**TERMS, "types": ["orders.*"]}, "did you mean order.*?"),
        ({**TERMS, "types": "order.*"}, "types"),
        ({**TERMS, "types": ["order.*"] * 51}, "types"),
        ({**TERMS, "types": ["\ud800"]}, "types"),
        ({**TERMS, "seller": "a/b"}, "seller"),
        ({**TERMS, "thin": "true"}, "thin"),
        ({**TERMS, "thin": 1}, "thin"),
        ([], ""),
    ],
)
async def test_what_makes_no_sense_is_refused_and_nothing_is_made(site: Site, store: Store, given: Any, named: str) -> None:
    said = refused(await site.program.post("/v1/endpoints", content=json.dumps(given), headers={"Content-Type": "application/json"}), 422)

    assert named in said
    assert "secret" not in said
    assert store.endpoints.all() == []
    assert store.audit.read() == []


@pytest.mark.parametrize(
    "given", [{}, {"url": None}, {"types": []}, {"types": ["nothing.*"]}, {"seller": "anna"}, {"url": "https://10.0.0.1/"}]
)
async def test_a_change_of_nothing_or_to_nonsense_is_refused(site: Site, store: Store, given: dict[str, Any]) -> None:
    endpoint = (await made(site))["id"]

    refused(await site.program.patch(f"/v1/endpoints/{endpoint}", json=given), 422)

    assert store.endpoints.one(endpoint).types == ("order.*",)
    assert len(store.audit.read()) == 1


async def test_a_name_that_the_dns_does_not_know_is_said_so(site: Site, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def knows_nobody(host: str, *_: object, **__: object) -> None:
        asked.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", knows_nobody)  # the system's, in place of this machine's DNS
    answer = await site.program.post("/v1/endpoints", json={"url": "https://nobody.example.test/"})

    assert "nobody.example.test" in refused(answer, 422)
    assert answer.json()["code"] == "name_unknown"
    assert asked == ["nobody.example.test"]
    assert store.endpoints.all() == []


@pytest.mark.parametrize("id_", ["ep-none", "%00", "ep-%0Aa", "%ED%A0%80", "ep-" + "0" * 500])
async def test_an_unknown_endpoint_is_404_at_each_route(site: Site, store: Store, id_: str) -> None:
    path = f"/v1/endpoints/{id_}"

    answers = [await site.program.get(path), await site.program.patch(path, json={"thin": True}), await site.program.delete(path)]
    answers += [await site.program.post(f"{path}/{act}") for act in ACTS]

    assert {refused(one, 404) for one in answers} == {"there is no such endpoint"}
    assert {one.json()["code"] for one in answers} == {"unknown_endpoint"}
    assert store.audit.read() == []


async def test_who_reads_changes_no_endpoint_and_who_sees_some_sellers_sees_none(site: Site, store: Store) -> None:
    endpoint = (await made(site))["id"]
    path, before = f"/v1/endpoints/{endpoint}", store.audit.read()
    enroll(store, "anna")
    holders = [token(store, Scope.FEED, name="feed"), token(store, Scope.READ, name="read"), token(store, Scope.CONTROL, name="control")]
    holders.append(token(store, Scope.ADMIN, "anna", name="anna"))
    reads, writes = [], []
    for holder in holders:
        async with site.visitor(**holder) as app:
            reads.append([(await app.get(one)).status_code for one in ("/v1/endpoints", path)])
            answers = [await app.post("/v1/endpoints", json=TERMS), await app.patch(path, json={"thin": True}), await app.delete(path)]
            answers += [await app.post(f"{path}/{act}") for act in ACTS]
            writes += [refused(one, 403) for one in answers]
    async with site.visitor() as stranger:
        assert [(await stranger.get(one)).status_code for one in ("/v1/endpoints", path, "/v1/endpoints/none")] == [401] * 3
        assert [(await stranger.post(f"{path}/{act}")).status_code for act in ACTS] == [401] * 5

    assert reads == [[403, 403], [200, 200], [200, 200], [403, 403]]
    assert len(writes) == 32
    assert store.audit.read() == before
    assert not store.endpoints.one(endpoint).thin
