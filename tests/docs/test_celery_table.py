"""The table of docs/how-to/move-from-celery.md: every name in it is one of the code's, and every number is what the code does."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import click
import pytest
import typer

from domain.comparison.model import Mode
from domain.lateness import INTERVALS
from domain.pacing.cadence import QUIET_STEPS
from domain.pacing.model import PacingSettings
from domain.streams import STREAMS, Stream
from operations.catalogue.reading import EVENTS
from runtime.metering.metrics import METRICS
from settings import PREFIX, Settings
from starter import commands
from store.schema.kinds import AlertKind
from store.steps.commit import MANY_CHANGES, SLOW_S
from tests.docs.celery_app import PAGE

RULES = PacingSettings()
TABLE = PAGE.read_text(encoding="utf-8").partition("## What stands where")[2]
ROWS = [(row[0], row[1]) for row in re.findall(r"^\| (.+?) \| (.+) \|$", TABLE, re.M)][1:]


def command_of(words: str) -> click.Command | None:
    """The command that these words call, with options it has; None: there is none."""
    found: Any = typer.main.get_command(commands())
    for word in words.split():
        if word.startswith("--"):
            if not any(word in option.opts for option in found.params):
                return None
        elif word not in getattr(found, "commands", {}):
            return None
        else:
            found = found.commands[word]
    return None if hasattr(found, "commands") else found


KINDS = {
    "stream": lambda name: name in set(Stream),
    "setting": lambda name: name.removeprefix(PREFIX).lower() in Settings.model_fields,
    "event": lambda name: name in EVENTS,
    "metric": lambda name: name in {metric.name for metric in METRICS},
    "alert": lambda name: name in set(AlertKind),
    "mode": lambda name: name in set(Mode),
    "command": lambda name: command_of(name) is not None,
}


def kinds(row: tuple[str, str]) -> dict[str, str]:
    """Of each name in the right column what it is: by its prefix, or the word before it; of several, before the first."""
    found, kind = {}, ""
    for before, name in re.findall(r"([^`]*)`([^`]+)`", row[1]):
        if not re.fullmatch(r", | and ", before):
            word = re.search(r"(stream|event|alert|mode)s? $", before)
            kind = word[1] if word else "command"
        found[name] = "setting" if name.startswith(PREFIX) else "metric" if name.startswith(PREFIX.lower()) else kind
    return found


def hours(seconds: float) -> str:
    return f"{seconds / 3600:g} h"


def minutes(interval: timedelta | float) -> str:
    seconds = interval.total_seconds() if isinstance(interval, timedelta) else interval
    return f"{seconds / 60:g} min"


def quiet() -> str:
    steps = [(times, 1 + (RULES.quiet_factor - 1) * share) for times, share in reversed(QUIET_STEPS)]
    first, *others = [f"times {factor:g} after {hours(times * RULES.quiet_after_s)}" for times, factor in steps]
    return ", ".join([f"the interval {first}", *others])


def default(name: str) -> str:
    return f"`{PREFIX}{name.upper()}` {minutes(Settings.model_fields[name].default)}"


@pytest.mark.parametrize("row", ROWS, ids=[row[0][:40] for row in ROWS])
def test_every_name_is_of_the_code(row: tuple[str, str]) -> None:
    named = kinds(row)

    assert named or "by itself" in row[1] or "interval" in row[1]
    assert {name: kind for name, kind in named.items() if not KINDS[kind](name)} == {}


@pytest.mark.parametrize(
    ("about", "says"),
    [
        ("new orders", default("orders_every")),
        ("updated orders", f"the same call every {minutes(Settings.model_fields['orders_every'].default)}"),
        ("fulfillment", default("fulfillment_every")),
        ("inventory", default("inventory_every")),
        ("back off", quiet()),
        ("only users", f"after {RULES.dormant_after_s / 86_400:g} days without `active` every {hours(RULES.dormant_s)}"),
        ("more than 100 sales", f"more than {RULES.busy_sales:g} sales in 30 days: {minutes(RULES.busy_s)}"),
        ("`last_order_poll", default("order_overlap")),
        ("alert: more than 3", f"no good poll for {INTERVALS} intervals"),
        ("to webhooks, 4", f"polls every {minutes(RULES.webhook_s)}"),
    ],
)
def test_every_number_is_what_the_code_does(about: str, says: str) -> None:
    (found,) = [here for there, here in ROWS if there.startswith(about)]

    assert says in found


def test_the_three_alerts_are_those_of_the_usual_set_up() -> None:
    alerts = [about for about, _ in ROWS if about.startswith("alert")]

    assert alerts == [
        "alert: more than 3 failures in a row",
        f"alert: an answer over {SLOW_S:g} s",
        f"alert: more than {MANY_CHANGES:,} changes in a poll",
    ]
    assert [sum(about.startswith(start) for about, _ in ROWS) for start in ("metric", "to webhooks")] == [5, 5]


def test_the_arithmetic_of_both_side_by_side_is_right() -> None:
    a_day = {name: timedelta(days=1) / Settings.model_fields[name].default for name in ("orders_every", "fulfillment_every")}
    celery = [1440 // every for every in (5, 10, 15)]
    text = " ".join(PAGE.read_text(encoding="utf-8").split())

    assert f"{' + '.join(str(calls) for calls in celery)} = {sum(celery)} order calls a day" in text
    assert f"Sellerbeat at most {a_day['orders_every']:g} for orders and {a_day['fulfillment_every']:g} for rounds" in text
    limit = Settings.model_fields["quota_orders"].default
    assert f"So of eBay's {limit:,} calls a day {int(limit / (sum(celery) + sum(a_day.values())))} users" in text


def test_every_stream_and_setting_of_the_table_is_one_that_people_mean_by_poll() -> None:
    streams = {name for row in ROWS for name, kind in kinds(row).items() if kind == "stream"}

    assert streams == {stream.value for stream, spec in STREAMS.items() if spec.polled_by_people}
