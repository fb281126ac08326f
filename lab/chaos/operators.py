"""People who pause, resume, ask and set cadences all the time, and try again until Temporal says yes; and whether each yes was meant."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError

from lab.chaos.deployment import Deployment
from workflows.client import handle
from workflows.messages import Pause, PollNow, SetCadence
from workflows.seller_polling import SellerPolling

TRY_S = 15.0
REST_S = 0.1
FAILURES = (RuntimeError, RPCError, TimeoutError, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError)


class Send(NamedTuple):
    how: Callable[[Any, Any], Awaitable[Any]]  # gets the workflow's handle and the message
    message: Any = None


class Operators:
    def __init__(self, deployment: Deployment, sellers: Sequence[str]) -> None:
        self.deployment, self.sellers = deployment, list(sellers)
        self.commands: dict[str, list[tuple[str, str]]] = {seller: [] for seller in sellers}  # (signal, what identifies it), when accepted
        self.tries = 0
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._work, args=(seller,), daemon=True) for seller in sellers]
        for thread in self.threads:
            thread.start()

    def stop(self) -> None:
        """After the last resume was accepted."""
        self.over.set()
        for thread in self.threads:
            thread.join(90)
            assert not thread.is_alive(), "Temporal accepts no signal"

    def _work(self, seller: str) -> None:
        number = 0
        while not self.over.is_set():
            number += 1
            reason, every = f"number {number}", timedelta(milliseconds=1000 + number)
            pause, cadence = Pause(reason=reason), SetCadence(orders=every)
            self._say(seller, "pause", reason, Send(lambda it, message: it.signal(SellerPolling.pause, message), pause))
            self._say(seller, "resume", "", Send(lambda it, _: it.signal(SellerPolling.resume)))
            self._say(seller, "poll_now", "", Send(lambda it, message: it.signal(SellerPolling.poll_now, message), PollNow()))
            update = Send(lambda it, message: it.execute_update(SellerPolling.set_cadence, message), cadence)
            self._say(seller, "set_cadence", f"{every.total_seconds()}", update)
            time.sleep(REST_S)

    def _say(self, seller: str, name: str, what: str, send: Send) -> None:
        async def say(client: Client) -> None:
            await asyncio.wait_for(send.how(handle(client, seller), send.message), TRY_S)

        while True:
            self.tries += 1
            try:
                self.deployment.house.ask(say)
            except FAILURES:
                time.sleep(0.2)
            else:
                self.commands[seller].append((name, what))
                return

    @property
    def accepted(self) -> int:
        return sum(len(commands) for commands in self.commands.values())

    def lost(self) -> list[str]:
        """What was accepted and is not to be found: signals in the history, the last cadence where it is stored."""
        lost = []
        for seller, commands in self.commands.items():
            heard: Counter[tuple[str, str]] = Counter()
            for history in self.deployment.house.chain(seller):
                for event in history.events:
                    if event.HasField("workflow_execution_signaled_event_attributes"):
                        attributes = event.workflow_execution_signaled_event_attributes
                        payloads = attributes.input.payloads
                        what = json.loads(payloads[0].data).get("reason", "") if payloads else ""
                        heard[attributes.signal_name, what] += 1
            accepted = Counter((name, what) for name, what in commands if name != "set_cadence")
            lost += [f"{seller}: {name} {what}" for name, what in (accepted - heard).elements()]
            status = self.deployment.house.status(seller)
            if status.state == "paused":
                lost.append(f"{seller}: the last resume")
            cadences = [what for name, what in commands if name == "set_cadence"]
            cached = self.deployment.house.store.sellers.overrides(seller).get("cadence", {}).get("orders")
            if cadences and _seconds(cached) != float(cadences[-1]):
                lost.append(f"{seller}: the cadence {cadences[-1]}, cached is {cached}")
        return lost


def _seconds(stored: Any) -> float:
    from pydantic import TypeAdapter

    return TypeAdapter(timedelta).validate_python(stored).total_seconds() if stored is not None else 0.0
