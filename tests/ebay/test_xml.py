"""XML from outside: read as a stream, never trusted, and a broken character does not cost the answer."""

import tracemalloc
from collections import deque
from collections.abc import Collection
from itertools import chain, repeat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebay.errors import BadAnswerError
from ebay.xml import Node, pieces, records


def read(xml: str | bytes, awaited: Collection[str] = ("Item",), inside: Collection[str] = ()) -> list[Node]:
    body = xml.encode() if isinstance(xml, str) else xml
    return list(records(pieces(body), awaited, inside))


def texts(xml: str | bytes) -> list[str]:
    return [node.text for node in read(xml)]


def test_elements_are_found_by_their_local_names_wherever_they_stand() -> None:
    nodes = read('<e:A xmlns:e="urn:x"><e:New><e:Item><e:SKU>1</e:SKU></e:Item></e:New><Item n="2">b<SKU/></Item></e:A>')

    assert [(node.value("SKU"), node.parents, node.attributes) for node in nodes] == [("1", ("A", "New"), {}), (None, ("A",), {"n": "2"})]


def test_an_element_inside_one_of_its_name_is_a_part_of_it() -> None:
    [outer] = read("<A><Item><Item>inner</Item></Item></A>")

    assert outer.value("Item") == "inner"


def test_an_element_becomes_xml_again_for_people() -> None:
    [node] = read("<A xmlns='urn:x'><Item>\n <SKU a='&quot;'>x &lt; y</SKU>\n <Empty/></Item></A>")

    assert node.raw() == "<Item><SKU a='\"'>x &lt; y</SKU><Empty></Empty></Item>"


@pytest.mark.parametrize("xml", [
    "", " ", "no XML", "{}", "<html><body>Service Unavailable<br></body></html>", "<!DOCTYPE html><html></html>",
    '<!DOCTYPE a [<!ENTITY x "y">]><a><Item>&x;</Item></a>',
    '<!DOCTYPE a [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]><a><Item>&c;</Item></a>',
    '<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><Item>&x;</Item></a>',
    "<a><Item>1</Item>", "<a><Item>1</Ite", "<a><Item>&undeclared;</Item></a>", "<a/><a/>", "<a><b></a></b>",
    '<?xml version="1.0" encoding="UTF-16"?><a><Item>\x00</Item>'.encode("utf-16"),
])  # fmt: skip
def test_what_is_no_plain_xml_is_a_bad_answer(xml: str) -> None:
    with pytest.raises(BadAnswerError, match="is no XML that can be read"):
        read(xml)


@pytest.mark.parametrize("xml", [
    "<a>" * 65 + "</a>" * 65, "<Item>" + "<a>" * 64, "<Item>" + "<a/>" * 50_001 + "</Item>", "<Item>" + "a" * (4 * 2**20 + 1) + "</Item>",
    "<Item><!--" + "a" * (5 * 2**20), "<Item a='" + "a" * (5 * 2**20),
], ids=["deep", "deep inside", "many", "long", "comment", "attribute"])  # fmt: skip
def test_a_part_beyond_any_listing_is_refused_before_it_fills_the_memory(xml: str) -> None:
    with pytest.raises(BadAnswerError, match="too large"):
        read(xml)


def test_an_endless_answer_takes_the_memory_of_one_element() -> None:
    endless = chain([b"<a>"], repeat(b"<Item><SKU>1</SKU></Item>\n" * 100 + b"<New>and more</New>", 200))
    tracemalloc.start()

    with pytest.raises(BadAnswerError):
        deque(records(endless, ("Item",)), maxlen=0)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 700_000


def test_elements_before_a_break_are_given() -> None:
    nodes = records([b"<a><Item>1</Item>", b"<Item>2</Item><b>", b"</c>"], ("Item",))

    assert [next(nodes).text, next(nodes).text] == ["1", "2"]
    with pytest.raises(BadAnswerError):
        next(nodes)


def test_another_xml_is_not_taken_for_an_empty_one() -> None:
    assert read("<Bulk><Report/></Bulk>", inside={"Report"}) == []
    with pytest.raises(BadAnswerError, match="not the one asked for"):
        read("<Bulk><Other/></Bulk>", inside={"Report"})


@pytest.mark.parametrize(("written", "text"), [
    (b"a\x01b\x00\x1f", r"a\u0001b\u0000\u001f"), (b"caf\xe9", r"caf\xe9"), (b"&#1;&#x0;", r"\u0001\u0000"), (b"&#xD83D;", r"\ud83d"),
    (b"&#xD83D;&#xDE00;", "😀"), (b"&#55357;&#56832;", "😀"), (b"&#x1F600;", "😀"), (b"&#65;&amp;&#38;&lt;", "A&&<"),
    (b"&#x110000;", r"\u110000"),
    (b"\xed\xa0\xbd", r"\xed\xa0\xbd"), (b"\xef\xbf\xbf", r"\uffff"), (b"<![CDATA[a & b]]>", "a & b"), ("ä 😀".encode(), "ä 😀"),
])  # fmt: skip
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_broken_character_costs_that_character_alone(written: bytes, text: str, size: int) -> None:
    body = b"\xef\xbb\xbf<a><Item>" + written + b"</Item></a>"

    [node] = records([body[place : place + size] for place in range(0, len(body), size)], ("Item",))

    assert node.text == text


def test_an_old_encoding_that_is_declared_is_read() -> None:
    assert texts('<?xml version="1.0" encoding="ISO-8859-1"?><a><Item>café</Item></a>'.encode("latin-1")) == ["café"]


@given(st.binary(max_size=60), st.integers(1, 5))
def test_any_bytes_at_all_are_read_or_refused(junk: bytes, size: int) -> None:
    body = b"<a><Item>" + junk + b"</Item></a>"

    try:
        nodes = list(records([body[place : place + size] for place in range(0, len(body), size)], ("Item",)))
    except BadAnswerError:
        nodes = []

    for node in nodes:
        assert "\x00" not in node.raw()
        node.raw().encode()


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.integers(1, 7))
def test_any_text_comes_through_in_any_pieces(text: str, size: int) -> None:
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace("\r", "&#13;").replace("]]>", "]]&gt;")
    body = f"<a><Item>{safe}</Item></a>".encode()

    [node] = records([body[place : place + size] for place in range(0, len(body), size)], ("Item",))

    forbidden = {chr(code) for code in (*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF)}
    assert node.text == "".join(f"\\u{ord(one):04x}" if one in forbidden else one for one in text)
