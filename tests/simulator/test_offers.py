import pytest

from simulator.state.accounts import FULFILLMENT, INVENTORY
from tests.simulator.conftest import Client, Code
from tests.support.manual_world import ManualWorld

OFFERS = "/sell/inventory/v1/offer"


@pytest.fixture(autouse=True)
def at_once(world: ManualWorld) -> None:
    world.switches.listing_late = 0.0


def test_a_listed_sku_has_a_published_offer_with_the_listings_price(anna: Client, world: ManualWorld) -> None:
    world.add_sku("anna", "a/b c", 5)
    item = world.list_item("anna", sku="a/b c", price="7.50")
    world.sell("anna", item, 2)

    page = anna.get(OFFERS, sku="a/b c").json()

    (offer,) = page["offers"]
    assert (page["total"], page["limit"], page["href"]) == (1, 100, f"{OFFERS}?sku=a%2Fb+c&limit=100&offset=0")
    assert (offer["sku"], offer["status"], offer["marketplaceId"], offer["availableQuantity"]) == ("a/b c", "PUBLISHED", "EBAY_US", 3)
    assert offer["pricingSummary"] == {"price": {"value": "7.5", "currency": "USD"}}
    assert offer["listing"] == {"listingId": item, "listingStatus": "ACTIVE", "soldQuantity": 2}
    assert anna.get(f"{OFFERS}/{offer['offerId']}").json() == offer


def test_an_offer_follows_its_listing(anna: Client, world: ManualWorld) -> None:
    world.add_sku("anna", "S-1", 5)
    item = world.list_item("anna", sku="S-1")
    world.out_of_stock("anna", item)
    world.revise("anna", item, price="1.00")

    (offer,) = anna.get(OFFERS, sku="S-1").json()["offers"]

    assert (offer["listing"]["listingStatus"], offer["availableQuantity"], offer["pricingSummary"]["price"]["value"]) == (
        "OUT_OF_STOCK",
        0,
        "1.0",
    )


def test_an_offer_without_a_listing_is_not_published(anna: Client, world: ManualWorld) -> None:
    world.add_sku("anna", "S-1", 5)

    (offer,) = anna.get(OFFERS, sku="S-1").json()["offers"]

    assert (offer["status"], "listing" in offer) == ("UNPUBLISHED", False)


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({}, (400, 25709)),
        ({"sku": "x" * 51}, (400, 25709)),
        ({"sku": "S-1", "limit": 101}, (400, 25706)),
        ({"sku": "S-1", "limit": "all"}, (400, 25709)),
        ({"sku": "nowhere"}, (404, 25713)),
        ({"sku": "S-1", "format": "AUCTION"}, (404, 25713)),
        ({"sku": "S-1", "marketplace_id": "EBAY_DE"}, (404, 25713)),
    ],
)
def test_wrong_questions_are_refused(
    anna: Client, world: ManualWorld, code: Code, params: dict[str, object], error: tuple[int, int]
) -> None:
    world.add_sku("anna", "S-1", 5)

    assert code(anna.get(OFFERS, **params)) == error


@pytest.mark.parametrize(("number", "error"), [("1", (404, 25713)), ("first", (400, 25709))])
def test_an_offer_that_is_not_there_is_not_found(anna: Client, code: Code, number: str, error: tuple[int, int]) -> None:
    assert code(anna.get(f"{OFFERS}/{number}")) == error


def test_sellers_see_their_own_offers_with_the_right_to_read_stock(anna: Client, world: ManualWorld, code: Code) -> None:
    world.add_sku("bert", "B-1", 5)
    assert code(anna.get(OFFERS, sku="B-1")) == (404, 25713)
    anna.access = anna.token(world.refresh_token("bert"), scope=INVENTORY[1]).json()["access_token"]
    assert anna.get(OFFERS, sku="B-1").status_code == 200
    anna.access = anna.token(world.refresh_token("bert"), scope=FULFILLMENT[1]).json()["access_token"]

    assert code(anna.get(OFFERS, sku="B-1")) == (403, 1100)


@pytest.mark.parametrize(("bucket", "spent"), [("inventory_item", (1, 0)), ("offer", (0, 1))])
def test_offers_are_counted_alone_and_their_quota_is_a_switch(
    anna: Client, world: ManualWorld, bucket: str, spent: tuple[int, int]
) -> None:
    world.switches.offers_quota = bucket
    anna.get(OFFERS, sku="S-1")

    assert world.calls["anna", "offer"] == 1
    assert (world.quotas.used["inventory_item"], world.quotas.used["offer"]) == spent
