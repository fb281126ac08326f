"""How many examples a property is tried with: a few in each run, always the same, and very many others in `make chaos` (EXAMPLES=400)."""

from __future__ import annotations

import os

IS_LONG_TRIAL = "EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("EXAMPLES", "25"))
USUAL = 75  # with which a test is tried as often as it says
FEWEST = 5


def times() -> int:
    """How many times as much is tried as in the gate, where it isn't hypothesis that counts."""
    return max(EXAMPLES // 25, 1)


def examples(often: int) -> int:
    """Of a test that needs more or fewer examples than others: a third of what it says in the gate, five times as many in `make chaos`."""
    return max(often * EXAMPLES // USUAL, FEWEST)
