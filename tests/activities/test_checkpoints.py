"""Where a read goes on: there and back as JSON, out of every version's shapes, and into what the version before reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from activities.polling.checkpoint import Checkpoint
from activities.polling.checkpoints import (
    BackfillCheckpoint,
    FulfillmentCheckpoint,
    InventoryCheckpoint,
    InventoryScan,
    KnownRows,
    ListingsCheckpoint,
    OffersCheckpoint,
    OrdersCheckpoint,
    SweepCheckpoint,
)
from activities.polling.report_checkpoint import ReportCheckpoint
from tests.activities.any_checkpoint import BUILT, CHECKPOINTS, WORDS, stored
from tests.activities.checkpoint_shapes import ALWAYS, BEFORE, NEVER_NULL, NOON, OLDER, ONE, ONLY, TOGETHER, TWO, Shape

MODELS = (
    OrdersCheckpoint, BackfillCheckpoint, FulfillmentCheckpoint, InventoryCheckpoint, ListingsCheckpoint, OffersCheckpoint, SweepCheckpoint,
    ReportCheckpoint,
)  # fmt: skip
ANY = st.sampled_from(sorted(CHECKPOINTS)).flatmap(CHECKPOINTS.__getitem__)
NAMES = st.sampled_from(["scan", "limit", "from", "sku", "place", "x"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS
JSON = st.recursive(
    LEAVES | st.sampled_from(["2026-03-01T12:00:00.000Z", "0001-01-01"]),
    lambda some: st.lists(some, max_size=4) | st.dictionaries(NAMES, some, max_size=4),
    max_leaves=9,
)


def is_empty(checkpoint: Checkpoint) -> bool:
    """Of which nothing is to be stored."""
    return checkpoint in (OrdersCheckpoint(), InventoryCheckpoint(), ListingsCheckpoint())


@given(ANY)
def test_a_checkpoint_survives_json_there_and_back(checkpoint: Checkpoint) -> None:
    if is_empty(checkpoint):
        assert stored(checkpoint) is None
    else:
        assert type(checkpoint).read(stored(checkpoint)) == checkpoint


@pytest.mark.parametrize("model", [*MODELS, InventoryScan, KnownRows], ids=lambda model: model.__name__)
def test_every_field_is_tried_and_none_is_added_where_earlier_versions_refuse_it(model: type[Checkpoint]) -> None:
    keys = {field.alias or name for name, field in model.model_fields.items()}

    assert BUILT[model] == model.model_fields.keys()
    assert keys <= ONLY.get(model, keys)


@pytest.mark.parametrize("shape", OLDER + BEFORE, ids=lambda shape: shape.name)
def test_what_an_earlier_version_wrote_is_read_as_what_it_meant(shape: Shape) -> None:
    assert type(shape.meant).read(shape.stored) == shape.meant


@pytest.mark.parametrize("shape", BEFORE, ids=lambda shape: shape.name)
def test_what_is_written_is_what_the_version_before_wrote(shape: Shape) -> None:
    """But for what it takes for absent: a null, an empty list, a default; and for how a time is spelled."""
    assert as_read(stored(shape.meant)) == as_read(shape.stored)


DEFAULTS = {"phase": "ask", "unread": 0, "skus": True}


def as_read(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: as_read(one) for name, one in value.items() if one not in (None, []) and DEFAULTS.get(name) != one}
    if isinstance(value, list):
        return [as_read(one) for one in value]
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return value


@given(ANY)
def test_the_version_before_finds_each_key_that_it_asks_for_and_no_null_in_place_of_a_value(checkpoint: Checkpoint) -> None:
    found = stored(checkpoint)
    for model, part in ((type(checkpoint), found), *parts_of(checkpoint, found)):
        if isinstance(part, dict):
            assert {name: part[name] for name, kind in ALWAYS.get(model, {}).items() if not isinstance(part[name], kind)} == {}
            assert [name for name, value in part.items() if value is None and name in NEVER_NULL] == []
            assert [name for name, other in TOGETHER.items() if part.get(name) and name != "from" and other not in part] == []
            assert part.keys() <= ONLY.get(model, part.keys())
    if isinstance(checkpoint, ListingsCheckpoint) and found:
        assert ("from" in found) is ("width_s" in found)
    if isinstance(checkpoint, ReportCheckpoint):
        assert found.get("phase", "ask") in ("ask", "wait", "meet", "compare", "pages", "items", "absent", "judge")


def parts_of(checkpoint: Checkpoint, found: Any) -> Iterator[tuple[type[Checkpoint], Any]]:
    if isinstance(checkpoint, InventoryCheckpoint) and found:
        yield (InventoryScan, found) if checkpoint.scan else (KnownRows, found["limit"])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
@given(garbage=JSON)
def test_what_no_version_wrote_is_never_an_error(model: type[Checkpoint], garbage: Any) -> None:
    found = model.read(garbage)

    assert found is None or (isinstance(found, model) and model.read(stored(found)) in (found, None))


@pytest.mark.parametrize("shape", BEFORE, ids=lambda shape: shape.name)
@given(garbage=JSON, data=st.data())
def test_one_value_that_makes_no_sense_is_never_an_error(shape: Shape, garbage: Any, data: st.DataObject) -> None:
    broken = json.loads(json.dumps(shape.stored))
    at = data.draw(st.sampled_from(sorted(broken) if isinstance(broken, dict) else range(len(broken))))
    broken[at] = garbage

    found = type(shape.meant).read(broken)

    assert found is None or isinstance(found, type(shape.meant))


@pytest.mark.parametrize(
    ("model", "garbage"),
    [
        (OrdersCheckpoint, ["2026-03-01T12:00:00.000Z", "soon", "2026-03-01T14:00:00.000Z"]),  # what lies between would not be read
        (FulfillmentCheckpoint, {"scan": 7, "page": 2, "past": 12}),
        (InventoryCheckpoint, {"scan": 7}),
        (ListingsCheckpoint, {"from": "2026-03-01T12:00:00.000Z"}),
        (OffersCheckpoint, {"sku": 7, "round": 1}),
        (SweepCheckpoint, {"from": "2026-03-01T12:00:00.000Z", "offset": 0}),
        (ReportCheckpoint, {"began_at": "2026-03-01T12:00:00Z", "first": True, "behind": True, "scan": 7, "phase": "dream"}),
        (FulfillmentCheckpoint, {"scan": 10**30, "page": 2, "listed": True, "past": 12}),  # Postgres holds no such number
        (SweepCheckpoint, {**BEFORE[12].stored, "to": "0001-01-01T00:00:00Z"}),  # a month before it is no time
    ],
)
def test_what_cannot_be_gone_on_from_begins_anew(model: type[Checkpoint], garbage: Any, caplog: pytest.LogCaptureFixture) -> None:
    assert model.read(garbage) is None

    [said] = caplog.records
    assert (said.getMessage(), said.__dict__["checkpoint"]) == ("a checkpoint cannot be read: what it was for begins anew", model.__name__)


@pytest.mark.parametrize("limit", [None, 7, [], "x", {}, {"width_s": "wide"}, {"width_s": -1, "proven": True}, {"width_s": 1e300}])
def test_a_width_that_makes_no_sense_is_none_and_spoils_nothing_else(limit: object) -> None:
    assert ListingsCheckpoint.read({"from": "2026-03-01T12:00:00.000Z", "width_s": 900, "limit": limit}) == ListingsCheckpoint(
        read_to=NOON, window=timedelta(minutes=15)
    )


@pytest.mark.parametrize("name", ["fulfillment, of three months", "inventory, a page", "sweep, begun"])
def test_what_a_later_version_added_travels_along(name: str) -> None:
    shape = next(one for one in BEFORE if one.name == name)
    later = {**shape.stored, "later": {"a": [1]}}

    found = type(shape.meant).read(later)

    assert found is not None
    assert stored(found)["later"] == {"a": [1]}


def test_a_checkpoint_is_changed_by_its_own_fields_alone() -> None:
    sweep = next(one.meant for one in BEFORE if one.name == "sweep, begun")

    with pytest.raises(TypeError, match="SweepCheckpoint has no mised"):
        sweep.move(mised=1)
    with pytest.raises(ValidationError):
        sweep.missed = 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("windows_read", "pending", "done"), [(False, (), None), (False, (NOON, TWO), 0.0), (False, (ONE, TWO), 0.5), (True, (), 1.0)]
)
def test_a_sweep_says_how_far_its_windows_are(windows_read: bool, pending: tuple[datetime, ...], done: float | None) -> None:
    sweep = next(one.meant for one in BEFORE if one.name == "sweep, begun")

    assert stored(sweep.move(windows_read=windows_read, pending_windows=pending)).get("done") == done
