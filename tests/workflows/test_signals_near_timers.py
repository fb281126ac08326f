"""A story goes on when its signal falls beside a timer: the server that skips time would stop there for good."""

from datetime import timedelta

from temporalio.testing import WorkflowEnvironment

from domain.pacing import Stream
from tests.support.present import present
from tests.support.waiting import eventually
from tests.workflows.fakes import FakeSteps, start
from workflows.messages import PollNow
from workflows.seller_polling import SellerPolling


async def test_a_signal_that_comes_just_before_a_timer_is_answered(time_skipping: WorkflowEnvironment, steps: FakeSteps) -> None:
    seller = await start(time_skipping)
    await time_skipping.sleep(timedelta(minutes=1))
    for before_ms in range(1, 40, 4):
        due = present((await seller.query(SellerPolling.status)).streams[Stream.ORDERS].next_poll_at)
        await time_skipping.sleep(due - await time_skipping.get_current_time() - timedelta(milliseconds=before_ms))
        polls = len(steps.polls)

        await seller.signal(SellerPolling.poll_now, PollNow(stream=Stream.ORDERS))
        await time_skipping.sleep(timedelta(seconds=30))

        await eventually(lambda polls=polls: len(steps.polls) >= polls + 2)  # type: ignore[misc]
        assert len(steps.polls) == polls + 2  # the timer's and the signal's
