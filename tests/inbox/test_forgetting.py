"""From eBay's signed word that a user left to the last trace of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio.client import Client
from temporalio.worker import Worker

from activities.fleet.erasing import UserErasing
from ebay.topics import ACCOUNT_DELETION
from inbox.forgetting import forget
from inbox.waker import Waker
from simulator import World
from store import Store
from tests.inbox.letterbox import START, Letterbox
from tests.store.documents import order, store_orders
from tests.support.canary import BUYER, found, put_buyer
from tests.support.dumps import postgres_columns
from tests.support.waiting import eventually
from workflows.erasing import Erasing

LEFT = {"username": BUYER["username"], "userId": "ebay-user-4711", "eiasToken": "eias-4711-canary"}


async def test_a_user_of_whom_ebay_tells_is_forgotten_and_so_is_what_ebay_told(
    store: Store, world: World, ebay_url: str, temporal: Client
) -> None:
    async def client() -> Client:
        return temporal

    store.sellers.enroll("anna", "token", scopes=[], now_ebay=START)
    bought = order("o-1", fulfillmentStartInstructions=[{"shippingStep": {}}])
    put_buyer(bought)
    store_orders(store, bought, seller_id="anna")
    box = Letterbox(store, world, ebay_url, handlers={ACCOUNT_DELETION: forget})
    secrets = [*BUYER.values(), LEFT["userId"], LEFT["eiasToken"]]

    with ThreadPoolExecutor(2) as threads:
        erasing = UserErasing(store, temporal, second_look=timedelta(0))
        async with Worker(
            temporal, task_queue="inbox-tests", workflows=[Erasing], activities=[erasing.erase_users], activity_executor=threads
        ):
            answers = [await box.post(box.body(topic=ACCOUNT_DELETION, id_="bye", data=LEFT), to="") for _ in range(2)]
            await Waker(box.inbox, client).look()
            await eventually(lambda: [row["looks"] for row in store.deletions.rows()] == [1])
            await temporal.execute_workflow(Erasing.run, id="the next round", task_queue="inbox-tests")
    await box.close()

    assert [answer.status_code for answer in answers] == [204, 204]
    assert [(row["id"], row["state"], row["counts"]) for row in store.deletions.rows()] == [
        ("bye", "done", {"orders": 1, "change_events": 1})
    ]
    assert [(row["state"], row["person"]) for row in box.rows()] == [("done", None)]
    url = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    assert found(secrets, postgres_columns(url)) == []
