"""Sellerbeat's own policy: the functions of `domain/pacing/`, called as its activities call them."""

from __future__ import annotations

import math
import random
from collections.abc import Hashable
from dataclasses import replace

from domain.pacing import (
    DEFAULT_CURVE,
    Curve,
    Demand,
    Facts,
    PacingSettings,
    Plan,
    PlannedQuota,
    Prior,
    SellerPace,
    demand,
    enrolled,
    fleet_prior,
    learn_curve,
    next_poll,
    observe,
    plan,
    reserve_calls,
    surge,
    surge_effect,
)
from domain.pacing import Fleet as Published
from domain.pacing.curve import local_hour
from lab.fleets.fleet import DAY, SINCE, SyntheticFleet, SyntheticSeller

EFFECT_MEMORY_S = DAY


class Ours:
    plan_every_s = 300.0

    def __init__(self, fleet: SyntheticFleet, settings: PacingSettings) -> None:
        self.fleet, self.settings = fleet, settings
        self.paces: dict[int, SellerPace] = {}
        self.facts = [facts_of(seller) for seller in fleet.sellers]
        self.seen: set[int] = set()  # polled since the last plan
        self.demands: dict[int, Demand] = {}
        self.surges: dict[int, tuple[float, float]] = {}
        self.counts = [0.0] * 24
        self.curve: Curve = DEFAULT_CURVE
        self.prior = Prior()
        self.published = Published(Plan(), self.prior, self.curve)
        self.effect = 1.0
        self.planned_at = SINCE
        self.others = sum(seller.sales_30d for seller in fleet.sellers) / 30.0  # calls a day that orders cause
        self.others_today = 0
        self.day = 0
        self.dice = random.Random(f"ours {fleet.shape.name}")

    def enrol(self, number: int, now: float) -> None:
        seller = self.fleet.sellers[number]
        self.paces[number] = enrolled(now, seller.sales_30d, seller.has_history)
        self.seen.add(number)

    def polled(self, number: int, now: float, orders: int) -> float:
        facts, settings, published = self.facts[number], self.settings, self.published
        pace = self.paces[number] = observe(self.paces[number], facts, now, orders, 1, published.prior, settings, published.curve)
        self.others_today += orders
        self.seen.add(number)
        return next_poll(pace, facts, now, settings, published, self.dice.random())[0]

    def refused(self, number: int, now: float) -> float:
        return now + 60

    def retry_at(self, now: float) -> float | None:
        return now + 60

    def reserved(self, now: float, used: int) -> int:
        start = SINCE + (now - SINCE) // DAY * DAY
        return reserve_calls(now, start, start + DAY, self.fleet.shape.quota, self.others, self.settings)

    def ask(self, number: int, now: float) -> None:
        """What the next plans reckon with, until another poll has seen the seller."""
        pace, facts = self.paces[number], self.facts[number]
        demanded = demand(pace, facts, now, self.prior, self.settings, self.effect, facts.utc_offset_h)
        if demanded:
            self.demands[number] = demanded
            if demanded.weight > 0:
                self.surges[number] = (demanded.weight, surge(pace, self.settings))

    def plan(self, now: float, used: int) -> None:
        day = int((now - SINCE) // DAY)
        if day > self.day:
            self.day = day
            self.new_day(now)
        for number in sorted(self.seen):
            self.ask(number, now)
        self.seen.clear()
        seen = surge_effect(self.surges.values(), self.published.plan.level, self.settings)
        memory = math.exp(-(now - self.planned_at) / EFFECT_MEMORY_S)
        self.effect, self.planned_at = self.effect * memory + seen * (1 - memory), now
        zones: dict[Hashable, tuple[float, Curve]] = {seller.offset_h: (seller.offset_h, self.curve) for seller in self.fleet.sellers}
        demands = list(self.demands.values())
        start = SINCE + day * DAY
        quota = PlannedQuota(self.fleet.shape.quota, used, start, start + DAY, self.others)
        self.published = Published(plan(demands, zones, now, quota, self.settings, self.published.plan), self.prior, self.curve)

    def new_day(self, now: float) -> None:
        self.others, self.others_today = float(self.others_today), 0
        self.prior = fleet_prior(self.paces.values())
        self.count(now - DAY, now)
        self.curve = learn_curve(self.counts)

    def count(self, start: float, end: float) -> None:
        """Orders of the day gone by; and what each seller sold in 30 days, as near as an exponential memory comes to it."""
        for seller in self.fleet.sellers:
            new = [at for at in seller.orders if start <= at < end and at >= seller.enrolled_at]
            for at in new:
                self.counts[local_hour(at, seller.offset_h)] += 1
            facts = self.facts[seller.number]
            self.facts[seller.number] = replace(facts, sales_30d=round(facts.sales_30d * 29 / 30 + len(new)))


def facts_of(seller: SyntheticSeller) -> Facts:
    return Facts(
        sales_30d=seller.sales_30d,
        last_login=SINCE - 30 * DAY if seller.dormant else None,
        utc_offset_h=seller.offset_h,
    )
