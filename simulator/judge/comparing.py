"""Was everything recorded, once, and right? Compares what happened (the ledger) with what the product recorded (its change events). Pure.

*lost*   an entity whose newest version, visible before the deadline, is not what the last event about it says (or the snapshot,
         where one is given); or about which there is no event at all. A version that lived between two polls cannot be seen by
         polling and is not lost; nor is what eBay shows without its id, which can only be set aside, nor a parcel of such an order;
         nor an order that is there no more, since its id changed when it was paid.
*twice*  the same event id twice; the same type of the same version twice; two versions in a row with equal content.
*wrong*  an event whose data is no version of its entity, or an older one than was recorded before; versions that do not grow; a gap
         in a seller's sequence; positions or a seller's `detected_at` that fall.
         Of stock, `occurred_at` is the time of eBay's answer: what eBay showed only later is wrong too, be it ever so true by then.
         A parcel is visible when its order's list of parcels shows it (`visible_at` in the ledger), though the order may name it earlier.
*sales*  `inventory.sold` is no version of anything: it is held against the lines of orders, see `sales.py`.
*delay*  `detected_at` minus the moment from which eBay showed that content; of events found by polling only.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from simulator.hostility import Leap
from simulator.judge.events import Dates, EventReader, Recorded
from simulator.judge.histories import History, Key, Row, State, group, histories_of, order_of
from simulator.judge.normal import digest
from simulator.judge.sales import Sales
from simulator.judge.verdict import Verdict

KINDS = "order", "fulfillment", "inventory", "offer"  # offers are in the ledger once somebody asked for them
SLACK = timedelta(seconds=2)  # of `occurred_at`, as eBay's `Date` has whole seconds


def judge(
    ledger_rows: Iterable[Row],
    events: Iterable[Row],
    snapshots: Mapping[tuple[str, str], Iterable[Row]] | None = None,
    *,
    at: datetime,
    grace: timedelta = timedelta(0),
    since: datetime | None = None,
    sellers: Mapping[str, str] | None = None,
    kinds: Iterable[str] = KINDS,
    slack: timedelta = SLACK,
    excused_lines: Collection[tuple[str, str]] = (),
    leaps: Iterable[Leap] = (),
) -> Verdict:
    """The ledger's rows against the product's events, and against its snapshots where there are some.

    Args:
        events: all of them, in the feed's order, as the contract shapes them.
        snapshots: rows of `starter.py snapshot` by (seller id, kind); where given, they must say what eBay says.
        at: when the product was last read; what became visible within `grace` before it need not be recorded.
        since: how far back the product had to read; an older entity of which it recorded nothing is not lost.
        sellers: the product's seller ids -> the ledger's sellers; without it they are the same.
        kinds: order, fulfillment, inventory, offer: what to judge. Sales are judged with the inventory, by the orders in the ledger.
        slack: so much later than `occurred_at` says eBay may have shown what is recorded of stock: more where its `Date` is behind.
        leaps: answers whose `Date` was far off: who dates by one of them did not read at that time.
        excused_lines: the product's seller and lineItemId of lines that it stored before it recorded sales.
    """
    verdict, names, kinds = Verdict(), sellers or {}, tuple(kinds)
    deadline, sales = at - grace, Sales()
    histories = histories_of(sales.noting(ledger_rows, deadline), kinds, deadline, at)
    recorded = EventReader(verdict, histories, sales, names, kinds, Dates(slack, tuple(leaps))).read(events)
    if "inventory" in kinds:
        _judge_sales(verdict, sales, {(names.get(seller, seller), line) for seller, line in excused_lines})
    shown = _snapshots(verdict, snapshots or {}, names)
    groups: dict[Key, list[Key]] = {}
    for key in {**histories, **recorded}:
        groups.setdefault(group(key), []).append(key)
    snapped = {(names.get(seller, seller), _singular(kind)) for seller, kind in snapshots or {}}
    oldest = since.strftime("%Y-%m-%dT%H:%M:%S") if since else ""
    for members in groups.values():
        owned = [key for key in members if key in histories]
        verdict.entities += len(owned)
        if owned and _unknowable(owned[0], histories):
            verdict.nameless += owned[0][1] != "fulfillment"
            continue
        if owned and (order := order_of(owned[0])) in histories and order not in recorded and histories[order].modified_at < oldest:
            continue  # a parcel of an order that was not to be read
        if len(owned) > 1:
            if any(key in recorded for key in members) or any(histories[key].modified_at >= oldest for key in owned):
                _judge_twins(verdict, owned, members, histories, recorded)
            continue
        for key in owned:
            if _judge_one(verdict, key, histories[key], recorded.get(key), oldest) and key[:2] in snapped and key in recorded:
                right = {run.state for run in histories[key].runs[histories[key].due :]} | {recorded[key].state}
                if shown.get(key) not in right:
                    verdict.find("lost", f"{key[1]} {key[0]}/{key[2]}: the snapshot is not the newest that eBay showed")
    verdict.delays.sort()
    return verdict


def _judge_sales(verdict: Verdict, sales: Sales, excused: Collection[tuple[str, str]]) -> None:
    for words in sales.from_before():
        verdict.find("wrong", words)
    for words in sales.lost(excused):
        verdict.find("lost", words)


def _judge_one(verdict: Verdict, key: Key, history: History, recorded: Recorded | None, oldest: str) -> bool:
    """Whether the last event about an entity says what eBay showed last (nothing to say: true)."""
    if history.due < 0:
        return True  # not visible yet
    if key[1] == "order" and history.runs[history.due].state[1]:
        return True  # eBay shows it no more, and whatever is kept of it was true
    words = f"{key[1]} {key[0]}/{key[2]}"
    if recorded is None or recorded.content is None:
        if history.runs[history.due].state[1] or history.modified_at < oldest:
            return True  # gone before anybody could see it, or older than what was to be read
        verdict.find("lost", f"{words}: no event")
        return False
    if max(history.matches(recorded.content), default=-1) < history.due:
        verdict.find("lost", f"{words}: the last event (version {recorded.version}) is not the newest that eBay showed")
        return False
    return True


def _judge_twins(
    verdict: Verdict, owned: list[Key], members: list[Key], histories: dict[Key, History], recorded: dict[Key, Recorded]
) -> None:
    """Parcels that share their id: which of them is `#2` depends on who was seen first, so they are compared together."""
    if any(histories[key].due != len(histories[key].runs) - 1 for key in owned):
        return  # something came after the deadline: either answer is right
    true = Counter(histories[key].runs[-1].state for key in owned if not histories[key].runs[-1].state[1])
    last = [recorded[key].state for key in members if key in recorded]
    said = Counter(state for state in last if state and not state[1])
    for _ in range(sum(((true - said) + (said - true)).values())):
        verdict.find("lost", f"fulfillment {owned[0][0]}/{owned[0][2]}: the parcels that share this id are not those that eBay showed")


def _snapshots(verdict: Verdict, snapshots: Mapping[tuple[str, str], Iterable[Row]], names: Mapping[str, str]) -> dict[Key, State]:
    shown: dict[Key, State] = {}
    for (seller, kind), rows in snapshots.items():
        for row in rows:
            if row.get("set_aside") is not None:
                verdict.set_aside += 1
                continue
            key = (names.get(seller, seller), _singular(kind), row["entity_id"])
            shown[key] = (digest(key[1], row["data"]), row.get("removed_at") is not None)
    return shown


def _singular(kind: str) -> str:
    return kind.removesuffix("s")


def _unknowable(key: Key, histories: dict[Key, History]) -> bool:
    """Whether nobody can know how it stands: its id is missing, or the id of the order it belongs to."""
    order = order_of(key)
    return histories[key].nameless or (order in histories and histories[order].nameless)
