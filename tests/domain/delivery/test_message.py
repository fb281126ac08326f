"""A message has the change as it is, or says where it is."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.delivery import LARGE, compose

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


def event(data: Any) -> dict[str, Any]:
    return {"id": "i-1", "position": 41, "type": "order.updated", "occurred_at": "2026-06-18T12:00:00.000Z", "previous": {}, "data": data}


@given(VALUES, st.booleans())
def test_what_is_small_goes_whole_whatever_it_holds(data: Any, thin: bool) -> None:
    message = compose(event(data), thin)
    content = json.loads(message.body)

    assert (message.id, message.thin) == ("i-1", False)
    assert content == {"type": "order.updated", "timestamp": "2026-06-18T12:00:00.000Z", "data": event(data)}


@given(st.integers(-300, 300), st.sampled_from(["x", "\N{SNOWMAN}"]))
def test_what_is_above_20_kb_goes_thin_where_that_is_wished(more: int, letter: str) -> None:
    shell = len(compose(event(""), thin=True).body.encode())
    data = letter * ((LARGE - shell + more) // len(letter.encode()))
    whole, message = compose(event(data), thin=False), compose(event(data), thin=True)

    assert message.thin is (len(whole.body.encode()) > LARGE)
    if message.thin:
        assert json.loads(message.body)["data"] == {
            "id": "i-1", "position": 41, "type": "order.updated", "occurred_at": "2026-06-18T12:00:00.000Z",
            "thin": True, "feed": "/v1/changes?after=40&limit=1",
        }  # fmt: skip
    else:
        assert message == whole
