"""A page of the feed that is put together of text is the page, letter for letter."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from store import Store
from store.events.feed_bounds import FeedGoneError
from store.schema.kinds import AlertKind
from tests.store.documents import order, store_orders
from tests.support.examples import examples

TEXTS = some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**70), 2**70) | TEXTS | some.sampled_from([0.1, 1.0, -2.5e-7, 1e20]),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=examples(25), deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(fields=some.dictionaries(some.text("abcdef", min_size=1, max_size=4), VALUES, max_size=4), name=TEXTS.filter(bool))
def test_a_page_of_text_is_what_the_feed_has(store: Store, fields: dict[str, Any], name: str) -> None:
    store_orders(store, order(f"o-{name}", **fields))
    store.open_alert(AlertKind.KEYS_REFUSED, f"eBay refuses {name}")
    for after in (0, max(0, store.feed.last() - 3)):
        page, (events, bounds) = store.feed.written(after, 1000), store.feed.page(after, 1000)

        assert json.loads(page.text) == events
        assert list(json.loads(page.text)[0]) == list(events[0])
        assert (page.events, page.next, page.bounds, page.complete) == (len(events), events[-1]["position"], bounds, True)


def test_an_empty_page_and_a_position_beyond_the_end(own_store: Store) -> None:
    last = own_store.feed.last()

    assert own_store.feed.written(last, 10)[:3] == ("[]", 0, last)
    with pytest.raises(FeedGoneError):
        own_store.feed.written(2**40, 10)
