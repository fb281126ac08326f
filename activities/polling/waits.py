"""How long a stream waits that cannot be read: in an outage of eBay's, or since it fails for this seller alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from zlib import crc32

from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.polling.pace import Pace, PollOutcome
from activities.polling.poll import Poll
from activities.quota.breakers import OutageError
from domain.pacing import Stream, outage
from store import StepLease

DAILY = timedelta(minutes=15)  # streams of once a day come back so soon
ONE_ATTEMPT = 3  # failures in a row, from which on a step is not tried again by itself


def usual(pace: Pace, request: Poll, stream: Stream, step: StepLease, now: datetime) -> timedelta:
    """How long the stream waits between two polls that find nothing."""
    if stream not in pace.rules:
        return DAILY
    seconds = step.options.get("cadence", {}).get(stream)
    shown = PollOutcome(0, 1, step.last_change_at, step.pace, step.sales_30d, step.epoch)
    cadence = timedelta(seconds=seconds) if seconds else None
    return max(pace.after(step.seller_id, stream, request, shown, now=now, enrolled_cadence=cadence).at - now, timedelta(seconds=1))


def in_outage(interval: timedelta, error: OutageError, step: StepLease) -> timedelta:
    """Another share with each step: who come together do not stay together."""
    wait = outage.doubt if error.doubt else outage.rest
    return wait(interval, error.sellers, error.every, share(f"{step.seller_id}/{step.epoch}"))


def alone(failures: int, interval: timedelta, seller_id: str, stream: str, *, common: bool) -> timedelta:
    return outage.alone(failures, interval, share(f"{seller_id}/{stream}"), common=common)


def share(text: str) -> float:
    return crc32(text.encode()) / 2**32


class Lasting(Interceptor):
    """Takes the wait that a step decided on to the workflow, with the error: an error of our own cannot."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        return _Lasting(next)


class _Lasting(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> object:  # noqa: A002 - the SDK's name
        try:
            return await self.next.execute_activity(input)
        except Exception as error:
            wait = getattr(error, "wait", None)
            if not isinstance(wait, timedelta):
                raise
            raise retry_error(error, wait) from None


def retry_error(error: Exception, wait: timedelta) -> ApplicationError:
    """As Temporal keeps it: the same class and words, and the wait in seconds as its detail."""
    lasting = bool(getattr(error, "lasting", False))
    return ApplicationError(str(error), wait.total_seconds(), type=type(error).__name__, non_retryable=lasting)
