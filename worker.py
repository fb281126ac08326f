"""Process: hosts workflows and activities; nothing else. SIGTERM or Ctrl-C: exit 0 once the steps in hand are done (20 s at most, and
5 s for the SDK to end)."""

from __future__ import annotations

import gc

if __name__ == "__main__":
    gc.disable()  # what is loaded is no garbage, and to look through it again and again takes a tenth of the start and more

import asyncio
import logging
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import FixedSizeSlotSupplier, Worker, WorkerTuner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.delivering.alert_messenger import AlertMessenger
from activities.fleet.dead_tokens import DeadTokens
from activities.fleet.erasing import UserErasing
from activities.fleet.feed_memory import compare_feed
from activities.fleet.lost_sellers import LostSellers
from activities.fleet.overrides import OverrideStorage
from activities.fleet.planning import FleetPlanning, Plans
from activities.heartbeat import Heartbeats
from activities.polling.backfill import Backfill
from activities.polling.fulfillment import FulfillmentPolling
from activities.polling.inventory import InventoryPolling
from activities.polling.listings import ListingPolling
from activities.polling.notified import NotificationPoll
from activities.polling.offers import OfferReading
from activities.polling.orders import OrderPolling
from activities.polling.pace import Pace
from activities.polling.report import Report
from activities.polling.steps import StepRunner
from activities.polling.sweep import Sweep
from activities.polling.tokens import VERSION, StoredTokens
from activities.polling.waits import Lasting
from activities.quota.counting import QuotaWatch
from activities.vacancy import Vacancies
from domain.retention import Retention
from domain.streams import STREAMS, Stream
from domain.waits import EBAYS, Waits
from ebay.client import Ebay
from ebay.http import http_client
from ebay.identity import Identity
from ebay.oauth import OAuth
from operations.alert_endpoints import senders
from operations.endpoints import policy_of
from outbound import Client as Poster
from runtime import logs
from runtime.health_door import HealthBindError, health_door
from runtime.metering import runtime
from runtime.metering.meters import SILENT, Meters
from runtime.metering.runtime import MetricsBindError
from runtime.metering.traces import TracesError, sent
from runtime.shutdown import bounded, leave
from settings import Settings, SettingsError, load, read_environment
from store import Store, StoreError
from workflows.client import TemporalUnavailableError, connect
from workflows.delivering import CONNECTIONS, delivering
from workflows.erasing import Erasing
from workflows.keeping import keep_looking
from workflows.planner import Planner
from workflows.presence import WorkerPresence
from workflows.schedules import schedule
from workflows.seller_polling import SellerPolling
from workflows.visibility import AttributesMissingError, check
from workflows.waking import wake_failing
from workflows.watchdog import Watchdog

NEEDED = ("database_url", "secret_keys", "ebay_client_id", "ebay_client_secret")
THREADS = 20  # steps at once: they wait for eBay most of the time
CACHED_WORKFLOWS = 2000
GRACE = timedelta(seconds=20)
# The SDK's shutdown sometimes never ends: it waits for the report of a step whose workflow is gone (temporalio/sdk-rust#1537), or for a
# step that does not end. Nothing is lost by leaving: what was not committed is done again, and a forgotten attempt commits nothing.
ENDING = timedelta(seconds=5)  # after the grace; systemd and compose kill after 30 s
MISSED = timedelta(seconds=5)  # a killed worker's cached workflows go to another one after this
# The sandbox would load `workflows/` anew for every cached workflow: 150 KB a seller, not 100. The tests keep it whole, and catch there
# what a workflow may not do.
RUNNER = SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules("workflows"))
logger = logging.getLogger("sellerbeat.worker")


def build(client: Client, settings: Settings, store: Store, threads: ThreadPoolExecutor, meters: Meters = SILENT) -> Worker:
    """The worker with all its parts."""
    http = http_client(THREADS)
    assert settings.ebay_client_id  # main() asked for them
    assert settings.ebay_client_secret
    oauth = OAuth(
        http,
        settings.ebay_api_url,
        settings.ebay_client_id,
        settings.ebay_client_secret.get_secret_value(),
        settings.ebay_timeout.total_seconds(),
    )
    tokens = StoredTokens(store, oauth)
    ebay = Ebay(settings.ebay_api_url, tokens, oauth, http, settings.ebay_timeout)
    ebay.observe = meters.answered
    every: dict[Stream, timedelta] = {stream: getattr(settings, spec.every) for stream, spec in STREAMS.items() if spec.every}
    quota = QuotaWatch(store, ebay)
    pace = Pace(every, settings.pacing_promise, settings.pacing_use_spare, Plans(store))
    identity = Identity(http, settings.identity_url, settings.ebay_timeout.total_seconds())
    steps = StepRunner(store, ebay, pace, quota, limits(settings), meters, identity)
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=[SellerPolling, Watchdog, Planner, Erasing],
        activities=[
            OrderPolling(steps, settings.order_overlap).poll_orders,
            FulfillmentPolling(steps).poll_fulfillment,
            InventoryPolling(steps).poll_inventory,
            ListingPolling(steps).poll_listings,
            Backfill(steps).backfill_orders,
            Sweep(steps, settings.sweep_every, settings.order_overlap).sweep_orders,
            Report(steps, settings.sweep_every).read_report,
            OfferReading(steps).read_offers,
            NotificationPoll(steps).poll_notified,
            OverrideStorage(store).save_overrides,
            LostSellers(store, client, DeadTokens(tokens, client)).find_lost_sellers,
            FleetPlanning(store, pace, quota).plan_fleet,
            UserErasing(store, client).erase_users,
        ],
        activity_executor=threads,
        tuner=step_slots(steps.breakers.is_ill),
        max_cached_workflows=CACHED_WORKFLOWS,
        graceful_shutdown_timeout=GRACE,
        sticky_queue_schedule_to_start_timeout=MISSED,
        interceptors=[Heartbeats(), Lasting()],
        workflow_runner=RUNNER,
        build_id=VERSION,  # else the SDK reads and hashes all modules that are loaded, which takes most of a start without its imports
    )


def step_slots(is_ill: Callable[[], bool]) -> WorkerTuner:
    """As many steps at once as there are threads; none while this worker fails where others do not. All else as the SDK has it."""
    usual = FixedSizeSlotSupplier(100)
    return WorkerTuner.create_composite(
        workflow_supplier=usual, activity_supplier=Vacancies(THREADS, is_ill), local_activity_supplier=usual, nexus_supplier=usual
    )


def limits(settings: Settings) -> dict[str, int]:
    return {
        "orders": settings.quota_orders,
        "inventory": settings.quota_inventory,
        "trading": settings.quota_trading,
        "feed": settings.quota_feed,
    }


async def work(settings: Settings, waits: Waits) -> None:
    assert settings.database_url
    meters = runtime.meters(runtime.start(settings.metrics_bind))
    meters.begin(stream.value for stream in Stream)
    store = Store.connect(settings.database_url.get_secret_value(), settings.keys(), THREADS + 1, waits, settings.database_schema)
    store.check()
    environment = read_environment()
    with sent(environment, "sellerbeat-worker") as interceptors:
        client = await connect(environment, interceptors)
        if not await check(client):
            logger.info("Temporal does not tell which search attributes there are; those that starter.py migrate names are needed")
        await compare_feed(client, store, settings.task_queue)  # before a task is taken: a restored database is made good first
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        keep = Retention(
            settings.keep_events, settings.keep_polls, settings.keep_deliveries, settings.keep_notifications, settings.keep_audit
        )
        poster = Poster(policy_of(settings))
        deliveries = Store.connect(settings.database_url.get_secret_value(), settings.keys(), CONNECTIONS, schema=settings.database_schema)
        present_store = Store.connect(settings.database_url.get_secret_value(), settings.keys(), 1, schema=settings.database_schema)
        with bounded(GRACE + ENDING, still_here) as ending, ThreadPoolExecutor(THREADS, thread_name_prefix="step") as threads:
            polling = build(client, settings, store, threads, meters)
            async with polling, delivering(client, settings.task_queue, deliveries, poster, meters, keep) as end_deliveries:
                await schedule(client, settings.task_queue)
                waking = asyncio.create_task(wake_failing(client, store, VERSION))
                looking = asyncio.create_task(keep_looking(client, store, settings.task_queue))
                presence = WorkerPresence(client, present_store, settings.task_queue)
                present = asyncio.create_task(presence.keep())
                writing = asyncio.create_task(AlertMessenger(deliveries, senders(settings, poster)).run())
                async with health_door(settings.health_bind, presence.readiness):
                    logger.info("worker runs on task queue", extra={"task_queue": settings.task_queue})
                    await stop.wait()
                waking.cancel()
                looking.cancel()
                ending()
                present.cancel()
                writing.cancel()
                logger.info("worker stops once the steps in hand are done", extra={"at_most_s": GRACE.seconds})
                await asyncio.gather(polling.shutdown(), end_deliveries(), presence.end())  # together: each has its grace


def still_here() -> None:
    logger.warning("worker leaves though the SDK has not ended; nothing is lost", extra={"after_s": (GRACE + ENDING).total_seconds()})


def main(waits: Waits = EBAYS) -> int:
    try:
        settings = load(*NEEDED)
        logs.configure(settings.log_format)
        asyncio.run(work(settings, waits))
    except (SettingsError, TracesError) as error:
        print(f"worker: {error}", file=sys.stderr)
        return 2
    except (StoreError, TemporalUnavailableError, AttributesMissingError, MetricsBindError, HealthBindError, RPCError) as error:
        print(f"worker: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    gc.freeze()  # and stays to the end
    gc.enable()
    leave(main())
