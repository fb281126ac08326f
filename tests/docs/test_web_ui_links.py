"""docs/how-to/operate.md: the links to Temporal's Web UI ask for what stands beside them, and only for what there is."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from activities.fleet.lost_sellers import RUNNING
from tests.support.rooms import HOUSE
from workflows.attributes import KINDS
from workflows.delivery import Delivery
from workflows.seller_polling import SellerPolling

LINK = re.compile(r"\| `(/namespaces/\S+)` \| `([^`]+)` \|")


def test_the_links_ask_for_what_stands_beside_them_and_there_is() -> None:
    text = (HOUSE / "docs" / "how-to" / "operate.md").read_text(encoding="utf-8")

    found = LINK.findall(text)

    assert len(found) == 3
    assert [parse_qs(urlsplit(link).query)["query"] for link, _ in found] == [[query] for _, query in found]
    assert found[0][1] == RUNNING.replace(" = ", "=").replace("'", '"')  # as the watchdog asks for them
    names = {name for _, query in found for name in re.findall(r"(\w+)!?=", query)}
    assert names <= {"WorkflowType", "ExecutionStatus", *KINDS}
    types = {name for _, query in found for name in re.findall(r'WorkflowType="(\w+)"', query)}
    assert types == {SellerPolling.__name__, Delivery.__name__}
