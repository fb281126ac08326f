"""Was everything recorded, once, and right? `judge` compares the ledger with the product's change events. Pure; shares no code with it."""

from simulator.judge.comparing import SLACK, judge
from simulator.judge.histories import Row
from simulator.judge.verdict import Verdict

__all__ = ["SLACK", "Row", "Verdict", "judge"]
