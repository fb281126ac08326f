"""The active inventory report: ordered, waited for, downloaded."""

import gzip
import io
import time
import zipfile
from collections.abc import Callable
from datetime import timedelta
from xml.etree.ElementTree import Element

import httpx
import pytest

from simulator.apis.archive import packed
from simulator.state.accounts import INVENTORY
from simulator.state.reports import Report
from tests.simulator.conftest import START, Client, Code, stamp, xml
from tests.support.manual_world import ManualWorld
from tests.support.present import present

TASKS = "/sell/feed/v1/inventory_task"


@pytest.fixture(autouse=True)
def at_once(world: ManualWorld) -> None:
    world.switches.listing_late = 0.0


def unzipped(answer: httpx.Response) -> str:
    with zipfile.ZipFile(io.BytesIO(answer.content)) as file:
        (name,) = file.namelist()
        return file.read(name).decode()


def rows(text: str) -> dict[str, Element]:
    return {row.findtext("ItemID", ""): row for row in xml(text).findall("ActiveInventoryReport/SKUDetails")}


def task_of(answer: httpx.Response) -> str:
    return answer.headers["location"].rsplit("/", 1)[1]


def test_a_task_is_accepted_waits_is_processed_and_completes(anna: Client, world: ManualWorld) -> None:
    world.switches.report_s = 30.0
    accepted = anna.order_report()
    path = f"{TASKS}/{task_of(accepted)}"
    seen = []
    for _ in range(3):
        seen.append(anna.get(path).json())
        world.clock.advance(seconds=15)

    assert (accepted.status_code, accepted.content) == (202, b"")
    assert accepted.headers["location"] == f"https://api.ebay.com{path}"
    assert [one["status"] for one in seen] == ["QUEUED", "IN_PROCESS", "COMPLETED"]
    assert "completionDate" not in seen[1]
    assert seen[2] == {
        "taskId": task_of(accepted),
        "status": "COMPLETED",
        "feedType": "LMS_ACTIVE_INVENTORY_REPORT",
        "creationDate": stamp(START),
        "completionDate": stamp(START + timedelta(seconds=30)),
        "schemaVersion": "1.0",
        "detailHref": f"https://api.ebay.com{path}",
    }


def test_there_is_no_file_before_the_end_nor_for_another_seller(anna: Client, world: ManualWorld, code: Code) -> None:
    task = task_of(anna.order_report())
    early = code(anna.get(f"/sell/feed/v1/task/{task}/download_result_file"))
    anna.access = anna.token(world.refresh_token("bert")).json()["access_token"]

    assert early == (404, 160014)
    assert code(anna.get(f"/sell/feed/v1/task/{task}/download_result_file")) == (404, 160003)
    assert code(anna.get(f"{TASKS}/{task}")) == (404, 160003)
    assert code(anna.get(f"{TASKS}/task-1-1")) == (404, 160003)


def test_the_right_to_read_stock_is_not_enough_to_order_a_report(anna: Client, world: ManualWorld, code: Code) -> None:
    anna.access = anna.token(world.refresh_token("anna"), scope=INVENTORY[1]).json()["access_token"]

    assert code(anna.order_report()) == (403, 1100)


@pytest.mark.parametrize(
    ("body", "marketplace", "error"),
    [
        (None, None, 160027),
        (None, "ebay_us", 160027),
        ({"schemaVersion": "1.0"}, "EBAY_US", 160017),
        ([], "EBAY_US", 160017),
        ({"feedType": "LMS_ORDER_REPORT", "schemaVersion": "1.0"}, "EBAY_US", 160017),
        ({"feedType": "LMS_ACTIVE_INVENTORY_REPORT"}, "EBAY_US", 160018),
        (
            {"feedType": "LMS_ACTIVE_INVENTORY_REPORT", "schemaVersion": "1.0", "filterCriteria": {"listingFormat": "ALL"}},
            "EBAY_US",
            160019,
        ),
    ],
)
def test_a_wrong_order_is_refused(anna: Client, code: Code, body: object, marketplace: str | None, error: int) -> None:
    assert code(anna.order_report(body, marketplace)) == (400, error)


def test_too_many_at_once_and_too_many_a_day_are_conflicts(anna: Client, world: ManualWorld, code: Code) -> None:
    world.switches.reports_at_once, world.switches.reports_a_day = 2, 3
    at_once = [anna.order_report() for _ in range(3)]
    world.clock.advance(seconds=10)
    a_day = [anna.order_report() for _ in range(2)]
    world.clock.advance(days=1, seconds=1)
    anna.access = anna.token(world.refresh_token("anna")).json()["access_token"]

    assert [answer.status_code for answer in (*at_once, *a_day)] == [202, 202, 409, 202, 409]
    assert (code(at_once[2]), code(a_day[1])) == ((409, 160024), (409, 160025))
    assert anna.order_report().status_code == 202


def test_the_report_has_every_active_listing_those_of_the_inventory_api_too(anna: Client, world: ManualWorld) -> None:
    world.add_sku("anna", "S-1", 6)
    plain, listed, ended = (
        world.list_item("anna", sku="a<b", quantity=5, price="9.90"),
        world.list_item("anna", sku="S-1"),
        world.list_item("anna"),
    )
    shirt = world.list_item(
        "anna", variations=[{"sku": "T-S", "specifics": {"Size": "S"}, "quantity": 2, "price": "3.00"}, {"specifics": {"Size": "M"}}]
    )
    world.list_item("bert")
    world.sell("anna", plain, 2)
    world.end_listing("anna", ended)

    text = unzipped(anna.report())

    found = rows(text)
    assert set(found) == {plain, listed, shirt}
    assert [(found[item].findtext("SKU"), found[item].findtext("Quantity")) for item in (plain, listed)] == [("a<b", "3"), ("S-1", "6")]
    assert (found[plain].findtext("Price"), present(found[plain].find("Price")).attrib) == ("9.9", {"currencyID": "USD"})
    assert [child.tag for child in found[shirt]] == ["SKU", "ItemID", "Variations"]
    variations = [(row.findtext("SKU"), row.findtext("Price"), row.findtext("Quantity")) for row in found[shirt].iter("Variation")]
    assert variations == [("T-S", "3.0", "2"), (None, "9.99", "1")]
    assert "<Title>" not in text


def test_the_report_tells_of_the_moment_of_its_order(anna: Client, world: ManualWorld) -> None:
    before = world.list_item("anna", quantity=2)
    task = task_of(anna.order_report())
    world.sell("anna", before)
    world.list_item("anna")
    world.clock.advance(seconds=10)

    found = rows(unzipped(anna.get(f"/sell/feed/v1/task/{task}/download_result_file")))

    assert {item: row.findtext("Quantity") for item, row in found.items()} == {before: "2"}


@pytest.mark.parametrize(
    ("form", "ending", "unpack"),
    [
        ("zip", ".zip", unzipped),
        ("gzip", ".xml.gz", lambda answer: gzip.decompress(answer.content).decode()),
        ("xml", ".xml", lambda answer: answer.text),
    ],
)
def test_the_file_is_zipped_gzipped_or_plain(
    anna: Client, world: ManualWorld, form: str, ending: str, unpack: Callable[[httpx.Response], str]
) -> None:
    world.switches.report_format = form
    world.preload_listings("anna", 20)

    answer = anna.report()

    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].endswith(f'{ending}"')
    assert set(rows(unpack(answer))) == set(world.item_ids("anna"))


def test_calls_of_the_feed_api_have_a_quota_of_their_own(anna: Client, world: ManualWorld, code: Code) -> None:
    world.quotas.limits["feed"] = 1
    anna.order_report()

    assert code(anna.order_report()) == (429, 2001)
    assert anna.orders().status_code == 200


def test_thousands_of_listings_are_packed_at_once_and_leave_in_pieces(world: ManualWorld) -> None:
    began = time.thread_time()
    world.preload_listings("anna", 5_000)
    bodies = [present(one.shown).body for one in world.inventories["anna"].listings.values()]

    pieces = list(packed(Report("t", "anna", 1, 0, 0, {}, bodies), world.ledger.text, stamp(START), 0))
    took = time.thread_time() - began

    assert took < 4  # a quarter of a second on a free core; 100,000 take twenty times as long
    assert len(pieces) >= 3
    assert max(map(len, pieces)) < 200_000
    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as file:
        assert file.read("activeInventoryReport.xml").count(b"<SKUDetails>") == 5_000
