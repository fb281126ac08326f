"""What a simulated eBay's quicker world makes of the product's waits: in a process of its own, as they are changed for its life."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

PROGRAM = """
from datetime import timedelta
from changes import rereads
from demo_stack.demo.fast_waits import use_fast_waits
use_fast_waits(timedelta(seconds=3))
print(*(wait.total_seconds() for wait in (*rereads.WAITS, rereads.SAID_AGAIN, rereads.HOURS_APART)))
"""


def test_what_is_not_agreed_about_is_asked_for_again_within_seconds_and_as_often_as_ever() -> None:
    from changes import rereads

    said = subprocess.run([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True, check=True).stdout

    *waits, again, apart = map(float, said.split())
    assert len(waits) == len(rereads.WAITS)
    assert waits[0] == 1.5  # a minute, as two minutes are three seconds
    assert waits == sorted(waits)
    assert max(waits) == 6
    assert again > apart
    assert timedelta(seconds=again) < timedelta(seconds=10)
