"""Everything that is compared, by the name it has in the table."""

from __future__ import annotations

import math
from collections.abc import Callable

from domain.pacing import PacingSettings
from lab.fleets import beat, known
from lab.fleets.fleet import SyntheticFleet
from lab.fleets.habits import Aimd, Cadences, ScaledAimd, Tiers
from lab.fleets.loop import FleetLoop
from lab.fleets.ours import Ours
from lab.fleets.score import Score

LEAST = "least possible"
OURS, SPARE = "Sellerbeat, cadences", "Sellerbeat, spare on"

POLICIES: dict[str, Callable[[SyntheticFleet], Score]] = {
    LEAST: lambda fleet: known.play(fleet, known.least_possible, slowest=0.0, fastest=math.inf),
    "every 5 min, on and on": lambda fleet: beat.play(fleet, beat.even),
    "fixed 5/10/15/30 min": lambda fleet: beat.play(fleet, beat.fixed_5_10_15),
    "cadences without a ledger": lambda fleet: FleetLoop(fleet, Cadences(fleet)).play(),
    "tiers, 5 min to 12 h": lambda fleet: FleetLoop(fleet, Tiers(fleet)).play(),
    "AIMD per seller, token bucket": lambda fleet: FleetLoop(fleet, Aimd(fleet)).play(),
    "AIMD, scaled to the quota": lambda fleet: FleetLoop(fleet, ScaledAimd(fleet)).play(),
    "everybody alike": lambda fleet: known.play(fleet, known.alike),
    "proportional to sales": lambda fleet: known.play(fleet, known.proportional),
    "square root of sales": lambda fleet: known.play(fleet, known.root_of_sales),
    OURS: lambda fleet: FleetLoop(fleet, Ours(fleet, PacingSettings())).play(),
    SPARE: lambda fleet: FleetLoop(fleet, Ours(fleet, PacingSettings(use_spare=True))).play(),
}
