"""getOrders' parameters as eBay documents them, and as strictly. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from simulator.answers import fulfillment_error
from simulator.times import DAY, from_iso

STATUSES = frozenset({"NOT_STARTED", "IN_PROGRESS"}), frozenset({"FULFILLED", "IN_PROGRESS"})  # the only two that eBay supports
RANGE = re.compile(r"\[(.*?)\.\.(.*?)\]")
TWO_YEARS = 730 * DAY
DATES = {"creationdate": "creation", "lastmodifieddate": "modified"}


@dataclass(frozen=True, slots=True)
class Query:
    """What rows getOrders is asked for; times in milliseconds, both ends included."""

    by: str = "creation"  # or "modified"
    start_ms: int = 0
    end_ms: int = 0
    statuses: frozenset[str] = frozenset()
    order_ids: tuple[str, ...] | None = None  # given: nothing else counts
    limit: int = 50
    offset: int = 0


def parse(query: Mapping[str, str], now_ms: int) -> Query:
    """
    Raises:
        ApiError: 400 with eBay's error id.
    """
    if "orderIds" in query:
        ids = tuple(dict.fromkeys(one for one in query["orderIds"].split(",") if one))
        if len(ids) > 50:
            raise fulfillment_error(30900, "Exceeded maximum number of order IDs (the current limit is 50)")
        return Query(order_ids=ids, limit=50)
    field_groups(query)
    limit, offset = _number(query, "limit", 50), _number(query, "offset", 0)
    if limit is None or not 1 <= limit <= 200:
        raise fulfillment_error(31100, f"Invalid limit: {query['limit']}", limitvalue=query["limit"])
    if offset is None or offset < 0:
        raise fulfillment_error(31000, f"Invalid offset: {query['offset']}", offsetvalue=query["offset"])
    criteria = _criteria(query.get("filter", ""))
    statuses = _statuses(criteria["orderfulfillmentstatus"]) if "orderfulfillmentstatus" in criteria else frozenset[str]()
    # all criteria are checked; when both dates are given, eBay uses only the date of creation, and does not say so
    ranges = {name: _range(name, criteria[name], now_ms) for name in ("creationdate", "lastmodifieddate") if name in criteria}
    for name, (start, end) in ranges.items():
        return Query(DATES[name], start, end, statuses, None, limit, offset)
    return Query("creation", now_ms - 90 * DAY, now_ms, statuses, None, limit, offset)


def field_groups(query: Mapping[str, str]) -> None:
    """TAX_BREAKDOWN, or none."""
    if query.get("fieldGroups", "TAX_BREAKDOWN") != "TAX_BREAKDOWN":
        raise fulfillment_error(32800, f"Invalid field group: {query['fieldGroups']}", fieldGroup=query["fieldGroups"])


def _number(query: Mapping[str, str], name: str, default: int) -> int | None:
    text = query.get(name, str(default))
    return int(text) if re.fullmatch(r"-?[0-9]{1,15}", text) else None


def _criteria(text: str) -> dict[str, str]:
    """`name:value` parts by name. Commas within brackets do not occur in eBay's values."""
    criteria: dict[str, str] = {}
    for part in text.split(",") if text else []:
        name, _, value = part.partition(":")
        if name not in (*DATES, "orderfulfillmentstatus") or name in criteria:
            raise fulfillment_error(30700, f"Invalid filter name: {name}", fieldname=name)
        criteria[name] = value
    return criteria


def _statuses(value: str) -> frozenset[str]:
    asked = frozenset(value[1:-1].split("|")) if value.startswith("{") and value.endswith("}") else frozenset[str]()
    if asked not in STATUSES:
        raise fulfillment_error(
            30800, f"Invalid filter value {value} for filter orderfulfillmentstatus", fieldvalue=value, fieldname="orderfulfillmentstatus"
        )
    return asked


def _range(name: str, value: str, now_ms: int) -> tuple[int, int]:
    match = RANGE.fullmatch(value)
    if not match:
        raise fulfillment_error(30800, f"Invalid filter value {value} for filter {name}", fieldvalue=value, fieldname=name)
    if not match[1]:
        raise fulfillment_error(30820, "Start date is missing")
    try:
        start = from_iso(match[1])
        end = from_iso(match[2]) if match[2] else None
    except ValueError:
        raise fulfillment_error(30810, "Invalid date format") from None
    if start > now_ms or (end is not None and end > now_ms):
        raise fulfillment_error(30850, "Start and end dates can't be in the future")
    end = now_ms if end is None else end
    if start > end:
        raise fulfillment_error(30840, "Start date should be before end date")
    if end - start >= TWO_YEARS or start <= now_ms - TWO_YEARS:  # two whole years fail, 729 days work
        raise fulfillment_error(30830, "Time range between start date and end date must be within '2' years.", allowedTime="2")
    return start, end
