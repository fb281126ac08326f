"""The systemd units as systemd itself judges them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

UNITS = sorted((Path(__file__).parents[2] / "deploy" / "systemd").glob("*.service"))
MOST_EXPOSED = 3.0  # of 10, by `systemd-analyze security`


def test_there_are_three_units() -> None:
    assert len(UNITS) == 3


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_little_exposed(unit: Path) -> None:
    said = subprocess.run(["systemd-analyze", "security", "--offline=true", str(unit)], capture_output=True, text=True, check=True).stdout

    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)

    assert exposure
    assert float(exposure[1]) < MOST_EXPOSED
