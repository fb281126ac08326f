"""Notifications of a seller over HTTP, where eBay is not asked: what came, and what is refused. The rest is in tests/end_to_end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.notifications import parts_for
from domain.scopes import Scope
from operations.subscriptions import SetupRow
from serving.callers import Caller
from store import Store
from tests.api.worked import token
from tests.store.documents import enroll
from tests.web.site import Site, refused

PATH = "/v1/sellers/anna/notifications"


async def test_what_came_is_counted_by_topic(site: Site, store: Store) -> None:
    enroll(store, "anna")
    for number in (1, 1, 2):
        store.notifications.save(f"n-{number}", "ORDER_CONFIRMATION", seller_id="anna")
    store.notifications.save("n-3", "LISTING", seller_id="bert")

    (row,) = (await site.program.get(PATH)).json()["topics"]

    assert (row["topic"], row["notifications"], row["copies"]) == ("ORDER_CONFIRMATION", 2, 3)
    refused(await site.program.get("/v1/sellers/nobody/notifications"), 404)


async def test_without_its_settings_it_says_which_is_missing(site: Site, store: Store) -> None:
    enroll(store, "anna")

    answer = await site.program.post(f"{PATH}/setup")

    assert "SELLERBEAT_EBAY_CLIENT_ID" in refused(answer, 503)
    assert (answer.json()["code"], answer.headers["retry-after"]) == ("not_configured", "60")
    assert store.audit.read() == []


@pytest.mark.parametrize("act", ["setup", "repair"])
async def test_a_seller_who_left_is_409_and_one_who_never_came_404(site: Site, store: Store, act: str) -> None:
    enroll(store, "anna")
    store.sellers.remove("anna")
    answers = [await site.program.post(f"/v1/sellers/{seller}/notifications/{act}") for seller in ("anna", "nobody")]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(409, "seller_removed"), (404, "unknown_seller")]
    assert store.audit.read() == []


def test_a_narrowed_token_is_not_told_the_applications_addresses() -> None:
    rows = [
        SetupRow("alert e-mail", None, "ops@example.com", False, "another one"),
        SetupRow("destination", None, "https://ops.example/ebay/notifications", False, "MARKED_DOWN"),
        SetupRow("subscription", None, "MARKETPLACE_ACCOUNT_DELETION", False, "missing"),
        SetupRow("destination", "anna", "https://ops.example/ebay/notifications/anna", True, "ENABLED"),
    ]
    of_all = Caller("tok-1", "token:app", Scope.CONTROL, ebay=False)
    narrow, wide = [parts_for(rows, "anna", one) for one in (replace(of_all, sellers=frozenset({"anna"})), of_all)]

    assert [part.name for part in wide.parts] == [row.name for row in rows]
    assert [part.name for part in narrow.parts] == ["", "", rows[2].name, rows[3].name]
    assert [(part.what, part.found) for part in narrow.parts] == [(row.what, row.found) for row in rows]
    assert narrow.wrong == wide.wrong == 3


async def test_who_reads_sets_nothing_up_and_nobody_another_seller(site: Site, store: Store) -> None:
    enroll(store, "anna")
    for scope, sellers, statuses in (
        (Scope.FEED, (), [403, 403, 403]),
        (Scope.READ, (), [200, 403, 403]),
        (Scope.CONTROL, ("anna",), [200, 503, 503]),
        (Scope.ADMIN, ("bert",), [404, 404, 404]),
    ):
        async with site.visitor(**token(store, scope, *sellers, name=scope.value)) as app:
            answers = [await app.get(PATH), await app.post(f"{PATH}/setup"), await app.post(f"{PATH}/repair")]
            assert [one.status_code for one in answers] == statuses
