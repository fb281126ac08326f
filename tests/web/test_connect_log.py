"""The secrets of a consent are in no log of the process, in no other table, and in no history."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx

from simulator import World
from tests.support.canary import found
from tests.support.dumps import postgres_columns
from tests.support.histories import raw
from tests.support.house import ROOT, House
from tests.support.waiting import PATIENCE_S, eventually_here
from tests.web.site import TOKEN

TALKATIVE = f"""
import logging, runpy, sys
logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
sys.path.insert(0, {str(ROOT)!r})
runpy.run_path({str(ROOT)!r} + "/web.py", run_name="__main__")
"""


def test_no_code_state_or_token_of_a_consent_is_anywhere_in_clear(open_house: Callable[..., House]) -> None:
    house = open_house(World(seed=47), admin_token=TOKEN, web_bind="127.0.0.1:0", ebay_redirect_name="Ru")
    house.world.add_seller("anna")
    here = {f"SELLERBEAT_EBAY_{name}_URL": house.ebay_url for name in ("AUTH", "APIZ")}
    child = house.child("web", "-c", TALKATIVE, **here)
    address = eventually_here(lambda: re.search(r"web listens.*?(http://[^\s\"]+)", child.output()))[1]
    house.world.accounts.redirects["Ru"] = f"{address}/ebay/connected", f"{address}/ebay/connected"
    link = house.command("connect", "anna", "--json", variables=here).object["url"]
    leads = [httpx.post(link, data={"seller": "anna", "answer": "agree"}, timeout=PATIENCE_S).headers["location"] for _ in range(2)]
    house.world.faults.force(503, leads[0], resource="token")
    house.world.faults.force(400, leads[0], resource="token")
    house.world.faults.force(503, leads[0], resource="user")

    answers = [
        httpx.get(place, timeout=PATIENCE_S).status_code
        for place in (leads[0], leads[0], leads[0], leads[0], leads[1], leads[1] + "x" * 5000)
    ]
    child.end(signal.SIGTERM)

    assert answers == [503, 502, 200, 409, 409, 414]
    secrets = [value for place in leads for name, (value,) in parse_qs(urlsplit(place).query).items() if name != "expires_in"]
    secrets += [*house.world.accounts.grants, *house.world.accounts.access]
    histories = {f"history {number}": raw(history) for number, history in enumerate(house.histories())}
    assert len(secrets) > 5
    assert len(histories) == 1
    log = child.log.read_bytes()
    assert b"seller connected" in log
    assert b"eBay refuses a consent" in log
    assert found(secrets, {"log": log, "out": child.out.read_bytes()} | postgres_columns(house.database) | histories) == []
