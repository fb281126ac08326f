"""Parcels: matched by content, ids given once and never reused."""

import copy
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.changes.model import Change, Detection, Document, Stored
from domain.changes.parcels import detect_parcels, fulfillment_id
from tests.domain.changes.documents import NOW, OBJECTS, held, nested, parcel, spoiled


class StoredParcels:
    """The parcels of order `o-1` as the store holds them, after one reading or several."""

    def __init__(self) -> None:
        self.stored: dict[str, Stored] = {}
        self.versions: dict[str, list[int]] = {}

    def read(self, *fetched: Document) -> list[Change]:
        changes = self.detect(*fetched).changes
        for change in changes:
            self.stored[change.entity_id] = held(change.data, change.version, change.entity_id, change.removed)
            self.versions.setdefault(change.entity_id, []).append(change.version)
        return changes

    def detect(self, *fetched: Document) -> Detection:
        return detect_parcels("o-1", copy.deepcopy(list(fetched)), list(self.stored.values()), NOW)

    def alive(self) -> dict[str, Document | None]:
        return {known.entity_id: known.data for known in self.stored.values() if not known.removed}


def reported(changes: list[Change]) -> list[tuple[str, str, int]]:
    """(type without its kind, entity without its order, version) of each change."""
    return [(change.types[0].partition(".")[2], change.entity_id.partition("/")[2], change.version) for change in changes]


def test_a_parcel_is_created_when_it_was_shipped() -> None:
    [change] = StoredParcels().read(parcel())

    assert (change.entity_id, change.version, change.types) == ("o-1/9405", 1, ("fulfillment.created",))
    assert (change.data, change.changed, change.previous) == (parcel(), (), {})
    assert change.occurred_at == datetime(2026, 6, 19, 10, tzinfo=UTC)


@pytest.mark.parametrize("shipped", [None, "", "soon", 7, {}])
def test_a_parcel_without_a_readable_date_is_dated_now(shipped: Any) -> None:
    [change] = StoredParcels().read(parcel(shippedDate=shipped))

    assert change.occurred_at == NOW


def test_parcels_that_come_again_in_any_order_are_duplicates() -> None:
    stored_parcels = StoredParcels()
    stored_parcels.read(parcel("9405"), parcel("999", (2,)), parcel("999", (3,)))

    assert stored_parcels.detect(parcel("999", (3,)), parcel("9405"), parcel("999", (2,))) == Detection(duplicates=3)


def test_the_order_of_a_parcels_lines_is_not_content() -> None:
    stored_parcels = StoredParcels()
    stored_parcels.read(parcel(lines=(1, 2)))

    assert stored_parcels.read(parcel(lines=(2, 1))) == []


def test_parcels_that_share_an_id_are_numbered() -> None:
    changes = StoredParcels().read(parcel("999", (1,)), parcel("999", (2,)), parcel("999", (3,)))

    assert reported(changes) == [("created", "999", 1), ("created", "999#2", 1), ("created", "999#3", 1)]


def test_two_parcels_of_equal_content_are_two() -> None:
    stored_parcels = StoredParcels()
    stored_parcels.read(parcel("999"))

    assert reported(stored_parcels.read(parcel("999"), parcel("999"))) == [("created", "999#2", 1)]
    assert reported(stored_parcels.read(parcel("999"))) == [("removed", "999#2", 2)]


def test_a_number_does_not_depend_on_the_order_of_the_answer() -> None:
    parcels = [parcel("999", (number,), shippedDate=f"2026-06-19T0{5 - number // 2}:00:00.000Z") for number in range(6)]
    shelves = []
    for seed in range(10):
        stored_parcels = StoredParcels()
        stored_parcels.read(*random.Random(seed).sample(parcels, 6))
        shelves.append(stored_parcels.alive())

    assert all(stored_parcels == shelves[0] for stored_parcels in shelves)
    assert shelves[0]["o-1/999"]["shippedDate"] == "2026-06-19T03:00:00.000Z"  # type: ignore[index]


@pytest.mark.parametrize(
    ("fields", "changed"),
    [
        ({"shippingCarrierCode": "UPS"}, ("shippingCarrierCode",)),
        ({"lines": (1, 2)}, ("lineItems",)),
        ({"shippedDate": "2026-06-19T11:00:00.000Z"}, ("shippedDate",)),
        ({"shippingCarrierCode": "UPS", "lines": (2,), "shippedDate": None}, ("lineItems", "shippedDate", "shippingCarrierCode")),
    ],
)
def test_a_changed_parcel_with_its_id_is_an_update(fields: Any, changed: tuple[str, ...]) -> None:
    stored_parcels = StoredParcels()
    stored_parcels.read(parcel())

    [change] = stored_parcels.read(parcel(**fields))

    assert reported([change]) == [("updated", "9405", 2)]
    assert change.changed == changed
    assert change.previous == {name: parcel()[name] for name in changed}


def test_a_corrected_tracking_number_is_a_removal_and_a_creation() -> None:
    stored_parcels = StoredParcels()
    stored_parcels.read(parcel("999"))

    changes = stored_parcels.read(parcel("9405"))

    assert reported(changes) == [("removed", "999", 2), ("created", "9405", 1)]
    assert (changes[0].data, changes[0].removed, changes[1].removed) == (parcel("999"), True, False)


def test_a_parcel_keeps_its_number_when_the_first_one_gets_its_tracking() -> None:
    stored_parcels = StoredParcels()
    stored_parcels.read(parcel("999", (1,)), parcel("999", (2,)))

    changes = stored_parcels.read(parcel("9405", (1,)), parcel("999", (2,)))

    assert reported(changes) == [("removed", "999", 2), ("created", "9405", 1)]
    assert stored_parcels.alive() == {"o-1/999#2": parcel("999", (2,)), "o-1/9405": parcel("9405", (1,))}


def test_a_number_is_never_given_again() -> None:
    stored_parcels = StoredParcels()
    stored_parcels.read(parcel("999", (1,)), parcel("999", (2,)))
    stored_parcels.read()

    assert reported(stored_parcels.read(parcel("999", (3,)))) == [("created", "999#3", 1)]


def test_a_removed_parcel_that_shows_up_again_is_the_same_one() -> None:
    stored_parcels = StoredParcels()
    stored_parcels.read(parcel("999", (1,)), parcel("999", (2,)))
    stored_parcels.read(parcel("999", (1,)))

    assert reported(stored_parcels.read(parcel("999", (1,)), parcel("999", (2,)))) == [("created", "999#2", 3)]


def test_of_parcels_with_one_id_the_one_with_the_same_lines_is_updated() -> None:
    stored_parcels = StoredParcels()
    stored_parcels.read(parcel("999", (1,)), parcel("999", (2,)))

    changes = stored_parcels.read(parcel("999", (2,), shippingCarrierCode="UPS"), parcel("999", (1,), shippingCarrierCode="DHL"))

    assert [
        (change.entity_id, change.changed, change.data["shippingCarrierCode"]) for change in sorted(changes, key=lambda c: c.entity_id)
    ] == [
        ("o-1/999", ("shippingCarrierCode",), "DHL"),
        ("o-1/999#2", ("shippingCarrierCode",), "UPS"),
    ]


def test_of_parcels_with_one_id_and_other_lines_the_one_of_the_same_date_is_updated() -> None:
    stored_parcels = StoredParcels()
    early, late = "2026-06-19T01:00:00.000Z", "2026-06-19T02:00:00.000Z"
    stored_parcels.read(parcel("999", (1,), shippedDate=early), parcel("999", (2,), shippedDate=late))

    changes = stored_parcels.read(parcel("999", (3,), shippedDate=late))

    assert reported(changes) == [("removed", "999", 2), ("updated", "999#2", 2)]


def test_a_tracking_number_that_looks_like_a_numbered_one_gets_an_id_of_its_own() -> None:
    stored_parcels = StoredParcels()

    stored_parcels.read(parcel("999", (1,)), parcel("999", (2,)))
    stored_parcels.read(parcel("999", (1,)), parcel("999", (2,)), parcel("999#2", (3,)))

    assert sorted(stored_parcels.alive()) == ["o-1/999", "o-1/999#2", "o-1/999#2#2"]


@pytest.mark.parametrize("document", [None, 7, {}, {"fulfillmentId": ""}, {"fulfillmentId": 999}])
def test_what_has_no_id_has_no_fulfillment_id(document: Any) -> None:
    assert fulfillment_id(document) is None


IDS = st.sampled_from(["999", "9405", "999#2"])
PARCELS = st.builds(
    parcel, IDS, st.sampled_from([(1,), (2,), (1, 2), ()]), shippingCarrierCode=st.sampled_from(["USPS", "UPS"]), shippedDate=st.none()
)
ANY = st.builds(lambda document, own: {**document, "fulfillmentId": own}, OBJECTS | spoiled(parcel()), IDS)


@given(st.lists(st.lists(PARCELS | ANY, max_size=5), max_size=5))
def test_whatever_is_read_the_shelf_holds_it_under_ids_of_one_parcel_each(readings: list[list[Document]]) -> None:
    stored_parcels = StoredParcels()
    for reading in readings:
        changes = stored_parcels.read(*reading)

        assert len({change.entity_id for change in changes}) == len(changes)
        assert len(stored_parcels.alive()) == len(reading)
        assert stored_parcels.detect(*reading) == Detection(duplicates=len(reading))
        assert stored_parcels.detect(*reversed(reading)) == Detection(duplicates=len(reading))
    assert all(versions == list(range(1, len(versions) + 1)) for versions in stored_parcels.versions.values())


def test_thousands_of_parcels_with_one_id_take_no_time() -> None:
    parcels = [parcel("999", (number % 50,), shippingCarrierCode=str(number)) for number in range(2000)]
    stored_parcels = StoredParcels()

    stored_parcels.read(*parcels)

    assert len(stored_parcels.alive()) == 2000
    assert stored_parcels.read(*parcels[::-1]) == []


def test_nesting_of_any_depth_is_compared() -> None:
    known = [Stored("o-1/9405", 1, parcel(lineItems=nested(5_000)), None)]

    assert detect_parcels("o-1", [parcel(lineItems=nested(5_000))], known, NOW) == Detection(duplicates=1)
    assert reported(detect_parcels("o-1", [parcel(lineItems=nested(5_000, end=2))], known, NOW).changes) == [("updated", "9405", 2)]
