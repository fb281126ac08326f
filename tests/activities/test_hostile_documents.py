"""Documents that break parsers and databases are recorded or set aside; a buyer in them shows nowhere else."""

from __future__ import annotations

import json
import logging
import traceback

import pytest
from temporalio.converter import default

from domain.pacing import Stream
from tests.support.rig import Rig

CANARY = "Canary-Buyer-4711"


def test_nul_surrogates_nan_and_1e400_are_recorded_and_nothing_behind_them_waits(anna: Rig) -> None:
    def spoil(text: str) -> str:
        document = json.loads(text)
        document["lineItems"][0]["title"] = "NUL:@ lone:@@"
        spoilt = json.dumps(document).replace("NUL:@ lone:@@", "NUL:\\u0000 lone:\\ud800")
        return spoilt[:-1] + ', "odd": NaN, "huge": 1e400, "long": ' + "9" * 5000 + "}"

    malformed = anna.world.place_order("anna", raw=spoil)
    plain = anna.world.place_order("anna")
    anna.advance(minutes=5)

    result = anna.poll("anna")

    stored = anna.stored("anna")
    assert set(stored) == {malformed, plain}
    assert result.changes == 2
    assert stored[malformed]["set_aside"] is None
    assert stored[malformed]["data"]["lineItems"][0]["title"] == "NUL:\\u0000 lone:\\ud800"
    assert stored[malformed]["data"]["odd"] == "NaN"
    assert anna.store.set_aside() == []


def test_an_order_nested_too_deeply_to_be_read_is_recorded_and_nothing_beside_it_waits(anna: Rig) -> None:
    deep = anna.world.place_order("anna", raw=lambda text: text[:-1] + f', "deep": {"[" * 4000}{"]" * 4000}}}')
    plain = anna.world.place_order("anna")
    anna.advance(minutes=5)

    result = anna.poll("anna")

    assert set(anna.stored("anna")) == {deep, plain}
    assert result.changes == 2
    anna.advance(minutes=1)
    assert anna.poll("anna").changes == 0


def test_a_document_without_an_id_is_set_aside_with_an_alert_and_the_rest_goes_on(anna: Rig) -> None:
    anna.world.place_order("anna", raw=lambda text: text.replace('"orderId"', '"orderNumber"'))
    good = anna.world.place_order("anna")
    anna.advance(minutes=5)

    anna.poll("anna")

    assert {row["entity_id"] for row in anna.store.snapshot("anna", "orders") if row["set_aside"] is None} == {good}
    [aside] = anna.store.set_aside()
    assert aside["reason"] == "no id"
    assert "alert.opened" in anna.types("anna")
    assert "order.created" in anna.types("anna")


def test_an_order_that_has_no_id_when_it_is_read_alone_is_set_aside_and_holds_up_no_parcels(anna: Rig) -> None:
    cancelled, shipped = anna.world.place_order("anna"), anna.world.place_order("anna")
    anna.world.cancel("anna", cancelled, "CANCEL_REQUESTED")
    anna.world.ship("anna", shipped)
    anna.advance(minutes=5)
    anna.poll("anna")
    anna.world.modify("anna", cancelled, raw=lambda text: text.replace('"orderId"', '"orderNumber"'))

    anna.poll("anna", Stream.FULFILLMENT)

    assert {aside["reason"] for aside in anna.store.set_aside()} == {"no id"}
    assert len(anna.stored("anna", "fulfillments")) == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace('"orderId"', '"orderNumber"'),  # has no id
        lambda text: "[" * 50 + json.dumps(CANARY) + "]" * 50,  # is no object
        lambda text: text[:-1] + f', "deep": {"[" * 4000}{"]" * 4000}}}',  # too deep for Python
        lambda text: text[:-20],  # is cut off
    ],
)
def test_a_buyer_in_a_document_that_cannot_be_read_is_in_no_failure_result_or_log(
    anna: Rig, spoil: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def with_canary(text: str) -> str:
        document = json.loads(text)
        document["buyer"]["username"] = CANARY
        return spoil(json.dumps(document))  # type: ignore[operator, no-any-return]

    anna.world.place_order("anna", raw=with_canary)
    anna.advance(minutes=5)

    try:
        reported = anna.poll("anna").model_dump_json()
    except Exception as error:
        failure = default().failure_converter
        from temporalio.api.failure.v1 import Failure

        proto = Failure()
        failure.to_failure(error, default().payload_converter, proto)
        reported = str(proto) + "".join(traceback.format_exception(error))

    assert CANARY not in reported
    assert CANARY not in caplog.text


def test_a_bug_is_told_by_its_place_and_not_by_its_text(anna: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    import activities.polling.orders

    def break_down(*_: object, **__: object) -> None:
        raise ValueError(f"invalid literal: {CANARY}")

    monkeypatch.setattr(activities.polling.orders, "changed_since", break_down)

    with pytest.raises(Exception, match="ValueError in") as error:
        anna.step("anna")

    assert type(error.value).__name__ == "UnexpectedError"
    assert CANARY not in "".join(traceback.format_exception(error.value))
