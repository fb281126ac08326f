"""eBay's Feed API for the active inventory report (eBay docs: createInventoryTask, getInventoryTask, getResultFile)."""

import json
import re
from collections.abc import Mapping
from random import Random

from simulator.answers import Answer, feed_error
from simulator.apis import archive
from simulator.ledger import Document, dumps
from simulator.requests import Request
from simulator.state.reports import FAILURES, Report
from simulator.times import iso
from simulator.world import World

API = "https://api.ebay.com/sell/feed/v1"
TASKS, FILES = "/sell/feed/v1/inventory_task", "/sell/feed/v1/task"
FEED = "LMS_ACTIVE_INVENTORY_REPORT"
MARKETPLACES = re.compile("EBAY_(US|MOTORS_US|GB|DE|AU|CA|FR|IT|ES|AT|BE|CH|IE|NL|PL|HK|SG|MY|PH)")
FORMATS = "FIXED_PRICE", "AUCTION"
FAULTS = (
    "report_stuck",
    "report_failed",
    "not_a_zip",
    "zip_bomb",
    "torn_report",
    "rows_twice",
    "rows_nameless",
    "rows_negative",
    "rows_unknown",
)


def create_task(world: World, request: Request, headers: Mapping[str, str], body: bytes) -> Answer:
    """A report is ordered: of the listings that are active now. Its address is in the header Location."""
    criteria = _criteria(headers, body)
    now, seller, switches = world.clock.now_ms(), request.seller, world.switches
    if world.reports.under_way(seller, now) >= switches.reports_at_once:
        words = "You have reached the maximum number of feed tasks that can be queued or processed concurrently."
        raise feed_error(409, 160024, words, "BUSINESS")
    if world.reports.of_a_day(seller, now) >= switches.reports_a_day:
        words = "You have exceeded the maximum number of records or tasks that can be created or processed in the period (hourly or daily)."
        raise feed_error(409, 160025, words, "BUSINESS")
    number = world.reports.made[seller] + 1
    hits = {name for name in FAULTS if not _calm(world) and world.hostility and world.hostility.hits(name, seller, number)}
    task = f"task-{10 + number}-{10**9 + world.sellers[seller].number * 10**6 + number}"
    inventory = world.inventories[seller]
    shown = [inventory.listings[item].shown for _, item in inventory.active] if criteria.get("listingFormat") != "AUCTION" else []
    ready = now + int(switches.report_s * 1000)
    failure = Random(f"{world.seed}:{task}").choice(FAILURES) if "report_failed" in hits else ""
    rows = [one.body for one in shown if one]
    world.reports.add(Report(task, seller, number, now, ready, criteria, rows, frozenset(hits), switches.report_format, failure))
    return Answer(202, "", {"Location": f"{API}/inventory_task/{task}"})


def get_task(world: World, request: Request) -> Answer:
    """How a report is getting on."""
    report, now = _report(world, request, request.path.rsplit("/", 1)[1]), world.clock.now_ms()
    status = report.status(now)
    task: Document = {"taskId": report.id, "status": status, "feedType": FEED, "creationDate": iso(report.ordered_ms)}
    if status in ("COMPLETED", "COMPLETED_WITH_ERROR"):
        task["completionDate"] = iso(report.ready_ms)
    task.update(schemaVersion="1.0", detailHref=f"{API}/inventory_task/{report.id}")
    if report.criteria:
        task["filterCriteria"] = report.criteria
    return Answer(200, dumps(task))


def download(world: World, request: Request) -> Answer:
    """A report's file, once it is completed."""
    report = _report(world, request, request.path.split("/")[-2])
    if report.status(world.clock.now_ms()) != "COMPLETED":
        raise feed_error(404, 160014, f"No file found for task ID {report.id}.")
    name = f"{report.id}_report.{archive.ENDINGS[report.file_format]}"
    headers = {"Content-Type": "application/octet-stream", "Content-Disposition": f'attachment; filename="{name}"'}
    huge = world.hostility.bomb_bytes if world.hostility else 0
    return Answer(200, "", headers, stream=archive.packed(report, world.ledger.text, iso(report.ready_ms), huge))


def _report(world: World, request: Request, task: str) -> Report:
    report = world.reports.all.get(task)
    if not report or report.seller != request.seller:
        raise feed_error(404, 160003, f"Task {task} does not exist.")
    if _calm(world):  # whatever was wrong with it
        report.faults, report.failure = frozenset(), ""
    return report


def _calm(world: World) -> bool:
    return world.hostility is None or world.hostility.calm


def _criteria(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    if not MARKETPLACES.fullmatch(headers.get("x-ebay-c-marketplace-id", "")):
        raise feed_error(400, 160027, "The X-EBAY-C-MARKETPLACE-ID header is missing or invalid.")
    try:
        asked = json.loads(body)
    except ValueError:
        asked = None
    if not isinstance(asked, dict) or asked.get("feedType") != FEED:
        raise feed_error(400, 160017, "The 'feedType' is missing or invalid.")
    if asked.get("schemaVersion") != "1.0":
        raise feed_error(400, 160018, "The 'schemaVersion' is invalid.")
    criteria = asked.get("filterCriteria") or {}
    if not isinstance(criteria, dict) or criteria.get("listingFormat", FORMATS[0]) not in FORMATS:
        raise feed_error(400, 160019, "The 'filterCriteria' is invalid. listingFormat")
    return {name: str(value) for name, value in criteria.items()}
