"""One seller's polling while they are enrolled. Read `run` first. The work, and when to come back, is decided in `activities/`."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.fleet.overrides import SAVE_OVERRIDES, OperatorOverrides, OverrideStorage
    from activities.polling.notified import NotificationPoll
    from activities.polling.poll import STEP_OPTIONS, Poll, PollResult
    from domain.pacing import Stream
    from domain.seller_state import Wait
    from domain.streams import POLLED, STREAMS
    from workflows.attributes import differences
    from workflows.card import card
    from workflows.messages import Connected, Pause, PollNow, SellerStatus, SetCadence, SetSources, SpeedUp
    from workflows.state import PollingState

LACKS_SCOPE = "the seller's consent lacks a scope; `starter.py connect` with a wider one starts this stream again"
LONG_ENOUGH = 500  # events: replaying thousands is what makes a restart slow
LISTED = "search-attributes"  # the patch that writes them
READ_NOTIFIED = "notifications"  # the patch that reads what they tell of; an older worker knew no such signal
PAUSE_ENDS = "a-pause-ends"  # the patch that waits for it; an older worker, and who replays what it did, forgets the end
SPEED_UP_SAVED = "speed-up-saved"  # the patch that stores one in Postgres too
FAIR = "asked-again-and-again"  # the patch that leaves every stream its turn
SUMMARY = 150  # bytes: Temporal takes 200
ONE_LOGIN = timedelta(hours=1)
HELD = timedelta(hours=1)  # a stream that fails and waits longer tries what is announced to it: it may be well, and so show the way
NO_WAIT = ("DeadTokenError",)  # its detail is a generation
LONGEST_WAIT_S = 86_400
SHORTEST_CADENCE, LONGEST_CADENCE = timedelta(seconds=0.5), timedelta(days=1)


def summary_of(seller_id: str) -> str:
    """Static: the Web UI shows it of the run that it was started with."""
    return f"polls eBay for {seller_id}"


def short(text: str) -> str:
    written = text.encode(errors="replace")  # people write the reason of a pause, in any letters
    return text if len(written) <= SUMMARY else f"{written[: SUMMARY - 3].decode(errors='ignore')}..."


def wait_of(cause: BaseException | None) -> timedelta | None:
    """How long the step says that the stream waits now; None: it says nothing, as steps of older versions."""
    if not isinstance(cause, ApplicationError) or cause.type in NO_WAIT or not cause.details:
        return None
    seconds = cause.details[0]
    return timedelta(seconds=seconds) if isinstance(seconds, int | float) and 0 < seconds <= LONGEST_WAIT_S else None


@workflow.defn
class SellerPolling:
    @workflow.init
    def __init__(self, state: PollingState) -> None:
        self.state = state  # all that outlives continue-as-new, and nothing else
        self.wake_requested = False  # a handler changed the state: look again at what is due
        self.read_notified = False  # the latest step read what notifications told
        self.gone = False  # the seller is no longer enrolled
        self.asked: Counter[str] = Counter()  # how often in this run a message asked whether a patch holds

    @workflow.run
    async def run(self, state: PollingState) -> None:
        if self.state.pause and self.state.pause.until and not workflow.patched(PAUSE_ENDS):
            self.state.forget_end_of_pause()
        self.show()
        while not self.gone and not self.long_enough(workflow.info()):
            if self.state.pause_is_over(workflow.now()):
                self.state.resume("the pause is over")
                self.show()
            elif not self.state.persisted:
                await self.remember()
            elif self.state.notified_are_due(workflow.now()) and not self.notified_had_their_turn():
                await self.poll_notified()
            elif due := self.due():
                await self.poll(due[0])
            else:
                await self.sleep()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not self.gone:
            workflow.continue_as_new(self.state)

    def due(self) -> list[Stream]:
        """Which streams are; fairly, but where a history of before had another one go first."""
        fair, before = self.state.due(workflow.now()), self.state.due(workflow.now(), fair=False)
        return fair if fair[:1] == before[:1] or workflow.patched(FAIR) else before

    def notified_had_their_turn(self) -> bool:
        """Notifications that come all the time leave a stream that is due every second step."""
        return self.read_notified and bool(self.state.due(workflow.now())) and workflow.patched(FAIR)

    async def sleep(self) -> None:
        self.wake_requested = False
        with suppress(TimeoutError):  # the earliest stream is due; a pause without an end has no timer, only a signal
            await workflow.wait_condition(
                lambda: self.wake_requested, timeout=self.state.time_left(workflow.now()), timeout_summary=short(self.state.awaited())
            )

    async def poll(self, stream: Stream) -> None:
        began = self.state.streams[stream].began = workflow.now()
        self.read_notified = False
        request = self.state.request(stream, began)
        self.state.streams[stream].asked = False  # a `poll_now` from here on is served by the poll after this one
        self.state.streams[stream].restarted = False
        summary = short("asked for" if request.asked else "announced" if request.announced else self.state.streams[stream].why)
        try:
            result: PollResult = await workflow.execute_activity(
                STREAMS[stream].step, request, result_type=PollResult, summary=summary, **STEP_OPTIONS
            )
        except ActivityError as failure:
            if is_cancelled_exception(failure):
                raise  # the seller left; swallowed here, the loop would never end
            self.fail(stream, failure.cause)
        else:  # `next_due` and `why` come with the result: policy is decided in the step, obeyed here
            if result.waits_for is Wait.KEYS and not workflow.patched("keys-are-a-state"):
                result = result.model_copy(update={"waits_for": None})
            self.state.polled(stream, request, result, workflow.now(), began)
            self.state.noted(stream, result, workflow.now())
        self.show()

    async def poll_notified(self) -> None:
        """What notifications told of goes before every stream: somebody bought something a second ago."""
        self.read_notified = True
        self.state.notified_due = None  # told of from here on, it is read after this
        request = Poll(seller_id=self.state.seller_id, notified=True, failures=self.state.notified_failures)
        try:
            result: PollResult = await workflow.execute_activity_method(
                NotificationPoll.poll_notified, request, summary="notifications", **STEP_OPTIONS
            )
        except ActivityError as failure:
            if is_cancelled_exception(failure):
                raise
            self.state.notified_failed(workflow.now(), wait_of(failure.cause))  # they stay pending, whatever failed
            self.fail_all(failure.cause)
        else:
            self.state.notified_read(result, workflow.now())
        self.show()

    def fail_all(self, cause: BaseException | None) -> bool:
        """What ends all streams of a seller: they are gone, or their token is dead. False: it is neither."""
        error = cause.type if isinstance(cause, ApplicationError) else None
        generation = cause.details[0] if isinstance(cause, ApplicationError) and cause.details else 0
        if error == "UnknownSellerError":
            self.gone = True
        elif error in ("DeadTokenError", "AnotherAccountError") and generation >= self.state.generation:
            self.state.dead = error
        return self.gone or self.state.dead is not None

    def fail(self, stream: Stream, cause: BaseException | None) -> None:
        error = words = type(cause).__name__  # a time-out is Temporal's own
        if isinstance(cause, ApplicationError):
            error = cause.type or error
            words = f"{error}: {cause.message}"
        if self.fail_all(cause):
            return
        if error == "AccessDeniedError":
            why = f"{error}: {LACKS_SCOPE}"
            if workflow.patched("denied-is-tried-again"):
                self.state.denied(stream, why, workflow.now())
            else:
                self.state.streams[stream].stopped = why
        else:
            wait = wait_of(cause)
            held = HELD if wait and wait > HELD and workflow.patched("held-for-an-hour") else None
            self.state.failed(stream, words, workflow.now(), wait, held)

    async def remember(self) -> None:
        """What people set outlives even the loss of Temporal's database: the watchdog starts a lost workflow with it."""
        self.state.persisted = True
        overrides = OperatorOverrides(
            seller_id=self.state.seller_id,
            paused=self.state.paused,
            pause=self.state.pause,
            cadence={stream: mine.cadence for stream, mine in self.state.streams.items() if mine.cadence},
            active_at=self.state.active_at,
            speed_up=self.state.speed_up_facts(workflow.now()),
        )
        await workflow.execute_activity_method(OverrideStorage.save_overrides, overrides, summary="what people set", **SAVE_OVERRIDES)

    def long_enough(self, info: workflow.Info) -> bool:
        return info.is_continue_as_new_suggested() or info.get_current_history_length() >= LONG_ENOUGH

    def show(self) -> None:
        """To people who look: the card, which costs no event, and what the list of workflows is filtered by, where that differs.

        What a run began with before there were search attributes has none until it continues as new.
        """
        workflow.set_current_details(card(self.state, workflow.now()))
        if (written := differences(self.state, workflow.info().typed_search_attributes)) and workflow.patched(LISTED):
            workflow.upsert_search_attributes(written)

    def holds(self, patch: str) -> bool:
        """Whether it holds for the message in hand: a question of its own each time, since Temporal gives one answer to one id for a whole
        run, and what an older worker handled would decide over all that comes after it. The plain id is that of earlier histories.
        """
        self.asked[patch] += 1
        return workflow.patched(f"{patch}:{self.asked[patch]}") or workflow.patched(patch)

    def changed(self) -> None:
        self.wake_requested = True
        self.show()

    @workflow.signal
    def pause(self, request: Pause) -> None:
        ends = request.until is not None and self.holds(PAUSE_ENDS)
        self.state.paused_by(request, workflow.now(), ends=ends)
        self.changed()

    @workflow.signal
    def resume(self) -> None:
        self.state.resume("resumed")
        self.changed()

    @workflow.signal
    def speed_up(self, request: SpeedUp) -> None:
        self.state.speeded_up_by(request, workflow.now())
        if self.holds(SPEED_UP_SAVED):
            self.state.persisted = False
        self.changed()

    @workflow.signal
    def poll_now(self, request: PollNow) -> None:
        asked = POLLED if request.stream is None else self.state.named(request.stream)
        for stream, mine in self.state.streams.items():
            mine.asked = mine.asked or stream in asked
        self.state.release_notified(workflow.now())
        self.changed()

    @workflow.signal
    def seller_active(self) -> None:
        """The seller is using the app: a dormant one is polled at once. Told at every click, it costs a poll an hour at most."""
        before, self.state.active_at = self.state.active_at, workflow.now()
        if before is None or workflow.now() - before > ONE_LOGIN:
            self.state.persisted = False
            self.state.hurry([Stream.ORDERS], "the seller logged in")
            self.changed()

    @workflow.signal
    def notified(self) -> None:
        """Notifications wait in Postgres. The signal only wakes: lost, it is said again, and twice it costs a step that finds nothing."""
        if workflow.patched(READ_NOTIFIED):
            self.state.wake_notified(workflow.now())
            self.changed()

    @workflow.signal
    def connected(self, request: Connected) -> None:
        self.state.connected(request.generation)
        self.state.release_notified(workflow.now())
        self.changed()

    @workflow.signal
    def set_sources(self, request: SetSources) -> None:
        self.state.read_by(request.used, request.unused, workflow.now())
        self.state.persisted = False
        self.changed()

    @workflow.update
    def set_cadence(self, request: SetCadence) -> SellerStatus:
        for given, every in request.given().items():
            for stream in self.state.named(given):
                if stream in self.state.streams:
                    self.state.streams[stream].cadence = every
            self.state.hurry(self.state.named(given), "new cadence")
        self.state.persisted = False
        self.changed()
        return self.state.status(workflow.now())

    @set_cadence.validator
    def cadence_is_sane(self, request: SetCadence) -> None:
        if not request.given():
            raise ApplicationError("name at least one cadence: orders, fulfillment or inventory")
        for stream, every in request.given().items():
            if not SHORTEST_CADENCE <= every <= LONGEST_CADENCE:
                raise ApplicationError(f"the cadence of {stream} must lie between 0.5 s and 1 d")

    @workflow.query
    def status(self) -> SellerStatus:
        return self.state.status(workflow.now())
