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
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulator.hostility import Leap
from simulator.judge.histories import Content, History, Key, Row, State, content, histories_of, time
from simulator.judge.normal import NOTHING, digest, read_alone
from simulator.judge.sales import CREATED, SOLD, Sales
from simulator.judge.verdict import Verdict

__all__ = ["Verdict", "judge"]

KINDS = "order", "fulfillment", "inventory", "offer"  # offers are in the ledger once somebody asked for them
SLACK = timedelta(seconds=2)  # of `occurred_at`, as eBay's `Date` has whole seconds


@dataclass(frozen=True)
class Dates:
    """What the time of an answer says about what eBay had shown by then."""

    slack: timedelta
    leaps: tuple[Leap, ...]

    def by(self, seller: str, occurred_at: datetime) -> datetime:
        """Dated by a Date header that had leapt back, an answer may show what came long after it."""
        true = [leap.true for leap in self.leaps if leap.seller == seller and abs(leap.shown - occurred_at) <= self.slack]
        return max([occurred_at, *true]) + self.slack


@dataclass
class Recorded:
    """What the events so far recorded of one entity."""

    content: Content | None = None
    alone: str = ""
    version: int = 0
    types: set[str] = field(default_factory=set)
    run: int = -1
    detected_at: datetime | None = None

    @property
    def state(self) -> State | None:
        return self.content.state if self.content else None


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
    """
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
    recorded = _read_events(verdict, histories, events, names, kinds, Dates(slack, tuple(leaps)), sales)
    if "inventory" in kinds:
        _judge_sales(verdict, sales, {(names.get(seller, seller), line) for seller, line in excused_lines})
    shown = _snapshots(verdict, snapshots or {}, names)
    groups: dict[Key, list[Key]] = {}
    for key in {**histories, **recorded}:
        groups.setdefault(_group(key), []).append(key)
    snapped = {(names.get(seller, seller), _singular(kind)) for seller, kind in snapshots or {}}
    oldest = since.strftime("%Y-%m-%dT%H:%M:%S") if since else ""
    for members in groups.values():
        owned = [key for key in members if key in histories]
        verdict.entities += len(owned)
        if owned and _unknowable(owned[0], histories):
            verdict.nameless += owned[0][1] != "fulfillment"
            continue
        if owned and (order := _order_of(owned[0])) in histories and order not in recorded and histories[order].modified_at < oldest:
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


def _read_events(
    verdict: Verdict,
    histories: dict[Key, History],
    events: Iterable[Row],
    names: Mapping[str, str],
    kinds: tuple[str, ...],
    dates: Dates,
    sales: Sales,
) -> dict[Key, Recorded]:
    """Read the feed once; finds what is twice or wrong."""
    recorded: dict[Key, Recorded] = {}
    ids: set[str] = set()
    position = 0
    sequences: Counter[str] = Counter()
    latest: dict[str, datetime] = {}
    twins = Counter(_group(key) for key in histories)
    for event in events:
        words = f"{event['type']} {event['seller_id']}/{event['entity_id']} version {event['version']} at position {event['position']}"
        if event["id"] in ids:
            verdict.find("twice", f"{words}: its id was there before")
            continue
        ids.add(event["id"])
        if event["position"] <= position:
            verdict.find("wrong", f"{words}: positions do not grow")
        position = event["position"]
        seller, detected_at = event["seller_id"], time(event["detected_at"])
        if seller is not None:
            sequences[seller] += 1
            if event["sequence"] != sequences[seller]:
                verdict.find("wrong", f"{words}: sequence {event['sequence']} where {sequences[seller]} was due")
                sequences[seller] = event["sequence"]
            if detected_at < latest.get(seller, detected_at):
                verdict.find("wrong", f"{words}: detected_at falls")
            latest[seller] = detected_at
        kind, _, what = event["type"].partition(".")
        owner = names.get(seller, seller)
        if event["type"] == CREATED:
            sales.sources.setdefault((owner, event["entity_id"]), event["source"])
        if kind not in kinds:
            continue
        verdict.changes += 1
        if event["type"] == SOLD:
            _check_sale(verdict, sales, owner, event, recorded, words)
            continue
        key = (owner, kind, event["entity_id"])
        _check_event(
            verdict, histories, recorded.setdefault(key, Recorded()), key, event, what, detected_at, words, twins[_group(key)] > 1, dates
        )
    return recorded


def _check_sale(verdict: Verdict, sales: Sales, seller: str, event: Row, recorded: Mapping[Key, Recorded], words: str) -> None:
    """One sale. It leaves what was recorded of its entity as it is."""

    def stands(entity_id: str) -> tuple[bool, int]:
        row = recorded.get((seller, "inventory", entity_id), Recorded())
        return row.state is not None and not row.state[1], row.version

    if sales.shown and (found := sales.check(seller, event, words, stands)):
        verdict.find(found[0], f"{words}: {found[1]}")


def _judge_sales(verdict: Verdict, sales: Sales, excused: Collection[tuple[str, str]]) -> None:
    for words in sales.from_before():
        verdict.find("wrong", words)
    for words in sales.lost(excused):
        verdict.find("lost", words)


def _check_event(
    verdict: Verdict,
    histories: dict[Key, History],
    recorded: Recorded,
    key: Key,
    event: Row,
    what: str,
    detected_at: datetime,
    words: str,
    twin: bool,
    dates: Dates,
) -> None:
    """One event about one entity."""
    new = content(key[1], key[2], event["data"], what == "removed", detected_at)
    state = new.state
    if event["version"] == recorded.version:  # beside the change itself: order.cancelled and the like
        if what in recorded.types:
            verdict.find("twice", f"{words}: this type of this version was there before")
        elif recorded.state != state:
            verdict.find("wrong", f"{words}: other data than the event beside it")
        recorded.types.add(what)
        return
    if event["version"] < recorded.version:
        verdict.find("wrong", f"{words}: after version {recorded.version}")
    alone = read_alone(key[1], event["data"])
    again, more = recorded.state == state, alone not in ("", NOTHING, recorded.alone)
    recorded.content = new
    recorded.version, recorded.types, recorded.detected_at, recorded.alone = event["version"], {what}, detected_at, alone
    if again and more:
        return
    if again:
        verdict.find("twice", f"{words}: nothing changed since the version before")
        return
    if twin:
        states = {run.state for other, history in histories.items() if _group(other) == _group(key) for run in history.runs}
        if state not in states and not (state[1] and (state[0], False) in states):
            verdict.find("wrong", f"{words}: eBay never showed this")
        return
    _match(
        verdict,
        histories.get(key),
        recorded,
        new,
        event,
        words,
        dates.by(key[0], time(event["occurred_at"])) if key[1] == "inventory" else None,
    )


def _match(
    verdict: Verdict, history: History | None, recorded: Recorded, new: Content, event: Row, words: str, by: datetime | None
) -> None:
    """Which of eBay's versions the event is. `by`: what was shown only later cannot be it."""
    matches = history.matches(new) if history else []
    if not history or not matches:
        verdict.find("wrong", f"{words}: eBay never showed this")
        return
    shown = [k for k in matches if by is None or history.runs[k].sayable_at <= by]
    if not shown:
        verdict.find("wrong", f"{words}: eBay had not shown this yet")
        return
    later = [k for k in shown if k > recorded.run or (k == recorded.run and history.runs[k].unusable)]
    if not later:
        verdict.find("wrong", f"{words}: older than what was recorded before")
        return
    recorded.run = later[0]
    if event.get("source") == "poll":
        detected_at = time(event["detected_at"])
        seen = [k for k in later if history.runs[k].visible_at <= detected_at] or later[:1]
        verdict.delays.append((detected_at - history.runs[seen[-1]].visible_at).total_seconds())


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


def _group(key: Key) -> Key:
    return (key[0], key[1], key[2].split("#", 1)[0]) if key[1] == "fulfillment" else key


def _unknowable(key: Key, histories: dict[Key, History]) -> bool:
    """Whether nobody can know how it stands: its id is missing, or the id of the order it belongs to."""
    order = _order_of(key)
    return histories[key].nameless or (order in histories and histories[order].nameless)


def _order_of(key: Key) -> Key | None:
    """Of a parcel."""
    return (key[0], "order", key[2].split("/", 1)[0]) if key[1] == "fulfillment" else None
