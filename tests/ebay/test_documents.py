"""Whatever eBay sends as JSON becomes something that JSONB can hold, and nothing else changes."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebay.documents import DEEPEST, parse
from ebay.errors import BadAnswerError


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (rb'{"title": "a\u0000b"}', {"title": r"a\u0000b"}),
        (b'{"title": "a\x00b"}', {"title": r"a\u0000b"}),
        (rb'{"title": "\ud800 alone"}', {"title": r"\ud800 alone"}),
        (rb'{"title": "\udc00\ud83d"}', {"title": r"\udc00\ud83d"}),
        (rb'{"title": "\ud83d\ude00"}', {"title": "😀"}),
        (rb'{"\u0000": {"deep": ["\u0000", {"\ud800": 1}]}}', {r"\u0000": {"deep": [r"\u0000", {r"\ud800": 1}]}}),
        (b'{"title": "\xff"}', {"title": r"\udcff"}),
        (b'{"n": NaN, "i": Infinity, "j": -Infinity}', {"n": "NaN", "i": "Infinity", "j": "-Infinity"}),
        (b'{"n": 1e400, "m": -1e400}', {"n": "1e400", "m": "-1e400"}),
        (b'{"n": ' + b"9" * 5000 + b"}", {"n": "9" * 5000}),
        (b'{"n": 12, "f": 1.5, "line": "a\nb"}', {"n": 12, "f": 1.5, "line": "a\nb"}),
        (b"\xef\xbb\xbf{}", {}),
    ],
)
def test_what_jsonb_refuses_is_kept_as_text(body: bytes, value: object) -> None:
    assert parse(body) == value


@pytest.mark.parametrize("body", [b"", b"<html>secret</html>", b'{"orders": [{"secret', b"{} {}", b"[" * 100_000])
def test_no_json_is_a_bad_answer_that_tells_nothing_of_it(body: bytes) -> None:
    with pytest.raises(BadAnswerError) as caught:
        parse(body)

    assert str(caught.value) == "eBay's answer is no JSON"


@pytest.mark.parametrize("inner", [b"1", rb'"] \" \\"', b'"\xff]"', b'[{"a": [1, "}"]}, {}]'])
def test_what_is_nested_too_deeply_is_kept_as_text_and_all_beside_it_as_it_is(inner: bytes) -> None:
    levels = 50_000
    body = b'{"total": 2, "orders": [' + b"[" * levels + inner + b"]" * levels + rb', {"orderId": "1 ]\"", "n": [[2]]}]}'

    value = parse(body)

    assert (value["total"], value["orders"][1]) == (2, {"orderId": '1 ]"', "n": [[2]]})
    node, depth = value["orders"], 2
    while isinstance(node, list):
        node, depth = node[0], depth + 1
    assert depth == DEEPEST
    assert node == "[" * (levels + 3 - DEEPEST) + inner.decode(errors="surrogateescape").replace("\udcff", r"\udcff") + "]" * (
        levels + 3 - DEEPEST
    )


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec=None)), inner),
    max_leaves=20,
)


def storable(value: object) -> bool:
    if isinstance(value, dict):
        return all(storable(key) and storable(item) for key, item in value.items())
    if isinstance(value, list):
        return all(map(storable, value))
    if isinstance(value, str):
        return "\x00" not in value and value.encode("utf-8", "replace").decode() == value
    return not isinstance(value, float) or math.isfinite(value)


@given(values, st.booleans())
def test_every_json_text_becomes_storable(value: object, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")

    assert storable(parse(body))


@given(values.filter(storable), st.booleans())
def test_what_is_storable_stays_as_it_is(value: object, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode()

    assert parse(body) == value
