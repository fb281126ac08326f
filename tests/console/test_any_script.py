"""A list at 60 and at 80 cells, with reasons in Arabic, Chinese and emoji and ids of 100 characters: nothing leaves its frame."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from console.cells import cell
from console.finding import COLUMNS
from console.fleet import listed
from console.output import lines_of

ARABIC = "\u0639\u0637\u0644\u0629 \u062d\u062a\u0649 \u0627\u0644\u0625\u062b\u0646\u064a\u0646"
CHINESE = "\u8fd9\u4e2a\u5356\u5bb6\u6682\u505c\u5230\u661f\u671f\u4e00" * 4
EMOJI = "\U0001f334 holiday \U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea"
TURNED = "\u202egnorw\u202c \u2066left\u2069 \x1b[31mred"
REASONS = {"anna": ARABIC, "bert": CHINESE, "carl": EMOJI, "dora": TURNED, "x" * 100: f"{ARABIC} {CHINESE} {EMOJI}"}


def rows() -> list[dict[str, Any]]:
    shared = {"last_poll_at": "2026-11-30T12:00:00Z", "next_poll_at": None, "changes_24h": 1234, "mode": "polling", "speed_up": None}
    return [
        {
            "seller_id": seller,
            "state": "paused",
            "reason": reason,
            "paused": {"reason": reason, "until": None, "by": "os:\u0639\u0644\u064a", "since": None},
            **shared,
        }
        for seller, reason in REASONS.items()
    ]


@pytest.mark.parametrize("width", ["60", "80"])
def test_no_line_of_a_list_leaves_the_screen_but_an_id_that_stands_whole(monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)

    lines = listed(rows(), None)

    assert [line for line in lines if cell_len(line) > int(width)] == [line for line in lines if "x" * 100 in line]
    assert sum("x" * 100 in line for line in lines) == 1
    for reason in (ARABIC, EMOJI):
        assert {*reason.split()} <= {word.strip(";:") for line in lines for word in line.split()}
    assert "".join("".join(lines).split()).count(CHINESE) == 2
    assert not set("".join(lines)) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x1b")


@pytest.mark.parametrize("width", ["60", "80"])
def test_what_is_found_fits_too(monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    same = {"kind": "inventory", "found_by": "SKU", "changed_at": "2026-11-30T12:00:00Z", "state": None}
    skus = {"anna": "\u0642\u0645\u064a\u0635-7", "bert": "\U0001f9e6\U0001f4da", "x" * 100: "SKU-1"}
    found = [{"entity_id": sku, "seller_id": seller, "value": sku, **same} for seller, sku in skus.items()]

    lines = lines_of(found, COLUMNS)

    assert [line for line in lines if cell_len(line) > int(width)] == [line for line in lines if "x" * 100 in line]
    assert all(any(cell("entity_id", row["entity_id"]) in line for line in lines) for row in found)
