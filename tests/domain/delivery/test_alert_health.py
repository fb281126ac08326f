"""What is wrong with the whole is said once it lasts, and that it is over once that lasts: by whoever looks, and not twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.delivery.alert_health import GONE_FOR, LASTING, NEVER_SEEN_FOR, HealthMemory
from domain.health import Finding, HealthPart

BEGIN = datetime(2026, 12, 1, 3, 12, tzinfo=UTC)
WORKER = Finding(HealthPart.WORKER, BEGIN, "no worker is seen", "restart it")
EBAY = Finding(HealthPart.EBAY, BEGIN, "eBay's orders API is down", "nothing")
POSTGRES = Finding(HealthPart.POSTGRES, BEGIN, "Postgres does not answer", "look")
SAID = {"worker": "no worker is seen"}
SECOND = timedelta(seconds=1)


def looked(*looks: tuple[timedelta, list[Finding]]) -> HealthMemory:
    memory = HealthMemory()
    for after, found in looks:
        memory.look(found, BEGIN + after)
    return memory


def test_what_lasts_is_said_and_what_a_deployment_takes_is_not() -> None:
    assert looked((0 * SECOND, [WORKER]), (LASTING - SECOND, [WORKER])).wrong({}) == []
    assert looked((0 * SECOND, [WORKER]), (30 * SECOND, []), (LASTING, [WORKER])).wrong({}) == []
    memory = looked((0 * SECOND, [WORKER]), (LASTING, [WORKER]))
    assert memory.wrong({}) == [WORKER]
    assert memory.wrong(SAID) == []
    assert memory.mended(SAID) == []


def test_what_is_over_is_said_after_a_minute() -> None:
    assert looked((0 * SECOND, [WORKER]), (GONE_FOR - SECOND, [])).mended(SAID) == []
    assert looked((0 * SECOND, [WORKER]), (GONE_FOR, [])).mended(SAID) == ["worker"]
    assert looked((0 * SECOND, [WORKER]), (GONE_FOR, [])).mended({}) == []


def test_who_never_saw_it_calls_it_mended_only_after_a_while() -> None:
    assert HealthMemory().mended(SAID) == []
    assert looked((0 * SECOND, []), (NEVER_SEEN_FOR - SECOND, [])).mended(SAID) == []
    assert looked((0 * SECOND, []), (NEVER_SEEN_FOR, [])).mended(SAID) == ["worker"]


def test_what_is_an_alert_is_said_as_one_and_without_postgres_nothing_is_known_to_be_over() -> None:
    assert looked((0 * SECOND, [EBAY]), (LASTING, [EBAY])).wrong({}) == []
    memory = looked((0 * SECOND, [WORKER]), (LASTING, [POSTGRES]), (2 * LASTING, [POSTGRES]))
    assert memory.wrong({}) == []
    assert memory.mended(SAID) == []
