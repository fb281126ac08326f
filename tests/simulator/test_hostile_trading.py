"""What a hostile eBay makes of Trading and of reports: each switch alone. Odd listings are in the ledger, spoilt answers are not."""

import gzip
import io
import zipfile
from xml.etree import ElementTree

import pytest

from simulator import Hostility, make_hostile
from simulator.judge.partial import unusable
from tests.simulator.conftest import START, Client, Code, items, trading_error, xml
from tests.simulator.test_feed import rows, task_of, unzipped
from tests.support.manual_world import ManualWorld
from tests.support.present import present


@pytest.fixture(autouse=True)
def something_to_read(world: ManualWorld) -> None:
    world.switches.listing_late = 0.0
    world.preload_listings("anna", 40)


def turn_on(world: ManualWorld, switch: str, **how: float) -> Hostility:
    world.hostility = Hostility(scale=0.01)
    for name, value in {switch: 1.0, **how}.items():
        world.hostility.set(name, value)
    return world.hostility


def test_malformed_listings_are_in_the_ledger_as_they_are_served(anna: Client, world: ManualWorld) -> None:
    world.hostility = Hostility(seed=5, malformed_listing=1.0)
    for item in world.item_ids("anna"):
        world.revise("anna", item, title="New")
    newest = {row["document"]["itemId"]: row["document"] for row in world.rows()}

    shown = items(anna.changed(START))

    malformed = [document for document in newest.values() if unusable(document)]
    assert 10 < len(malformed) < 40
    assert set(shown) == set(newest)
    quantities = {item: shown[item].findtext("Quantity") for item, one in newest.items() if "variations" not in one}
    assert quantities == {item: None if "quantity" not in newest[item] else str(newest[item]["quantity"]) for item in quantities}
    stated = [text for text in quantities.values() if text is not None]
    assert len(stated) < len(quantities)
    assert any(text.startswith("-") for text in stated)
    assert any(not text.lstrip("-").isdigit() for text in stated)
    for item, document in newest.items():
        assert (shown[item].findtext("Title") or "") == document["title"]
        assert anna.trading("GetItem", f"<ItemID>{item}</ItemID>").status_code == 200


def test_the_world_goes_on_with_what_a_malformed_listing_should_have_been(world: ManualWorld) -> None:
    world.hostility = Hostility(malformed_listing=1.0)
    item = world.list_item("anna", quantity=5)
    world.sell("anna", item, 2)
    world.hostility = None

    world.revise("anna", item, price="2.00")

    document = list(world.rows())[-1]["document"]
    assert (document["available"], document["quantity"], document["quantitySold"]) == (3, 5, 2)


def test_failures_and_stray_limits_are_in_tradings_own_words(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "ack_failure")
    failed = trading_error(anna.trading("GetMyeBaySelling"))
    turn_on(world, "too_many")
    limited = trading_error(anna.trading("GetMyeBaySelling"))
    turn_on(world, "html")
    html = anna.trading("GetMyeBaySelling")
    turn_on(world, "failure")
    broken = {anna.trading("GetMyeBaySelling").status_code for _ in range(20)}

    assert (failed, limited) == ((200, "Failure", 10007), (200, "Failure", 518))
    assert (html.status_code, html.text[:15]) == (200, "<!DOCTYPE html>")
    assert broken == {500, 502, 503}
    assert world.quotas.used["trading"] == 0


def test_xml_can_be_broken_off_and_look_whole(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "truncated")

    answer = anna.changed(START)

    assert int(answer.headers["content-length"]) == len(answer.content)
    with pytest.raises(ElementTree.ParseError):
        xml(answer)


def test_elements_that_nobody_knows_stand_everywhere(anna: Client, world: ManualWorld) -> None:
    world.preload_listings("anna", 3)
    turn_on(world, "unknown_xml")

    answer = anna.changed(START)

    assert len(items(answer)) == 40
    assert len(xml(answer).findall("ItemArray/Item/Future/Deep/Item")) == 40
    assert xml(answer).find("Future") is not None


def test_a_warning_is_no_failure(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "warnings")

    answer = anna.changed(START)

    assert (xml(answer).findtext("Ack"), xml(answer).findtext("Errors/SeverityCode")) == ("Warning", "Warning")
    assert len(items(answer)) == 40


def test_xml_can_be_a_bomb_or_huge_a_few_times(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "xml_bomb")
    bombs = [anna.changed(START).text for _ in range(4)]
    turn_on(world, "huge_xml", huge_bytes=300_000)
    sizes = [len(anna.changed(START).text) for _ in range(4)]

    assert [text.count("<!ENTITY") for text in bombs] == [10, 10, 10, 0]
    assert all("&e9;" in text for text in bombs[:3])
    assert [size > 300_000 for size in sizes] == [True, True, True, False]


def test_items_can_be_left_out_and_the_answer_says_so(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "more_items")

    answer = anna.changed(START)

    assert 5 < len(items(answer)) < 35
    assert xml(answer).findtext("HasMoreItems") == "true"


def test_the_total_of_a_page_can_be_wrong(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "wrong_total")

    totals = {xml(anna.trading("GetMyeBaySelling")).findtext("ActiveList/PaginationResult/TotalNumberOfEntries") for _ in range(5)}

    assert "40" not in totals


def test_an_access_token_can_expire_between_two_calls_but_a_fresh_one_holds(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "expired")
    first = trading_error(anna.changed(START))
    anna.access = anna.token(world.refresh_token("anna")).json()["access_token"]

    assert (first, trading_error(anna.changed(START))) == ((200, "Failure", 21917053), (200, "Success", 0))


# reports


@pytest.mark.parametrize("switch", ["report_stuck", "report_failed"])
def test_a_report_can_never_complete(anna: Client, world: ManualWorld, code: Code, switch: str) -> None:
    turn_on(world, switch)
    world.switches.reports_at_once = 20
    states = set()
    for _ in range(12):
        task = task_of(anna.order_report())
        world.clock.advance(minutes=5)
        states.add(anna.get(f"/sell/feed/v1/inventory_task/{task}").json()["status"])

    assert states == ({"IN_PROCESS"} if switch == "report_stuck" else {"FAILED", "ABORTED", "COMPLETED_WITH_ERROR"})
    task = task_of(anna.order_report())
    world.clock.advance(seconds=10)
    assert code(anna.get(f"/sell/feed/v1/task/{task}/download_result_file")) == (404, 160014)


@pytest.mark.parametrize("switch", ["not_a_zip", "torn_report"])
@pytest.mark.parametrize("form", ["zip", "gzip", "xml"])
def test_a_file_can_be_no_report_at_all_or_end_too_early(anna: Client, world: ManualWorld, switch: str, form: str) -> None:
    turn_on(world, switch)
    world.switches.report_format = form

    content = anna.report().content

    assert content.startswith(b"<html>") == (switch == "not_a_zip")
    with pytest.raises((zipfile.BadZipFile, EOFError, OSError, ElementTree.ParseError)):
        opened(form, content)


def opened(form: str, content: bytes) -> None:
    if form == "zip":
        zipfile.ZipFile(io.BytesIO(content))
    text = gzip.decompress(content) if form == "gzip" else content
    if not ElementTree.fromstring(text).tag.endswith("Responses"):
        raise ElementTree.ParseError("no report")


@pytest.mark.parametrize("form", ["zip", "gzip"])
def test_a_report_can_be_a_bomb_once(anna: Client, world: ManualWorld, form: str) -> None:
    turn_on(world, "zip_bomb", bomb_bytes=30_000_000)
    world.switches.report_format = form

    sizes = [len(unzipped(answer) if form == "zip" else gzip.decompress(answer.content)) for answer in (anna.report(), anna.report())]

    assert sizes[0] > 30_000_000 > 100_000 > sizes[1]


def test_rows_can_come_twice_without_an_id_negative_or_with_more_in_them(anna: Client, world: ManualWorld) -> None:
    texts = {}
    for switch in ("rows_twice", "rows_nameless", "rows_negative", "rows_unknown"):
        turn_on(world, switch)
        texts[switch] = unzipped(anna.report())

    counts = {switch: text.count("<SKUDetails>") for switch, text in texts.items()}
    assert counts["rows_twice"] > 40 == counts["rows_nameless"]
    assert len(rows(texts["rows_twice"])) == 40
    assert "" in rows(texts["rows_nameless"])
    assert "<Quantity>-" in texts["rows_negative"]
    assert "Future" in texts["rows_unknown"]


def test_calm_makes_the_next_answer_and_the_next_report_true(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "report_stuck", more_items=1.0, not_a_zip=1.0)
    task = task_of(anna.order_report())
    anna.http.post("/simulator/calm")
    world.clock.advance(seconds=10)

    assert anna.get(f"/sell/feed/v1/inventory_task/{task}").json()["status"] == "COMPLETED"
    assert len(items(anna.changed(START))) == 40
    assert len(rows(unzipped(anna.report()))) == 40


def test_no_spoilt_answer_writes_a_version(anna: Client, world: ManualWorld) -> None:
    before = len(list(world.rows()))
    for switch in ("ack_failure", "xml_bomb", "unknown_xml", "more_items", "huge_xml", "rows_nameless", "not_a_zip"):
        turn_on(world, switch)
        anna.changed(START), anna.report()
        assert present(world.hostility).done[switch] == 1

    assert len(list(world.rows())) == before


def test_times_are_scaled_and_what_ebay_leaves_open_is_the_seeds(world: ManualWorld) -> None:
    worlds = [ManualWorld(now=START) for _ in range(8)]
    for seed, one in enumerate(worlds):
        make_hostile(one, seed, scale=0.1)

    assert {one.switches.listing_late_s for one in worlds} == {9.0}
    assert {one.switches.report_format for one in worlds} == {"zip", "gzip"}
    assert {one.switches.has_more_items for one in worlds} == {True, False}
