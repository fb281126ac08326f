"""Which listings are the Inventory API's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.changes.backing import backed, ended, skus, skus_of

SKU = st.text(min_size=1, max_size=5)
VARIED = {"itemId": "1", "sku": "", "variations": [{"sku": "S"}, {"sku": "M"}]}


@given(data=st.data(), own=st.lists(SKU, min_size=1, unique=True), others=st.sets(SKU))
def test_a_listing_is_backed_exactly_when_all_its_skus_are_known(data: st.DataObject, own: list[str], others: set[str]) -> None:
    listing = {"itemId": "1", "variations": [{"sku": sku} for sku in own]}
    known = others | data.draw(st.sets(st.sampled_from(own)))

    assert backed(listing, known) is (set(own) <= known)


@given(own=st.lists(st.one_of(st.just(""), st.none(), st.just(7), SKU), min_size=1), known=st.sets(SKU))
def test_a_variation_without_a_sku_makes_a_listing_nobodys(own: list[object], known: set[str]) -> None:
    listing = {"itemId": "1", "variations": [{"sku": sku} for sku in own]}

    assert (skus(listing) is None) is any(not isinstance(sku, str) or not sku for sku in own)
    assert not (skus(listing) is None and backed(listing, known))


def test_the_skus_of_the_variations_count_and_not_that_of_the_listing() -> None:
    assert skus(VARIED) == ["S", "M"]
    assert skus({**VARIED, "sku": "ALL"}) == ["S", "M"]
    assert skus({"itemId": "1", "sku": "A", "variations": []}) == ["A"]
    assert skus({"itemId": "1"}) is None


@pytest.mark.parametrize("variations", ["M", [None], ["M"], [{}], 5])
def test_odd_variations_are_nobodys(variations: object) -> None:
    listing = {"itemId": "1", "variations": variations}

    assert not backed(listing, {"M"})


def test_each_sku_is_asked_for_once() -> None:
    assert skus_of([VARIED, {"itemId": "2", "sku": "M"}, {"itemId": "3"}]) == ["S", "M"]


def test_a_listing_is_over_when_ebay_says_so_and_not_when_it_says_something_new() -> None:
    assert [ended({"status": status}) for status in ("Completed", "Ended", "Active", "Paused", None)] == [True, True, False, False, False]
