"""What the tour shows, and how a key goes on. tests/system/test_tour.py takes the whole tour."""

from __future__ import annotations

from typing import cast

import pytest

from demo_stack.demo import tour_text
from demo_stack.demo.keys import PressedKeys
from demo_stack.demo.tour import TourStoppedError, go_on
from demo_stack.demo.tour_text import TourCounts

EVENT = {
    "position": 42,
    "id": "06041fb6-096e-5861-9d9b-533284ff1c84",
    "type": "order.created",
    "seller_id": "anna",
    "sequence": 42,
    "entity_id": "03-96987-13590",
    "version": 1,
    "occurred_at": "2026-12-01T05:10:57.615Z",
    "detected_at": "2026-12-01T05:10:59.115Z",
    "data": {"orderId": "03-96987-13590"},
}
ORDER = {
    "orderId": "03-96987-13590",
    "creationDate": "2026-12-01T05:10:57.615Z",
    "lineItems": [{"quantity": 2, "title": "Canon Camera Lens No. 4"}],
    "pricingSummary": {"total": {"value": "255.84", "currency": "USD"}},
}
HEADERS = {
    "webhook-id": "06041fb6-096e-5861-9d9b-533284ff1c84",
    "webhook-timestamp": "1796101859",
    "webhook-signature": "v1,p2fKQvpqrD2RNiNR+U0dEZC203KYt6uF9mhELvsHpt0=",
}


class GivenKeys:
    there = True

    def __init__(self, *pressed: str) -> None:
        self.left = list(pressed)

    def pressed(self, wait_s: float) -> str:
        return self.left.pop(0)


def test_every_step_fits_a_terminal_of_80_by_24() -> None:
    steps = [
        tour_text.sale(ORDER),
        tour_text.change(EVENT),
        tour_text.webhook(HEADERS, b'{"type":"order.created"}' * 40, "http://127.0.0.1:28051/changes"),
        tour_text.kill(24037, 13, 31, 11),
        tour_text.counted(TourCounts(31, 31, 12_345, 17, 0, 0, 0)),
    ]

    assert max(len(f"   {line}") for lines in steps for line in lines) <= 80
    assert max(map(len, [*tour_text.OPENING, *tour_text.NEXT])) <= 80
    assert max(map(len, steps)) + 5 <= 24  # heading and the line that asks for a key
    assert len(steps) == len(tour_text.HEADINGS)


def test_the_steps_say_what_there_is_to_see() -> None:
    assert "  2 x Canon Camera Lens No. 4" in tour_text.sale(ORDER)
    assert tour_text.change(EVENT)[-1] == "found 1.5 s after the sale."
    assert "20 sales are unknown here, as long as no worker runs." in tour_text.kill(24037, 13, 31, 11)
    assert tour_text.counted(TourCounts(31, 30, 99, 2, 1, 0, 0))[-1] == "1 lost, 0 twice, 0 out of order"
    assert "  2 of them once more, under the same id" in tour_text.counted(TourCounts(31, 30, 99, 2, 1, 0, 0))


def test_a_key_goes_on_q_ends_the_tour_and_without_a_terminal_it_goes_on_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    go_on(cast(PressedKeys, GivenKeys("", "", " ")), "Somebody buys")
    asked = capsys.readouterr().out
    go_on(PressedKeys(there=False), "Somebody buys")

    with pytest.raises(TourStoppedError):
        go_on(cast(PressedKeys, GivenKeys("q")), "Somebody buys")
    assert asked == "\n[any key: somebody buys; q ends the tour]\n"
