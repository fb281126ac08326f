"""What holds for listings whatever is read, in whatever order."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.changes.listings import differs, gone
from domain.changes.model import Document, Stored
from tests.domain.changes.documents import JSON, NOW, spoiled
from tests.domain.changes.listing_documents import OWN, VARIATIONS, detect, held, listing, reported, row, variation

SIZES = st.sampled_from(["S", "M", "L", "XL"])
COUNTS = st.integers(-2, 5)
FULL = st.builds(
    lambda available, sizes, more: listing(
        available, **more, **({"variations": [variation(*one) for one in sizes.items()]} if sizes else {})
    ),
    COUNTS,
    st.dictionaries(SIZES, COUNTS, max_size=3),
    st.fixed_dictionaries({}, optional={"title": st.sampled_from(["A", "B"]), "sku": st.sampled_from(["X", "Y"])}),
)
PART = st.builds(
    lambda available, sizes, more: row(available, **more, **({"variations": [reported(*one) for one in sizes.items()]} if sizes else {})),
    COUNTS,
    st.dictionaries(SIZES, COUNTS, max_size=3),
    st.fixed_dictionaries({}, optional={"sku": st.sampled_from(["X", "Y"])}),
).map(lambda document: {name: value for name, value in document.items() if value is not None})
WILD = spoiled(listing(variations=VARIATIONS)).map(lambda document: {**document, "itemId": "1101"})


@given(st.lists(FULL | PART | WILD | st.none(), max_size=8))
def test_versions_have_no_gap_whatever_comes(readings: list[Document | None]) -> None:
    stored: dict[str, Stored] = {}
    versions = []

    for reading in readings:
        if reading is None and OWN in stored and not stored[OWN].removed:
            changes = [gone(stored[OWN], NOW)]
        else:
            changes = detect(reading, stored).changes if reading else []
        for change in changes:
            versions.append(change.version)
            stored = {OWN: Stored(OWN, change.version, change.data, None, change.removed)}
            assert set(change.previous) == set(change.changed)

    assert versions == list(range(1, len(versions) + 1))


@given(FULL | WILD, PART | WILD)
def test_what_was_read_once_is_no_change_when_it_is_read_again(old: Document, new: Document) -> None:
    stored = held(old)

    for change in detect(new, stored).changes:
        stored = held(change.data)

    assert detect(new, stored).changes == []


def names(document: Document) -> set[Any]:
    found: set[Any] = set(document)
    for place, one in enumerate(document.get("variations", [])):
        found |= {(place, name) for name in one}
    return found


@given(FULL, st.lists(PART, max_size=4))
def test_a_part_of_a_listing_never_erases_anything(old: Document, parts: list[Document]) -> None:
    document = old

    for part in parts:
        for change in detect(part, held(document)).changes:
            assert names(document) <= names(change.data)
            assert {**change.data, **part, "variations": 0} == {**change.data, "variations": 0}
            document = change.data

    assert (document["title"], document["status"], document["quantity"]) == (old["title"], old["status"], old["quantity"])


@given(FULL, PART)
def test_a_row_that_changes_the_listing_differs_from_it(old: Document, part: Document) -> None:
    if detect(part, held(old)).changes:
        assert differs(part, old)
    assert not differs(old, old)


@given(JSON)
def test_anything_at_all_in_the_place_of_variations_is_borne(value: Any) -> None:
    malformed = listing(variations=value)

    detect(malformed, held(listing(variations=VARIATIONS)))
    detect(row(variations=value), held(listing(variations=VARIATIONS)))
    differs(row(variations=[reported()]), malformed)
