"""Trading as strict as eBay's: headers, tokens, ranges, pages, and what each call shows of a listing."""

from datetime import timedelta
from xml.etree.ElementTree import Element

import pytest

from simulator.state.accounts import FULFILLMENT
from tests.simulator.conftest import START, Client, items, stamp, trading_error, xml
from tests.support.manual_world import ManualWorld
from tests.support.present import present

HOUR = timedelta(hours=1)
NUMBERS = "<Pagination><EntriesPerPage>{}</EntriesPerPage><PageNumber>{}</PageNumber></Pagination>"
PAGE = f"<ActiveList><Include>true</Include>{NUMBERS}</ActiveList>"
SHIRT = [{"sku": "T&S", "specifics": {"Size": 'S "small"'}, "quantity": 2}, {"specifics": {"Size": "M"}, "quantity": 3}]


@pytest.fixture(autouse=True)
def at_once(world: ManualWorld) -> None:
    world.switches.listing_late = 0.0


def figures(item: Element) -> tuple[str | None, ...]:
    return tuple(item.findtext(name) for name in ("Quantity", "SellingStatus/QuantitySold", "SellingStatus/ListingStatus"))


def test_an_answer_is_xml_in_ebays_namespace_with_the_worlds_time(anna: Client, world: ManualWorld) -> None:
    answer = anna.trading("GetItem", f"<ItemID>{world.list_item('anna')}</ItemID>")

    assert answer.headers["content-type"].startswith("text/xml")
    assert '<GetItemResponse xmlns="urn:ebay:apis:eBLBaseComponents">' in answer.text
    assert xml(answer).findtext("Timestamp") == stamp(START)
    assert trading_error(answer) == (200, "Success", 0)


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"iaf_token": None}, 931),
        ({"iaf_token": "v^1.1#nobody"}, 21916984),
        ({"call_name": None}, 2),
        ({"call_name": "GetOrders"}, 2),
        ({"compatibility_level": None}, 10012),
        ({"compatibility_level": "new"}, 10012),
        ({"siteid": None}, 10012),
        ({"siteid": "US"}, 10012),
    ],
)
def test_wrong_headers_are_failures_with_status_200(anna: Client, header: dict[str, str | None], code: int) -> None:
    assert trading_error(anna.trading("GetItem", "<ItemID>1</ItemID>", **header)) == (200, "Failure", code)


def test_an_expired_token_is_not_a_revoked_one_and_the_applications_is_none(anna: Client, world: ManualWorld) -> None:
    application = anna.post_token({"grant_type": "client_credentials"}).json()["access_token"]
    world.clock.advance(hours=3)
    expired = trading_error(anna.trading("GetItem", "<ItemID>1</ItemID>"))
    world.accounts.revoke("anna")

    assert expired == (200, "Failure", 21917053)
    assert trading_error(anna.trading("GetItem", "<ItemID>1</ItemID>")) == (200, "Failure", 932)
    assert trading_error(anna.trading("GetItem", "<ItemID>1</ItemID>", iaf_token=application)) == (200, "Failure", 21916984)


@pytest.mark.parametrize("body", ["", "<GetItemRequest>", "<!DOCTYPE a [<!ENTITY b 'c'>]><GetItemRequest/>", "<GetItemRequest/>", "{}"])
def test_a_body_that_is_no_such_request_is_a_parse_error(anna: Client, body: str) -> None:
    headers = {"X-EBAY-API-CALL-NAME": "GetItem", "X-EBAY-API-COMPATIBILITY-LEVEL": "1", "X-EBAY-API-SITEID": "0"}

    answer = anna.http.post("/ws/api.dll", content=body, headers={**headers, "X-EBAY-API-IAF-TOKEN": anna.access})

    assert trading_error(answer) == (200, "Failure", 5)


def test_any_user_token_may_ask_whatever_its_scopes(anna: Client, world: ManualWorld) -> None:
    token = anna.token(world.accounts.renew("anna", [FULFILLMENT[1]])).json()["access_token"]

    assert trading_error(anna.trading("GetMyeBaySelling", iaf_token=token)) == (200, "Success", 0)


def test_the_daily_limit_is_518_and_the_whole_application_shares_it(anna: Client, world: ManualWorld) -> None:
    world.quotas.limits["trading"] = 2
    answers = [trading_error(anna.trading(call, "<ItemID>1</ItemID>")) for call in ("GetItem", "GetMyeBaySelling", "GetItem")]
    anna.access = anna.post_token({"grant_type": "client_credentials"}).json()["access_token"]

    (limits,) = anna.get("/developer/analytics/v1_beta/rate_limit/", api_context="tradingapi").json()["rateLimits"]

    assert answers == [(200, "Failure", 17), (200, "Success", 0), (200, "Failure", 518)]
    assert limits["apiName"] == "TradingAPI"
    pools = {one["name"]: (one["rates"][0]["count"], one["rates"][0]["remaining"]) for one in limits["resources"]}
    assert pools == dict.fromkeys(("TradingAPI", "GetItem", "GetMyeBaySelling", "GetSellerEvents"), (2, 0))
    assert (world.calls["anna", "trading"], [one.call for one in world.requests][-3]) == (3, "GetItem")


def test_an_internal_error_comes_as_a_failure(anna: Client, world: ManualWorld) -> None:
    world.faults.fail_every, world.faults.fail_resource = 1, "trading"

    assert trading_error(anna.trading("GetMyeBaySelling")) == (200, "Failure", 10007)


# GetItem


def test_get_item_shows_all_of_a_listing(anna: Client, world: ManualWorld) -> None:
    item = world.list_item("anna", title="Lamp & <shade>", price="15.00", variations=SHIRT)
    world.sell("anna", item, 2, variation=1)

    (shown,) = xml(anna.trading("GetItem", f"<ItemID>{item}</ItemID>")).findall("Item")

    assert (shown.findtext("Title"), shown.find("SKU"), figures(shown)) == ("Lamp & <shade>", None, ("5", "2", "Active"))
    assert (shown.findtext("SellingStatus/CurrentPrice"), present(shown.find("StartPrice")).attrib) == ("15.0", {"currencyID": "USD"})
    rows = shown.findall("Variations/Variation")
    assert [(row.findtext("SKU"), *figures(row)[:2]) for row in rows] == [("T&S", "2", "0"), (None, "3", "2")]
    assert [row.findtext("VariationSpecifics/NameValueList/Value") for row in rows] == ['S "small"', "M"]


def test_an_ended_item_is_shown_for_90_days_and_anothers_never(anna: Client, world: ManualWorld) -> None:
    item, other = world.list_item("anna"), world.list_item("bert")
    world.end_listing("anna", item)
    shown = xml(anna.trading("GetItem", f"<ItemID>{item}</ItemID>"))
    world.clock.advance(days=91)
    anna.access = anna.token(world.refresh_token("anna")).json()["access_token"]

    assert figures(present(shown.find("Item")))[2] == "Completed"
    assert shown.findtext("Item/ListingDetails/EndTime") == stamp(START)
    for gone in (item, other, "1"):
        assert trading_error(anna.trading("GetItem", f"<ItemID>{gone}</ItemID>")) == (200, "Failure", 17)
    assert trading_error(anna.trading("GetItem", "")) == (200, "Failure", 37)


# GetSellerEvents


def test_events_are_the_items_changed_in_a_range_as_they_are_now(anna: Client, world: ManualWorld) -> None:
    unchanged, moved, ended = (world.list_item("anna", quantity=3) for _ in range(3))
    world.clock.advance(hours=1)
    world.sell("anna", moved)
    world.end_listing("anna", ended)
    early, late = items(anna.changed(START, START + HOUR / 2)), items(anna.changed(START + HOUR / 2))

    assert set(early) == {unchanged}
    assert {item: figures(shown) for item, shown in late.items()} == {moved: ("3", "1", "Active"), ended: ("3", "0", "Completed")}
    assert set(items(anna.changed(START, START))) == {unchanged}  # both ends are in the range
    assert late[moved].find("StartPrice") is None
    assert xml(anna.changed(START)).findtext("TimeTo") == stamp(START + HOUR)


def test_items_that_do_not_show_yet_are_no_events_yet(anna: Client, world: ManualWorld) -> None:
    item = world.list_item("anna", visible_at=START + timedelta(seconds=80))
    first = items(anna.changed(START))
    world.clock.advance(seconds=80)

    assert (first, set(items(anna.changed(START, START)))) == ({}, {item})


def test_specifics_come_for_variations_without_a_sku_unless_all_are_asked_for(anna: Client, world: ManualWorld) -> None:
    item = world.list_item("anna", variations=SHIRT)

    answers = [anna.changed(START, None, more) for more in ("", "<IncludeVariationSpecifics>true</IncludeVariationSpecifics>")]

    rows = [[row.find("VariationSpecifics") is not None for row in items(answer)[item].iter("Variation")] for answer in answers]
    assert rows == [[False, True], [True, True]]
    hidden = items(anna.changed(START, None, "<HideVariations>true</HideVariations>"))[item]
    assert hidden.find("Variations") is None


@pytest.mark.parametrize(
    ("since", "until", "code"),
    [(-48, 0, 0), (-49, 0, 37), (-49, -2, 37), (0, -1, 37), (-1, 5, 0), (1, None, 37)],
)
def test_a_range_has_two_days_at_most_and_ends_after_its_start(anna: Client, since: int, until: int | None, code: int) -> None:
    answer = anna.changed(START + since * HOUR, None if until is None else START + until * HOUR)

    assert trading_error(answer) == (200, "Failure" if code else "Success", code)


@pytest.mark.parametrize(
    "inside",
    [
        "",
        "<ModTimeFrom>yesterday</ModTimeFrom>",
        f"<ModTimeTo>{stamp(START)}</ModTimeTo>",
        f"<ModTimeFrom>{stamp(START)}</ModTimeFrom><StartTimeFrom>{stamp(START)}</StartTimeFrom>",
    ],
)
def test_exactly_one_range_is_needed(anna: Client, inside: str) -> None:
    assert trading_error(anna.trading("GetSellerEvents", inside)) == (200, "Failure", 37)


def test_ranges_by_start_and_by_end_count_too(anna: Client, world: ManualWorld) -> None:
    started, ended = world.list_item("anna"), world.list_item("anna")
    world.clock.advance(hours=1)
    world.end_listing("anna", ended)

    by_start = items(anna.trading("GetSellerEvents", f"<StartTimeFrom>{stamp(START)}</StartTimeFrom>"))
    by_end = items(anna.trading("GetSellerEvents", f"<EndTimeFrom>{stamp(START)}</EndTimeFrom>"))

    assert (set(by_start), set(by_end)) == ({started, ended}, {ended})


def test_three_thousand_items_are_the_most_and_the_rest_is_missing(anna: Client, world: ManualWorld) -> None:
    world.preload_listings("anna", 3_001)

    answer = anna.changed(START)

    assert len(items(answer)) == 3_000
    assert xml(answer).findtext("HasMoreItems") == "true"


@pytest.mark.parametrize(("says_so", "more"), [(True, "true"), (False, None)])
def test_it_is_less_with_all_details_and_whether_the_answer_says_so_is_a_switch(
    anna: Client, world: ManualWorld, says_so: bool, more: str | None
) -> None:
    world.switches.events_limit, world.switches.has_more_items = 30, says_so
    world.preload_listings("anna", 31)

    plain, whole = anna.changed(START), anna.changed(START, None, "<DetailLevel>ReturnAll</DetailLevel>")

    assert [len(items(answer)) for answer in (plain, whole)] == [30, 20]
    assert {xml(answer).findtext("HasMoreItems") for answer in (plain, whole)} == {more}


# GetMyeBaySelling


def test_active_listings_come_by_pages(anna: Client, world: ManualWorld) -> None:
    world.preload_listings("anna", 45)
    world.end_listing("anna", world.item_ids("anna")[7])
    world.list_item("bert")

    pages = [anna.trading("GetMyeBaySelling", PAGE.format(20, page)) for page in (1, 2, 3, 4)]

    assert [len(items(page)) for page in pages] == [20, 20, 4, 0]
    assert set().union(*map(items, pages)) == set(world.item_ids("anna"))
    counts = present(xml(pages[0]).find("ActiveList/PaginationResult"))
    assert (counts.findtext("TotalNumberOfPages"), counts.findtext("TotalNumberOfEntries")) == ("3", "44")
    assert xml(pages[3]).find("ActiveList") is None


def test_a_page_shows_what_is_available_but_not_what_was_sold(anna: Client, world: ManualWorld) -> None:
    item = world.list_item("anna", quantity=5)
    world.sell("anna", item, 2)

    (shown,) = items(anna.trading("GetMyeBaySelling", PAGE.format(200, 1))).values()

    assert (figures(shown), shown.findtext("QuantityAvailable")) == (("5", None, None), "3")


@pytest.mark.parametrize("wrong", ["<EntriesPerPage>200</EntriesPerPage>", "<Pagination><EntriesPerPage>200</EntriesPerPage></Pagination>"])
def test_a_page_size_in_the_wrong_place_is_passed_over_in_silence(anna: Client, world: ManualWorld, wrong: str) -> None:
    world.preload_listings("anna", 30)
    misplaced = (
        f"<ActiveList>{wrong}</ActiveList>" if wrong.startswith("<Entries") else f"<ActiveList><Include>true</Include></ActiveList>{wrong}"
    )

    assert len(items(anna.trading("GetMyeBaySelling", misplaced))) == 25


@pytest.mark.parametrize(("size", "page"), [(201, 1), (0, 1), ("all", 1), (10, 0)])
def test_wrong_page_numbers_are_refused(anna: Client, size: int | str, page: int) -> None:
    assert trading_error(anna.trading("GetMyeBaySelling", PAGE.format(size, page))) == (200, "Failure", 37)


def test_getuser_tells_who_asks_by_a_name_that_may_change_and_an_id_that_does_not(anna: Client, world: ManualWorld) -> None:
    before = xml(anna.trading("GetUser")).find("User")
    world.accounts.usernames["anna"] = "anna-and-daughters"
    after = xml(anna.trading("GetUser")).find("User")

    assert before is not None
    assert after is not None
    assert [user.findtext("UserID") for user in (before, after)] == ["anna", "anna-and-daughters"]
    assert before.findtext("EIASToken") == after.findtext("EIASToken") == world.accounts.eias_token("anna")
    assert trading_error(anna.trading("GetUser", "<UserID>bert</UserID>"))[1] == "Failure"


def test_another_account_may_be_behind_a_sellers_consent(anna: Client, world: ManualWorld) -> None:
    world.add_seller("carla")
    world.place_order("anna")
    world.accounts.usernames["carla"] = "carla-1"
    order = world.place_order("carla")

    anna.access = anna.token(world.accounts.lend("anna", "carla")).json()["access_token"]

    assert xml(anna.trading("GetUser")).findtext("User/UserID") == "carla-1"
    assert anna.get("/commerce/identity/v1/user/").json()["userId"] == world.accounts.user_id("carla")
    assert [one["sellerId"] for one in anna.get(f"/sell/fulfillment/v1/order?orderIds={order}").json()["orders"]] == ["carla-1"]
    assert world.accounts.owner(world.refresh_token("anna")) == "carla"
