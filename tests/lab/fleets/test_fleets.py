"""The fleets are what they say, and the policies are judged by what really happens to orders."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from domain.pacing import PacingSettings
from lab.fleets import known
from lab.fleets.__main__ import QUICK, main
from lab.fleets.fleet import DAY, FLEETS, SINCE, Shape, SyntheticFleet, SyntheticSeller, fleet
from lab.fleets.loop import FleetLoop
from lab.fleets.ours import Ours
from lab.fleets.policies import OURS, POLICIES, SPARE
from lab.fleets.table import BEGIN, END

HOUR = 3600.0
SMALL = Shape("small", 40, 4_000, 2, warm_days=1)


def alone(orders: list[float], *, quota: int = 2_000, days: int = 1) -> SyntheticFleet:
    """One seller with these orders (seconds since the start), and nothing to warm up for."""
    shape = Shape("alone", 1, quota, days, warm_days=0)
    hours = [5.0] * 24 * (days + 1)
    return SyntheticFleet(shape, [SyntheticSeller(0, 0.0, False, SINCE, 0, False, hours, [SINCE + at for at in orders])])


class EveryTenMinutes:
    """Polls on and on; with a ledger or without."""

    plan_every_s = math.inf

    def __init__(self, ledger: bool, reserve: int = 0) -> None:
        self.ledger, self.reserve = ledger, reserve
        self.polls: list[float] = []

    def enrol(self, number: int, now: float) -> None: ...

    def plan(self, now: float, used: int) -> None: ...

    def retry_at(self, now: float) -> float | None:
        return now + 60 if self.ledger else None

    def polled(self, number: int, now: float, orders: int) -> float:
        self.polls.append(now)
        return now + 600

    def refused(self, number: int, now: float) -> float:
        return now + 600

    def reserved(self, now: float, used: int) -> int:
        return self.reserve


def test_the_same_seed_gives_the_same_fleet_and_another_one_another() -> None:
    first, again, other = (fleet.__wrapped__(SMALL, seed).sellers for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_sellers_have_the_orders_that_their_rates_say_in_every_kind_of_fleet() -> None:
    for shape in FLEETS.values():
        made = fleet(replace(shape, sellers=200), 3)
        expected = sum(sum(seller.hourly) / 24 for seller in made.sellers)
        orders = sum(len(seller.orders) for seller in made.sellers)

        assert orders == pytest.approx(expected, rel=0.12), shape.name
        assert all(seller.orders == sorted(seller.orders) for seller in made.sellers)
        assert all(at >= seller.enrolled_at for seller in made.sellers for at in seller.orders[:1] if seller.hourly[0] == 0)


def test_a_poll_finds_what_came_before_it_and_the_delay_is_what_lies_between() -> None:
    policy = EveryTenMinutes(ledger=True)

    score = FleetLoop(alone([HOUR, HOUR + 1, 5 * HOUR]), policy).play()

    found = [next(poll for poll in policy.polls if poll >= SINCE + at) - SINCE - at for at in (HOUR, HOUR + 1, 5 * HOUR)]
    assert score.mean == pytest.approx(sum(found) / 3)
    assert (score.orders, score.refused) == (3, 0)
    assert score.longest == pytest.approx(max(found))
    assert score.used == pytest.approx((144 + 3) / 2_000, abs=1 / 2_000)  # one more call for each order's parcel


def test_without_a_ledger_calls_are_refused_and_orders_wait_for_the_reset() -> None:
    score = FleetLoop(alone([10 * HOUR], quota=36), EveryTenMinutes(ledger=False)).play()

    assert score.refused == pytest.approx(144 - 36, abs=1)
    assert score.mean == pytest.approx(14 * HOUR, abs=600)


def test_with_a_ledger_nobody_calls_beyond_the_reserve() -> None:
    policy = EveryTenMinutes(ledger=True, reserve=6)

    score = FleetLoop(alone([10 * HOUR], quota=36), policy).play()

    assert score.refused == 0
    assert score.used == pytest.approx(30 / 36)


def test_polls_known_beforehand_find_orders_after_half_an_interval() -> None:
    orders = [at * 37.7 for at in range(int(DAY / 37.7))]
    made = alone(orders, quota=len(orders) + 144)

    score = known.play(made, known.alike)

    assert score.mean == pytest.approx(300, rel=0.02)
    assert score.longest <= 601


def test_the_least_possible_is_what_the_formula_says() -> None:
    """Two sellers with 4 and 36 orders a day, polled 1 to 3, as the root says: mean = (2 + 6)^2 / (2 * calls * 40) days."""
    shape = Shape("two", 2, 0, 40, warm_days=0)
    sellers = [
        SyntheticSeller(
            number, 0.0, False, SINCE, 0, False, [float(rate)] * 24 * 41, [SINCE + DAY / rate * (each + 0.37) for each in range(40 * rate)]
        )
        for number, rate in enumerate((4, 36))
    ]
    made = SyntheticFleet(replace(shape, quota=40 + 80), sellers)

    score = known.play(made, known.least_possible, slowest=0.0, fastest=math.inf)

    assert score.mean == pytest.approx(64 / (2 * 80 * 40) * DAY, rel=0.05)


def test_a_quick_run_compares_all_policies_and_this_one_is_near_the_least_possible_and_never_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = QUICK
    monkeypatch.setitem(FLEETS, name, replace(FLEETS[name], scored_days=2, warm_days=3))  # of five, and four
    page = tmp_path / "domain.pacing.md"
    page.write_text(f"# Before\n\n{BEGIN}\nold\n{END}\n\nAfter.\n", encoding="utf-8")

    code = main(["--quick", "--processes", "1", "--write", str(page)])

    text = page.read_text(encoding="utf-8")
    means, refused, _, ours, spare = (rows(table) for table in text.split("\n\n| ")[1:])
    assert code == 0
    assert text.startswith(f"# Before\n\n{BEGIN}\nMean delay")
    assert text.endswith(f"|\n{END}\n\nAfter.\n")
    assert text.partition(BEGIN)[2].partition("\n" + END)[0].strip() in capsys.readouterr().out
    assert list(means) == list(POLICIES)
    assert float(means[SPARE][0].partition("(")[2].rstrip(")")) < 1.15
    assert (refused[SPARE], refused[OURS]) == (["0"], ["0"])
    assert all(99 <= float(cells[-1].rstrip("%")) <= 100 for table in (ours, spare) for cells in table.values())


def rows(table: str) -> dict[str, list[str]]:
    lines = [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.splitlines() if "|" in line]
    return {cells[0]: cells[1:] for cells in lines[2:]}


def test_no_awake_seller_waits_longer_than_promised() -> None:
    made = fleet(Shape("promised", 60, 6_000, 1, warm_days=2), 5)

    score = FleetLoop(made, Ours(made, PacingSettings())).play()

    assert score.longest <= HOUR * 1.05 + 120  # a permit may come a minute later


def test_a_fleet_that_does_not_exist_is_a_wrong_usage() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["7 sellers"])

    assert ended.value.code == 2


def test_the_page_on_pacing_names_its_command_and_holds_every_fleet_and_policy() -> None:
    page = (Path(__file__).parents[3] / "docs/explanation/pacing.md").read_text(encoding="utf-8")

    table = page.partition(BEGIN)[2].partition(END)[0]

    assert "make pacing" in page
    assert [name for name in [*POLICIES, *FLEETS] if f"| {name} " not in table] == []
