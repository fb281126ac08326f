"""The planner's step: every few minutes one level a resource, at which the rest of the day's calls reach for everybody."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from temporalio import activity
from temporalio.common import RetryPolicy

from activities.fleet.overrides import OperatorOverrides
from activities.polling.pace import Pace, pace_of
from activities.quota.counting import QuotaWatch
from domain.pacing import (
    DEFAULT_CURVE,
    FULL,
    Curve,
    Demand,
    Facts,
    Fleet,
    Level,
    PacingSettings,
    Plan,
    PlannedQuota,
    Prior,
    SellerPace,
    Stream,
    demand,
    fleet_prior,
    learn_curve,
    plan,
    unseen_share,
    weight,
)
from domain.pacing.estimate import base_rate, surge
from domain.pacing.level import surge_effect
from domain.streams import RESOURCES, SHARED
from store import Store
from store.quota.levels import Polled, Said
from store.quota.permits import SHARES, Ledger
from store.schema.kinds import AlertKind

HOURLY = timedelta(hours=1)
HIGH = 0.9  # of a day's calls
ZONE = 0  # sellers' clocks are not known: one zone for all, whose curve is learnt in UTC
SILENCE_S = 300.0  # a planning period
CURVE_OF, CURVE_LASTS = timedelta(days=14), timedelta(days=1)  # learnt from so much of the past, once in so long
PLAN_STEP: dict[str, Any] = {
    "start_to_close_timeout": timedelta(minutes=2),
    "heartbeat_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30), maximum_attempts=5),
}


class Planned(BaseModel, frozen=True):
    """What the plan says, for the Web UI: ids and counts only."""

    sellers: int
    levels: dict[str, str]
    took_s: float


class FleetPlanning:
    def __init__(self, store: Store, pace: Pace, quota: QuotaWatch) -> None:
        self.store, self.pace, self.quota = store, pace, quota

    @activity.defn(no_thread_cancel_exception=True)
    def plan_fleet(self) -> Planned:
        """Read eBay's own count once an hour, then plan what is left of each resource's day. Errors: StoreError, retried."""
        began = time.monotonic()
        self.store.restores.settle()
        if self.store.may_read_quota(HOURLY):
            self.quota.read()
            self.store.permits.assume()
            self.store.levels.forget_hours()
        self.store.permits.caused("orders", self.store.levels.caused())
        rows = self.store.levels.fleet([stream.value for stream in SHARED])
        said = self.store.levels.all()
        ledgers = self.store.permits.all()
        now = self.store.levels.clock().timestamp()
        curve, learnt_at = self.curve(now, said)
        levels: dict[str, str] = {}
        for stream in SHARED:
            ledger = ledgers.get(RESOURCES[stream])
            if ledger is None:
                continue
            quota = PlannedQuota(ledger.limit, ledger.used, ledger.day_start.timestamp(), ledger.reset_at.timestamp(), ledger.caused)
            mine = [row for row in rows if row.stream == stream.value]
            last = said.get(ledger.resource)
            planned = self.one(stream, mine, quota, now, last.plan if last else None, curve)
            planned |= {"curve": [round(value, 4) for value in curve], "learnt_at": learnt_at}
            self.store.levels.put(ledger.resource, planned)
            levels[ledger.resource] = "full" if planned["k"] is None else f"{planned['k']:.3g}"
            self.sync_alert(ledger.resource, planned)
        self.sync_use_alert(ledgers.values(), now)
        return Planned(sellers=len({row.seller_id for row in rows}), levels=levels, took_s=round(time.monotonic() - began, 3))

    def curve(self, now: float, said: Mapping[str, Said]) -> tuple[Curve, float]:
        """The fleet's day, and when it was learnt: once a day, since it reads every order of two weeks."""
        newest = max((one.plan for one in said.values() if "learnt_at" in one.plan), key=lambda it: it["learnt_at"], default=None)
        if newest and now - newest["learnt_at"] < CURVE_LASTS.total_seconds():
            return tuple(newest["curve"]), newest["learnt_at"]
        return learn_curve(self.store.levels.hours(CURVE_OF)), now

    def one(
        self, stream: Stream, rows: Iterable[Polled], quota: PlannedQuota, now: float, said: Mapping[str, Any] | None, curve: Curve
    ) -> dict[str, Any]:
        settings = self.pace.rules[stream]
        sellers = [(pace_of(row.pace, row.last_change_at or row.enrolled_at), facts(row, stream)) for row in rows]
        prior = fleet_prior(pace for pace, _ in sellers)
        last = plan_from(said) if said else None
        surging = surge_effect(shares(sellers, prior, settings), last.level if last else FULL, settings)
        effect = averaged(surging, now, said)
        demands = [asked for pace, facts in sellers if (asked := demand(pace, facts, now, prior, settings, effect, ZONE)) is not None]
        made = plan(demands, {ZONE: (0.0, curve)}, now, quota, settings, last)
        return {
            **plan_to(made),
            "effect": effect,
            "at": now,
            "prior": asdict(prior),
            "short": missing(demands, made) if made.level.squeeze > 1 else 0,
        }

    def sync_alert(self, resource: str, planned: Mapping[str, Any]) -> None:
        if planned["short"]:
            text = f"the quota of {resource} does not reach for the longest interval promised: {planned['short']} calls a day are missing"
            text = f"{text}. Ask eBay for more (Application Growth Check), or raise SELLERBEAT_PACING_PROMISE"
            self.store.open_alert(AlertKind.QUOTA_SHORT, text, about=resource)
        else:
            self.store.close_alert(AlertKind.QUOTA_SHORT, about=resource)

    def sync_use_alert(self, ledgers: Iterable[Ledger], now: float) -> None:
        """An alert while more than 90 % of a day's calls of a resource are used. A share of another's calls has none of its own."""
        for ledger in ledgers:
            if ledger.resource in SHARES:
                continue
            if ledger.reset_at.timestamp() > now and ledger.used > HIGH * ledger.limit:
                text = (
                    f"more than {HIGH:.0%} of the day's calls of {ledger.resource} are used: polls become rarer until the reset, "
                    "and nothing is lost"
                )
                self.store.open_alert(AlertKind.QUOTA_HIGH, text, about=ledger.resource)
            else:
                self.store.close_alert(AlertKind.QUOTA_HIGH, about=ledger.resource)


def averaged(surging: float, now: float, said: Mapping[str, Any] | None) -> float:
    """How surges change the fleet's polls, over about the last day."""
    if said is None or "effect" not in said:
        return 1.0
    share = min(max(now - said["at"], 0.0) / 86_400, 1.0)
    return float(said["effect"] * (1 - share) + surging * share)


def shares(sellers: Iterable[tuple[SellerPace, Facts]], prior: Prior, settings: PacingSettings) -> Iterable[tuple[float, float]]:
    for pace, facts in sellers:
        yield weight(base_rate(pace, facts, prior, settings), pace.calls_per_poll, settings), surge(pace, settings)


def missing(demands: Iterable[Demand], made: Plan) -> int:
    """Calls a day that lack for everybody's longest interval."""
    needed = math.fsum(86_400 / max(it.longest_s, 1e-3) * it.calls_per_poll for it in demands if not math.isinf(it.longest_s))
    return math.ceil(needed * (1 - 1 / made.level.squeeze))


def facts(row: Polled, stream: Stream) -> Facts:
    overrides = OperatorOverrides.model_validate({**row.overrides, "seller_id": row.seller_id})
    cadence = overrides.cadence.get(stream)
    return Facts(
        sales_30d=row.sales_30d,
        last_login=overrides.active_at.timestamp() if overrides.active_at else None,
        cadence_s=cadence.total_seconds() if cadence else (row.options.get("cadence") or {}).get(stream.value),
        paused=overrides.paused is not None,
        unseen_share=unseen_share(row.polls_first, row.orders) if stream is Stream.ORDERS else 1.0,
    )


def plan_to(made: Plan) -> dict[str, Any]:
    def level(one: Level) -> dict[str, Any]:
        return {"k": None if one.full else one.k, "squeeze": one.squeeze}

    return {**level(made.level), "after": level(made.after), "reset_at": made.reset_at if math.isfinite(made.reset_at) else None}


def plan_from(said: Mapping[str, Any]) -> Plan:
    def level(one: Mapping[str, Any]) -> Level:
        return Level(math.inf if one["k"] is None else one["k"], one["squeeze"])

    return Plan(level(said), level(said["after"]), math.inf if said["reset_at"] is None else said["reset_at"])


class Plans:
    """What the planner said last, for one process. It has a moment to say something first; then its silence means an even share."""

    def __init__(self, store: Store) -> None:
        self.store, self.began = store, time.monotonic()

    def __call__(self) -> dict[str, Fleet]:
        return fleets(self.store, even=time.monotonic() - self.began > SILENCE_S)


def fleets(store: Store, even: bool = True) -> dict[str, Fleet]:
    """What the planner said last, by resource, as `Pace` takes it; where it never planned, an even share of the day if so wanted."""
    planned = {
        resource: Fleet(
            plan_from(said.plan),
            Prior(said.plan["prior"]["shape"], said.plan["prior"]["days"]),
            tuple(said.plan.get("curve", DEFAULT_CURVE)),
        )
        for resource, said in store.levels.all().items()
    }
    if even and any(RESOURCES[stream] not in planned for stream in SHARED):
        sellers, ledgers = store.levels.sellers(), store.permits.all()
        for resource in (RESOURCES[stream] for stream in SHARED):
            if resource not in planned and resource in ledgers:
                planned[resource] = Fleet(even_s=sellers * 86_400 / max(ledgers[resource].limit, 1))
    return planned
