"""The receiver in JavaScript of docs/how-to/deliver.md, as it is written there."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.deliveries.conftest import client, hand, rooms_store, store  # noqa: F401 - fixtures
from tests.deliveries.hand import Hand
from tests.deliveries.test_how_to import code, receive


def test_the_receiver_in_javascript_takes_each_change_once_and_refuses_a_forgery(hand: Hand, tmp_path: Path) -> None:  # noqa: F811
    node = shutil.which("node")
    assert node, "Node is missing: apt-get install nodejs"

    assert receive(hand, tmp_path, [node, "receiver.mjs"], code("javascript")) == ["order.created o-0", "order.created o-1"]
