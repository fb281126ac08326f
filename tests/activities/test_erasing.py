"""A round of erasures: buyers and sellers, who keeps whom waiting, and a worker that dies in the middle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.fleet.erasing import Erased, UserErasing
from ebay.topics import ACCOUNT_DELETION
from store import Store, StoreUnavailableError, Vault
from store.erasure.deletions import Deletions
from tests.store.documents import enroll, order, store_orders
from tests.support.canary import BUYER, found, put_buyer
from tests.support.dumps import postgres_columns
from tests.support.rig import Rig, rig
from workflows.client import handle
from workflows.messages import workflow_id
from workflows.seller_polling import SellerPolling

NAME = BUYER["username"]


@pytest.fixture
def it(database: str) -> Iterator[Rig]:
    with rig(database, "anna") as it:
        enroll(it.store, "anna")
        yield it


async def round_(store: Store, client: Client) -> Erased:
    return await ActivityEnvironment().run(UserErasing(store, client, second_look=timedelta(0)).erase_users)


def bought(order_id: str) -> dict[str, Any]:
    document = order(order_id, fulfillmentStartInstructions=[{"shippingStep": {}}])
    put_buyer(document)
    return document


async def test_one_round_forgets_a_buyer_and_a_second_look_ends_it(it: Rig, temporal: Client, database: str) -> None:
    store_orders(it.store, bought("o-1"), bought("o-2"), seller_id="anna")
    it.store.deletions.take(NAME, "u-1", "n-1")

    first, second = [await round_(it.store, temporal) for _ in range(2)]

    assert first == Erased(looked_for=1, rows={"orders": 2, "change_events": 2})
    assert second == Erased(looked_for=1, done=1)
    assert await round_(it.store, temporal) == Erased()
    assert found(BUYER.values(), postgres_columns(database)) == []


async def test_a_seller_who_left_is_erased_whole_and_their_workflow_ends(it: Rig, temporal: Client, database: str) -> None:
    store_orders(it.store, order("o-1"), seller_id="anna")
    it.store.accounts.bind("anna", "ebay-user-4711")
    workflow = await temporal.start_workflow(SellerPolling.run, id=workflow_id("anna"), task_queue="nobody", args=[])
    it.store.deletions.take("anna-at-ebay", "ebay-user-4711", "n-1")

    rounds = [await round_(it.store, temporal) for _ in range(2)]

    assert [(one.rows, one.done) for one in rounds] == [({"sellers": 1}, 0), ({}, 1)]
    status = (await handle(temporal, "anna").describe()).status
    assert status is not None
    assert status.name == "TERMINATED"
    assert workflow.id == workflow_id("anna")
    dumped = {place: content for place, content in postgres_columns(database).items() if not place.startswith(("deletions.", "alembic"))}
    assert found(["ebay-user-4711", "anna-at-ebay"], dumped) == []
    assert found(["anna"], dumped) == [("anna", "change_events.data"), ("anna", "change_events.entity_id")]
    begun, last_word = it.events()  # by the app's own id, so that its readers know whom to forget
    for one in (begun, last_word):
        assert (one["type"], one["seller_id"], one["data"].keys()) == ("seller.removed", None, {"seller_id", "removed_at", "erased"})
    assert (begun["data"]["erased"], last_word["data"]["erased"]) == (False, True)


async def test_a_seller_whose_erasure_was_broken_off_is_erased_by_the_next_round(it: Rig, temporal: Client) -> None:
    store_orders(it.store, order("o-1"), seller_id="anna")
    it.store.accounts.bind("anna", "u-9")
    it.store.deletions.take("", "u-9", "n-1")
    with it.store.engine.begin() as connection:  # the last table but one cannot be reached
        connection.execute(text("ALTER TABLE sellerbeat.erased_orders RENAME TO away"))

    broken = await round_(it.store, temporal)
    with it.store.engine.begin() as connection:
        connection.execute(text("ALTER TABLE sellerbeat.away RENAME TO erased_orders"))
    whole = await round_(it.store, temporal)

    assert (broken.failed, broken.rows) == (1, {})
    assert whole.rows == {"sellers": 1}
    assert it.store.accounts.all() == {}


async def test_one_who_cannot_be_erased_yet_keeps_nobody_waiting(it: Rig, temporal: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    store_orders(it.store, bought("o-1"), seller_id="anna")
    it.store.deletions.take("locked-out", "u-0", "n-0")
    it.store.deletions.take(NAME, "u-1", "n-1")
    buyer: Callable[..., Any] = it.store.erasing.buyer

    def erase(username: str, *rest: Any) -> Any:
        if username == "locked-out":
            raise StoreUnavailableError("another transaction held a lock for too long")
        return buyer(username, *rest)

    monkeypatch.setattr(it.store.erasing, "buyer", erase)

    assert await round_(it.store, temporal) == Erased(looked_for=2, failed=1, rows={"orders": 1, "change_events": 1})
    assert [row["id"] for row in it.store.deletions.rows(pending=True)] == ["n-0", "n-1"]


async def test_one_whom_no_key_opens_keeps_nobody_waiting(it: Rig, temporal: Client) -> None:
    store_orders(it.store, bought("o-1"), seller_id="anna")
    url = it.store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(Store.connect(url, [Fernet.generate_key().decode()])) as elsewhere:  # a key that was dropped too early
        elsewhere.notifications.save("n-0", ACCOUNT_DELETION, person={"username": "locked", "user_id": "u-0"}, mapped=False)
        Deletions(elsewhere.engine, Vault([Fernet.generate_key().decode()]), it.store.hashes).take("away", "u-9", "n-9")
    it.store.notifications.save("n-1", ACCOUNT_DELETION, person={"username": NAME, "user_id": "u-1"}, mapped=False)

    first = await round_(it.store, temporal)

    assert first == Erased(looked_for=2, failed=1, rows={"orders": 1, "change_events": 1})
    assert [row["id"] for row in it.store.deletions.rows(pending=True)] == ["n-9", "n-1"]


async def test_a_buyer_whom_ebay_shows_by_their_user_id_is_forgotten_too(it: Rig, temporal: Client, database: str) -> None:
    store_orders(
        it.store, order("o-1", buyer={"username": "ma8vp1jySJC"}), order("o-2", buyer={"username": "Their-Name"}), seller_id="anna"
    )
    it.store.deletions.take("their-name", "ma8vp1jySJC", "n-1")

    rounds = [await round_(it.store, temporal) for _ in range(2)]

    assert [(one.rows, one.done) for one in rounds] == [({"orders": 2, "change_events": 2}, 0), ({}, 1)]
    assert found(["ma8vp1jySJC", "their-name"], postgres_columns(database)) == []
