"""Reports that sellers ordered: who, when, and of what. A report shows the active listings of the moment in which it was ordered."""

from collections import Counter
from dataclasses import dataclass, field

from simulator.ledger import Body
from simulator.times import DAY

FAILURES = "FAILED", "ABORTED", "COMPLETED_WITH_ERROR"


@dataclass
class Report:
    """One report of a seller."""

    id: str
    seller: str
    number: int  # the how manyeth of its seller
    ordered_ms: int
    ready_ms: int
    criteria: dict[str, str]
    rows: list[Body] = field(repr=False)
    faults: frozenset[str] = frozenset()  # hostility's switches, see `hostility.py`
    file_format: str = "zip"
    failure: str = ""  # the status it ends with, if it fails

    def status(self, now_ms: int) -> str:
        """In the Feed API's words."""
        if now_ms < self.ordered_ms + (self.ready_ms - self.ordered_ms) // 3:
            return "QUEUED"
        if now_ms < self.ready_ms or "report_stuck" in self.faults:
            return "IN_PROCESS"
        return self.failure or "COMPLETED"


class Reports:
    """All reports of all sellers."""

    def __init__(self) -> None:
        self.all: dict[str, Report] = {}
        self.made: Counter[str] = Counter()  # by seller

    def under_way(self, seller: str, now_ms: int) -> int:
        """How many are queued or in process."""
        return sum(one.status(now_ms) in ("QUEUED", "IN_PROCESS") for one in self.all.values() if one.seller == seller)

    def of_a_day(self, seller: str, now_ms: int) -> int:
        """How many were ordered within 24 hours."""
        return sum(one.seller == seller and one.ordered_ms > now_ms - DAY for one in self.all.values())

    def add(self, report: Report) -> None:
        """One more was ordered."""
        self.all[report.id] = report
        self.made[report.seller] += 1
