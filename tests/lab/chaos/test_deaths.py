"""In short what `make chaos` does at length: workers that die where it hurts, and servers that die with them."""

from __future__ import annotations

from collections.abc import Callable

from lab.chaos.crashing_worker import child
from lab.chaos.deployment import Deployment
from lab.chaos.matrix import Matrix
from lab.chaos.points import FULFILLMENT, ORDERS, POINTS, WORKFLOW, Cell
from simulator import World
from tests.support.forked import PRELOADED
from tests.support.house import House

CADENCE = {"orders_every": "5s", "fulfillment_every": "10s", "inventory_every": "10s", "order_overlap": "10s"}
CELLS = [
    Cell(point, stream, point)
    for point, stream in (
        ("before-events", FULFILLMENT),
        ("before-commit", ORDERS),
        ("after-commit", ORDERS),
        ("token-stored", ORDERS),
        ("signal", WORKFLOW),
        ("continue-as-new", WORKFLOW),
    )
]


def opened(open_house: Callable[..., House], seed: int, **settings: str) -> Deployment:
    return Deployment(open_house(World(seed=seed), **settings))


def test_a_worker_that_dies_at_any_point_loses_nothing_and_records_nothing_twice(open_house: Callable[..., House]) -> None:
    matrix = Matrix(opened(open_house, 41, **CADENCE), CELLS, rounds=1, seed=41)
    matrix.run()

    rows, whole = matrix.verdicts()

    assert {cell: kills for cell, kills, _ in rows} == dict.fromkeys(CELLS, 1)
    assert whole.ok, (whole, whole.examples)
    assert whole.changes > 50
    matrix.deployment.close()


def test_workers_are_forked_from_a_server_that_has_their_modules_loaded() -> None:
    assert child.__module__ in PRELOADED


def test_every_point_can_be_reached_by_a_stream_and_is_described() -> None:
    assert len(POINTS) >= 12
    assert all(streams and words for streams, words in POINTS.values())
