"""`--keep`: what a part showed, told and found is there to look into, most of all where the part fails."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from lab.chaos.__main__ import PARTS, part
from lab.chaos.artifacts import TABLES
from lab.chaos.deployment import deployment
from lab.chaos.report import ChaosReport
from simulator import World

ORDERS = 12  # more than the examples that a report shows


class Unpolled:
    """A part in which no worker ever starts, so that only the enrolment is told, and which ends with a dead Postgres before its verdict."""

    @staticmethod
    def run(report: ChaosReport, seed: int, keep: Path | None = None) -> None:
        world = World(seed=seed)
        world.add_seller("anna")
        with deployment(world, keep) as (here, servers):
            here.enroll(["anna"])
            for _ in range(ORDERS):
                world.place_order("anna")
            servers.kill("postgres")
            raise TimeoutError("nobody polls")


def read(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_part_that_fails_leaves_its_ledger_its_rows_and_every_finding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(PARTS, "unpolled", Unpolled)

    failures = part("unpolled", argparse.Namespace(seed=7, keep=tmp_path, rounds=None, points=[], streams=[], minutes=None, write=None))

    saved = tmp_path / "unpolled"
    assert failures == ["nobody polls"]
    assert read(saved / "failures.jsonl") == [{"failure": "nobody polls"}]
    orders = {row["entity_id"] for row in read(saved / "ledger.jsonl") if row["kind"] == "order"}
    assert len(orders) == ORDERS
    counts, *findings = read(saved / "verdict.jsonl")
    assert (counts["ok"], counts["settled"], counts["lost"], counts["changes"]) == (False, False, ORDERS, 0)
    assert {one["finding"] for one in findings} == {f"lost: order anna/{order}: no event" for order in orders}
    assert [event["type"] for event in read(saved / "events.jsonl")] == ["seller.connected"]
    assert [row["stream"] for row in read(saved / "streams.jsonl")]
    assert all((saved / f"{table}.jsonl").exists() for table in TABLES)
