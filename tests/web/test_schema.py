"""The API takes whatever its own description allows, and much that it does not, without a 5xx."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as examples

from simulator import World
from tests.support.house import ROOT, House
from tests.support.opening import open_house  # noqa: F401 - a fixture
from tests.support.waiting import eventually_here
from tests.web.site import TOKEN

SHORT = "0.01s"  # nobody waits here


def test_no_request_that_schemathesis_makes_up_is_answered_with_a_server_error(open_house: Callable[..., House]) -> None:  # noqa: F811
    import schemathesis  # here: it takes a second of each process that looks for tests
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error

    house = open_house(World(seed=37), admin_token=TOKEN, web_bind="127.0.0.1:0")
    child = house.child("web", str(ROOT / "web.py"))
    address = eventually_here(lambda: re.search(r"web listens.*?(http://[^\s\"]+)", child.output()))[1]
    schema = schemathesis.openapi.from_url(f"{address}/v1/openapi.json", headers={"Authorization": f"Bearer {TOKEN}"})
    asked = []

    operation = schema["/v1/changes"]["GET"]
    cases = operation.as_strategy(generation_mode=GenerationMode.POSITIVE) | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @examples(max_examples=60, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=cases)
    def probe(case: schemathesis.Case[Any]) -> None:
        if re.fullmatch(r"[\d.]+[smhd]", str((case.query or {}).get("wait", ""))):
            case.query["wait"] = SHORT
        answer = case.call(headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
        asked.append(answer.status_code)
        case.validate_response(answer, checks=[not_a_server_error])

    probe()

    assert {200, 422} <= set(asked)
    assert len(asked) >= 40
    assert child.end(signal.SIGTERM) == 0
