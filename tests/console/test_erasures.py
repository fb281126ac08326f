"""`erasures`: the proof without a name, and what is done after a restore."""

from __future__ import annotations

import json

import pytest

from tests.store.documents import ENROLLED, order, store_orders
from tests.support.canary import BUYER, found, put_buyer
from tests.support.dumps import postgres_columns
from tests.support.house import House

NAME = BUYER["username"]


def test_the_list_names_nobody_and_after_a_restore_it_does_its_work_again(house: House) -> None:
    store = house.store
    store.sellers.enroll("rosa", "token", scopes=[], now_ebay=ENROLLED)
    assert house.command("erasures").out == "nobody left\n"
    store.deletions.take(NAME, "user-of-4711", "n-1")
    listed = house.command("erasures", "--json")
    (house.folder / "kept.jsonl").write_text(listed.out)
    with store.engine.begin() as connection:  # a backup of before comes back
        connection.exec_driver_sql("DELETE FROM sellerbeat.deletions")
    bought = order("o-1", fulfillmentStartInstructions=[{"shippingStep": {}}])
    put_buyer(bought)
    store_orders(store, bought, seller_id="rosa")

    said = house.command("erasures", "--again", "--from", "kept.jsonl")
    again = house.command("erasures", "--again", "--json")

    assert found([NAME, "user-of-4711"], {"out": listed.out.encode()}) == []
    assert (listed.object["id"], listed.object["state"]) == ("n-1", "pending")
    assert said.out == "erased again: 1 change_events, 1 orders; 1 erasures were not known here\n"
    assert again.object == {"rows": {}, "taken": 0}
    assert found(BUYER.values(), postgres_columns(house.database)) == []
    assert "n-1" in house.command("erasures").out


def test_a_seller_whose_account_was_deleted_after_the_backup_is_erased_again(house: House) -> None:
    house.enroll("sina")
    house.store.deletions.take("", house.world.accounts.user_id("sina"), "n-7")

    assert house.command("erasures", "--again").out.startswith("erased again: 1 sellers; 0")
    assert "sina" not in house.store.enrolled()


@pytest.mark.parametrize(("content", "word"), [("no json", "no lines of JSON"), (json.dumps({"id": "x"}), "did not print")])
def test_a_file_that_is_no_such_list_is_refused(house: House, content: str, word: str) -> None:
    (house.folder / "bad.jsonl").write_text(content)

    assert word in house.command("erasures", "--again", "--from", "bad.jsonl").failure(2)
    assert "--again" in house.command("erasures", "--from", "bad.jsonl").failure(2)
