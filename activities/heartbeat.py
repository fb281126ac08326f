"""Heartbeats of every activity, from the worker's event loop: a long call lives on, a killed worker's step is missed after 10 s."""

from __future__ import annotations

import asyncio
from typing import Any

from temporalio.worker import ActivityInboundInterceptor, ActivityOutboundInterceptor, ExecuteActivityInput, Interceptor

EVERY_S = 3.0


class Heartbeats(Interceptor):
    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        return _Beating(next)


class _Beating(ActivityInboundInterceptor):
    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        # The outbound one, since `activity.heartbeat` of a sync activity waits for this very loop.
        self.heartbeat = outbound.heartbeat
        super().init(outbound)

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        loop = asyncio.get_running_loop()

        timer: asyncio.TimerHandle

        def beat() -> None:
            nonlocal timer
            self.heartbeat()
            timer = loop.call_later(EVERY_S, beat)

        timer = loop.call_later(EVERY_S, beat)  # a quiet poll of 20 ms never beats and pays nothing
        try:
            return await self.next.execute_activity(input)
        finally:
            timer.cancel()
