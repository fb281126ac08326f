import os
import signal
import subprocess
from pathlib import Path

import pytest

from demo_stack.demo.child import Child, stop_leftovers
from demo_stack.demo.errors import DemoError
from demo_stack.demo.home import HOUSE, Home
from demo_stack.demo.interrupts import Interrupts
from demo_stack.devstack import DevstackError

SLEEPER = ["-c", "import sys, time; print('ready', file=sys.stderr, flush=True); time.sleep(60)"]


def test_the_key_and_the_port_stay_the_same(tmp_path: Path) -> None:
    with Home.locked(tmp_path / "state") as home:
        key, made = home.key()
        port = home.port("ebay")
    with Home.locked(tmp_path / "state") as home:
        assert home.key() == (key, False)
        assert home.port("ebay") == port
    assert made


def test_a_folder_belongs_to_one_process(tmp_path: Path) -> None:
    with Home.locked(tmp_path), pytest.raises(DevstackError, match=f"in use by process {os.getpid()}"), Home.locked(tmp_path):
        pass


def test_settings_reach_a_second_terminal_whatever_they_hold(tmp_path: Path) -> None:
    value = "a'b c$HOME;`x`\"#"
    with Home.locked(tmp_path / "a folder") as home:
        home.write_starter({"SELLERBEAT_EBAY_CLIENT_SECRET": value})

        printed = subprocess.run(
            ["sh", "-c", '. "$1"; printf %s "$SELLERBEAT_EBAY_CLIENT_SECRET"', "sh", home / "env"],
            capture_output=True,
            text=True,
            check=True,
        )
        helped = subprocess.run([home / "starter", "new-key"], capture_output=True, text=True, check=True)

    assert printed.stdout == value
    assert len(helped.stdout.strip()) == 44
    assert (home / "env").stat().st_mode & 0o777 == 0o600


def test_a_child_that_outlived_everything_is_found_and_ended(tmp_path: Path) -> None:
    with Home.locked(tmp_path) as home:
        child = Child(home, "worker", SLEEPER, cwd=HOUSE)
        child.start()
        child.wait_for(lambda: "ready" in child.said())

        stop_leftovers(home)

        assert child.process
        assert child.process.poll() is not None
        assert list(home.path.glob("*.pid")) == []


def test_a_number_that_is_another_programs_by_now_is_left_alone(tmp_path: Path) -> None:
    with Home.locked(tmp_path) as home, subprocess.Popen(["sleep", "60"], cwd="/") as other:
        (home / "worker.pid").write_text(f"{other.pid}\n")

        stop_leftovers(home)

        assert other.poll() is None
        other.kill()
    assert list(home.path.glob("*.pid")) == []


def test_a_child_that_ends_at_start_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    with Home.locked(tmp_path) as home:
        child = Child(home, "worker", ["-c", "import sys; sys.exit('no tables')"])
        child.start()

        with pytest.raises(DemoError, match=r"the worker ended at start; the end of .*worker.log:\nno tables"):
            child.wait_for(lambda: False)
        child.stop()


def test_the_first_signal_asks_for_an_orderly_end_and_the_second_one_insists() -> None:
    with Interrupts() as interrupts:
        with interrupts.awaited():
            os.kill(os.getpid(), signal.SIGTERM)
            asked = interrupts.came
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)

    assert asked
