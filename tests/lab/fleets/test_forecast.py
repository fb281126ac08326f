"""What `quota --plan` says of so many sellers is what they then get."""

import pytest

from domain.pacing import Facts, Freshness, PacingSettings, SellerPace, forecast
from lab.fleets.fleet import Shape, SyntheticFleet, fleet
from lab.fleets.loop import FleetLoop
from lab.fleets.ours import Ours
from lab.fleets.score import Score


class Watched(Ours):
    """Remembers what is known of the fleet when the scored days begin."""

    known: list[tuple[SellerPace, Facts]]

    def new_day(self, now: float) -> None:
        super().new_day(now)
        if self.day == self.fleet.shape.warm_days:
            self.known = [(pace, self.facts[number]) for number, pace in self.paces.items()]


def both(made: SyntheticFleet) -> tuple[Freshness, Score]:
    policy, shape = Watched(made, PacingSettings()), made.shape
    score = FleetLoop(made, policy).play()
    others = policy.others + 0.2 * shape.sellers
    said = forecast(policy.known, shape.sellers, shape.quota, shape.start, PacingSettings(), policy.prior, policy.curve, others)
    return said, score


@pytest.mark.parametrize(("sellers", "quota"), [(200, 8_300), pytest.param(600, 25_000, marks=pytest.mark.repeats)])
def test_the_forecast_agrees_with_the_days_that_follow_where_the_quota_decides(sellers: int, quota: int) -> None:
    """One fleet's two days have a noise of a twentieth, so two are taken together."""
    pairs = [both(fleet(Shape(f"{sellers}", sellers, quota, 2, warm_days=2), seed)) for seed in (1, 2)]

    assert sum(said.mean_s for said, _ in pairs) == pytest.approx(sum(came.mean for _, came in pairs), rel=0.1)
    assert sum(said.p95_s for said, _ in pairs) == pytest.approx(sum(came.p95 for _, came in pairs), rel=0.1)
    assert all(came.longest <= said.longest_s + 120 for said, came in pairs)


@pytest.mark.parametrize(("days", "warm_days"), [(2, 1), pytest.param(6, 3, marks=pytest.mark.repeats)])
def test_the_forecast_agrees_where_the_quota_pays_for_every_cadence(days: int, warm_days: int) -> None:
    said, came = both(fleet(Shape("100", 100, 60_000, days, warm_days=warm_days), 2))

    assert said.level.full
    assert said.mean_s == pytest.approx(came.mean, rel=0.1)
    assert said.p95_s == pytest.approx(came.p95, rel=0.15)
    assert said.calls_desired / 60_000 == pytest.approx(came.used, abs=0.05)
