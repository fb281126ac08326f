"""Alerts to people as they are sent by real processes: by a worker, and by web.py where there is no worker and no Temporal to ask."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable

import pytest

from simulator import World
from store.schema.kinds import AlertKind
from tests.support.house import ROOT, House
from tests.support.mailboxes import MailServerThread
from tests.support.receivers import Receiver
from tests.support.waiting import eventually_here


@pytest.mark.parametrize("program", ["worker", "web"])
def test_each_process_writes_of_an_alert_by_itself(open_house: Callable[..., House], program: str) -> None:
    with Receiver() as receiver, MailServerThread() as server:
        smtp = f"smtp://ops%40example.com:canary@127.0.0.1:{server.port}?starttls=off"
        house = open_house(World(seed=7), delivery_networks="127.0.0.1:1024-65535", smtp_url=smtp, web_bind="127.0.0.1:0")
        for kind, address in (("chat", receiver.url), ("mail", "ops@example.com")):
            assert house.command("endpoint", "add", address, "--kind", kind).code == 0
        child = house.worker() if program == "worker" else house.child("web", str(ROOT / "web.py"))
        house.store.open_alert(AlertKind.QUOTA_HIGH, "more than 90 % of the day's calls are used", about="example")

        eventually_here(lambda: receiver.posts and server.letters)

        assert child.end(signal.SIGTERM) == 0
    assert json.loads(receiver.posts[0].body)["text"].startswith("Open: a day's calls are nearly used up (example) since ")
    assert server.letters[0]["Subject"].startswith("[Sellerbeat] Open: a day's calls are nearly used up (example)")
    assert (len(receiver.posts), len(server.letters)) == (1, 1)
    assert "canary" not in child.output()
