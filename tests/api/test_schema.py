"""The API takes whatever its own description allows, and much that it does not, by tokens of every scope: never a 5xx, never a surprise."""

from __future__ import annotations

import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as examples

from domain.scopes import Scope
from simulator import World
from tests.support.examples import times
from tests.support.house import ROOT, Child, House
from tests.support.opening import open_house  # noqa: F401 - a fixture
from tests.support.waiting import PATIENCE_S, eventually_here
from tests.web.site import TOKEN

SHORT = "0.01s"  # nobody waits here
EACH = {Scope.ADMIN: 4, Scope.CONTROL: 2, Scope.READ: 2, Scope.FEED: 1}  # requests of each route, times EXAMPLES
EXPECTED = {Scope.ADMIN: {200, 404, 422}, Scope.CONTROL: {200, 403, 422}, Scope.READ: {200, 403}, Scope.FEED: {403}}


@pytest.fixture(scope="module")
def served(open_house: Callable[..., House]) -> Iterator[tuple[House, Child, str]]:  # noqa: F811
    world = World(seed=37)
    house = open_house(
        world,
        admin_token=TOKEN,
        web_bind="127.0.0.1:0",
        ebay_redirect_name="Some-RuName-abc",
        public_url="https://sellerbeat.example",
        notification_token="n" * 40,
        notification_email="ops@example.com",
        return_origins="https://app.example",
    )
    for seller in ("anna", "bert"):
        house.enroll(seller)
    child = house.child("web", str(ROOT / "web.py"))
    address = eventually_here(lambda: re.search(r"web listens.*?(http://[^\s\"]+)", child.output()))[1]
    yield house, child, address
    assert child.end(signal.SIGTERM) == 0


def described(address: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{address}/v1/openapi.json", timeout=PATIENCE_S).json()
    return answer


@pytest.fixture(scope="module")
def asked(served: tuple[House, Child, str]) -> dict[Scope, Counter[tuple[str, str, int]]]:
    """How often each route answered with which status, by the scope of the token.

    To make requests up costs most, so a token of each scope sends the same ones. Those come first that may do least.
    """
    import requests
    import schemathesis  # here: it takes a second of each process that looks for tests

    house, _, address = served
    end = datetime.now(UTC) + timedelta(hours=1)
    tokens = {
        scope: house.store.api_tokens.create(f"app-{scope}", scope, by="os:test", ebay=True, sellers=[], expires_at=end).token
        for scope in sorted(Scope, key=EACH.__getitem__)
    }
    schema = schemathesis.openapi.from_dict(described(address))
    schema.config.update(base_url=address)
    found: dict[Scope, Counter[tuple[str, str, int]]] = {scope: Counter() for scope in Scope}
    with requests.Session() as session:
        for path, methods in schema.items():
            for method in methods:
                for scope, status in probed(schema[path][method], tokens, session):
                    found[scope][path, method.upper(), status] += 1
    return found


@pytest.mark.parametrize("scope", list(Scope))
def test_no_made_up_request_gets_a_server_error_or_an_answer_that_is_not_described(
    served: tuple[House, Child, str], asked: dict[Scope, Counter[tuple[str, str, int]]], scope: Scope
) -> None:
    routes = {(path, method.upper()) for path, methods in described(served[2])["paths"].items() for method in methods}
    each = Counter[tuple[str, str]]()
    for (path, method, _), count in asked[scope].items():
        each[path, method] += count

    assert each.keys() >= routes
    assert min(each.values()) >= EACH[scope]
    assert {status for _, _, status in asked[scope]} >= EXPECTED[scope]
    assert "Traceback" not in served[1].output()


def probed(operation: Any, tokens: dict[Scope, str], session: Any) -> list[tuple[Scope, int]]:
    """Statuses of the answers to what schemathesis makes up for one route; each is as the description says."""
    from schemathesis import GenerationMode
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    needed, found = Scope(operation.definition.raw["x-scope"]), []
    cases = operation.as_strategy(generation_mode=GenerationMode.POSITIVE) | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    left = {scope: EACH[scope] * times() for scope in tokens}

    @seed(37)
    @examples(  # a red answer names its request; to look for a shorter one would ask the server for minutes
        max_examples=max(left.values()), phases=[Phase.generate], database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=cases)
    def probe(case: Any) -> None:
        if re.fullmatch(r"[\d.]+[smhd]", str((case.query or {}).get("wait", ""))):
            case.query["wait"] = SHORT
        for scope in [one for one, more in left.items() if more]:
            answer = case.call(headers={"Authorization": f"Bearer {tokens[scope]}"}, timeout=PATIENCE_S, session=session)
            left[scope] -= 1
            found.append((scope, answer.status_code))
            if not scope.holds(needed):
                assert answer.status_code in (401, 403), (scope, case.method, case.path, answer.status_code)  # it makes up tokens too
            case.validate_response(answer, checks=checks)

    probe()
    return found


def test_the_command_line_and_the_api_do_the_same(served: tuple[House, Child, str]) -> None:
    """What speaks of sellers, endpoints, alerts and quota; the rest is of the installation itself, where its keys and its database are."""
    from typer.main import get_command

    import starter

    on_the_machine = {"doctor", "erasures", "migrate", "new-key", "notifications check", "restored", "rotate-keys", "watch"}
    by_command = {
        operation["x-command"]: (path, method, operation["x-scope"])
        for path, methods in described(served[2])["paths"].items()
        for method, operation in methods.items()
        if "x-command" in operation
    }

    names = set(_names(get_command(starter.commands())))
    assert names - by_command.keys() == on_the_machine
    assert by_command.keys() - names == set()
    assert len(names) > 35


def _names(command: Any, before: str = "") -> Iterator[str]:
    for name, inner in command.commands.items():
        yield from _names(inner, f"{before}{name} ") if hasattr(inner, "commands") else [before + name]
