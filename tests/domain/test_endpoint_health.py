"""Endpoints that take nothing are said with their answers, and an alert of the same is not said beside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.endpoint_health import FailingEndpoint, sentence
from domain.health import findings
from domain.health_facts import AlertFacts, FleetFacts

NOW = datetime(2026, 12, 1, 3, tzinfo=UTC)
SHOP = FailingEndpoint("ep-1", "shop", NOW - timedelta(minutes=5), "refused (500)", NOW)


def test_of_several_the_one_that_fails_for_longest_is_named() -> None:
    assert sentence([SHOP]) == "1 endpoint fails: shop (ep-1), last answer refused (500), next try at 03:00:00 UTC"
    assert sentence([SHOP, SHOP, SHOP]) == "3 endpoints fail: shop (ep-1), last answer refused (500), next try at 03:00:00 UTC; and 2 more"
    assert sentence([FailingEndpoint("ep-2", None, NOW)]) == "1 endpoint fails: ep-2"


def test_an_endpoint_that_fails_is_said_once_also_after_its_alert() -> None:
    alerts = {"endpoint_failing": AlertFacts(1, NOW, ""), "endpoint_off": AlertFacts(1, NOW, "")}

    found = findings(FleetFacts(NOW, failing_endpoints=[SHOP], alerts=alerts))

    assert [one.sentence.partition(":")[0] for one in found] == ["1 endpoint fails", "1 endpoint is off"]
    assert found[0].since == SHOP.since
    assert found[0].runbook == "docs/runbooks/endpoint_failing.md"
