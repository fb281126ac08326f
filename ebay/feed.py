"""The Feed API: the report of all active listings, made on demand. What is in it is read by `ebay/report.py`.

It needs the scope `sell.inventory` in full; without it each call is an `AccessDeniedError`.
"""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import BinaryIO, Literal

from ebay.answers import refusal
from ebay.calls import FEED, SellerCalls
from ebay.errors import BadAnswerError, NotFoundError
from ebay.http import Answer
from ebay.paths import segment

TASK = "/sell/feed/v1/inventory_task"
MAX_REPORT = 256 * 1024 * 1024  # bytes as they come, compressed; 100,000 listings are some 5 MB
DOWNLOAD = timedelta(minutes=5)
TOO_MANY = {160024: "too many reports are being made at the same time", 160025: "too many reports were made in this period"}
TASK_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")
READY = {"COMPLETED", "COMPLETED_WITH_ERROR"}  # the states in which eBay gives the file
FAILED = {"FAILED", "ABORTED", "PARTIALLY_PROCESSED"}


@dataclass(frozen=True, slots=True)
class ReportAsked:
    """eBay accepted the task (202). `task_id`: the last segment of its Location, by which `report` and `download` ask."""

    task_id: str


@dataclass(frozen=True, slots=True)
class TooMany:
    """eBay makes no more reports for now: an answer, not an error. Ask again later."""

    why: str


@dataclass(frozen=True, slots=True)
class ReportState:
    """What getInventoryTask says of a report. Only a "ready" one can be downloaded; a "failed" one has to be asked for anew."""

    state: Literal["running", "ready", "failed"]
    words: str  # for people
    whole: bool = True  # False: it is ready, but eBay had errors while making it, so a listing that is absent may be active


class FeedCalls(SellerCalls):
    """A seller's calls of the Feed API: ask for a report, look how far it is, download it. Each counts against the resource `feed`."""

    __slots__ = ()

    def create_report(self, marketplace: str) -> ReportAsked | TooMany:
        """createInventoryTask for LMS_ACTIVE_INVENTORY_REPORT. `marketplace`: as eBay spells it, such as EBAY_US."""
        content = json.dumps({"feedType": "LMS_ACTIVE_INVENTORY_REPORT", "schemaVersion": "1.0"}).encode()
        headers = [(b"X-EBAY-C-MARKETPLACE-ID", marketplace.encode("ascii"))]

        def read(answer: Answer) -> ReportAsked | TooMany:
            if answer.status == 202:
                return ReportAsked(_task_id(answer.location))
            error = refusal(answer, self.now())
            if answer.status == 409 and (why := next((TOO_MANY[code] for code in error.codes if code in TOO_MANY), None)):
                return TooMany(why)
            raise error

        return self.authorized(FEED, lambda token: self.ebay.send(token, "POST", TASK, content, headers), read)

    def report(self, task_id: str) -> ReportState:
        """getInventoryTask. A state that is not known counts as running: whoever waits has a limit of their own."""
        try:
            document = self.json(FEED, "GET", f"{TASK}/{segment(task_id)}")
        except NotFoundError:
            return ReportState("failed", "eBay knows this report no more")
        status = document.get("status") if isinstance(document, dict) else None
        if not isinstance(status, str):
            raise BadAnswerError("eBay's answer has no state of the report", status=200)
        if status in READY:
            return ReportState("ready", f"eBay says {status}", whole=status == "COMPLETED")
        if status in FAILED:
            return ReportState("failed", f"eBay says {status}")
        known = re.fullmatch("[A-Z_]{1,30}", status)  # nothing else of an answer is for people to see
        return ReportState("running", f"eBay says {status}" if known else "eBay names no state that is known")

    def download(self, task_id: str, file: BinaryIO, limit: int = MAX_REPORT) -> None:
        """getResultFile: the report as eBay packed it, into `file`. After an error `file` holds a part of it or nothing.

        Raises:
            NotFoundError: there is no file (any more).
        """
        path = f"/sell/feed/v1/task/{segment(task_id)}/download_result_file"

        def read(answer: Answer) -> None:
            if answer.status != 200:
                raise refusal(answer, self.now())

        self.authorized(FEED, lambda token: self.ebay.download(token, path, file, limit, DOWNLOAD), read)


def _task_id(location: str | None) -> str:
    found = (location or "").rstrip("/").rpartition("/")[2]
    if not TASK_ID.fullmatch(found):
        raise BadAnswerError("eBay's answer does not say which report it makes", status=202)
    return found
