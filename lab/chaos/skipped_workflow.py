"""`temporalio.workflow` in skipped time: what `workflows/seller_polling.py` calls of it, on a fleet's own clock."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from temporalio import workflow
from temporalio.common import RetryPolicy, TypedSearchAttributes
from temporalio.exceptions import ActivityError, ApplicationError

from workflows.state import PollingState

if TYPE_CHECKING:
    from lab.chaos.skipped import SkippedFleet

NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Suspension:
    """What a workflow waits for, in the way of `await`: until then, or for a signal."""

    until: datetime

    def __await__(self) -> Generator[Suspension, None, None]:
        yield self


class ContinuedError(Exception):
    def __init__(self, state: PollingState) -> None:
        super().__init__("continued as new")
        self.state = state


class WorkflowStandIn:
    """Instead of `temporalio.workflow`; what is not here is its own."""

    def __init__(self, fleet: SkippedFleet) -> None:
        self.fleet = fleet

    def __getattr__(self, name: str) -> Any:
        return getattr(workflow, name)

    def now(self) -> datetime:
        return self.fleet.now()

    def patched(self, _: str) -> bool:
        return True

    def info(self) -> WorkflowStandIn:
        return self

    def is_continue_as_new_suggested(self) -> bool:
        return False

    def get_current_history_length(self) -> int:
        return 0

    typed_search_attributes = TypedSearchAttributes.empty

    def set_current_details(self, _: str) -> None:
        pass

    def upsert_search_attributes(self, _: Any) -> None:
        pass

    def all_handlers_finished(self) -> bool:
        return True

    def continue_as_new(self, state: PollingState) -> None:
        raise ContinuedError(state)

    async def wait_condition(self, condition: Callable[[], bool], *, timeout: timedelta | float | None = None, **_: Any) -> None:
        until = NEVER if timeout is None else self.now() + (timeout if isinstance(timeout, timedelta) else timedelta(seconds=timeout))
        while not condition():
            if self.now() >= until:
                raise TimeoutError
            await Suspension(until)

    async def sleep(self, duration: timedelta | float, **_: Any) -> None:
        until = self.now() + (duration if isinstance(duration, timedelta) else timedelta(seconds=duration))
        while self.now() < until:
            await Suspension(until)

    async def execute_activity_method(self, method: Any, request: Any, **how: Any) -> Any:
        return await self.execute_activity(method.__name__, request, **how)

    async def execute_activity(self, name: str, request: Any, *, retry_policy: RetryPolicy | None = None, **_: Any) -> Any:
        """Attempts as Temporal would make them."""
        policy = retry_policy or RetryPolicy()
        attempt = 1
        while True:
            try:
                return self.fleet.attempt(name, request, attempt)
            except ApplicationError as error:
                if is_last(error, policy, attempt):
                    raise failure_of(name, error) from error
                wait = error.next_retry_delay or policy.initial_interval * policy.backoff_coefficient ** (attempt - 1)
            await self.sleep(wait)
            attempt += 1


def is_last(error: ApplicationError, policy: RetryPolicy, attempt: int) -> bool:
    final = error.non_retryable or error.type in (policy.non_retryable_error_types or ())
    return final or bool(policy.maximum_attempts and attempt >= policy.maximum_attempts)


def failure_of(name: str, error: ApplicationError) -> ActivityError:
    failure = ActivityError(
        "Activity task failed", scheduled_event_id=1, started_event_id=2, identity="", activity_type=name, activity_id="1", retry_state=None
    )
    failure.__cause__ = error
    return failure
