"""The product's events, read once in the feed's order: what they recorded of each entity, and what of it is twice or wrong."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulator.hostility import Leap
from simulator.judge.histories import Content, History, Key, Row, State, content, group, time
from simulator.judge.normal import NOTHING, read_alone
from simulator.judge.sales import CREATED, SOLD, Sales
from simulator.judge.verdict import Verdict


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

    @property
    def state(self) -> State | None:
        """Content, and whether it is removed; None: nothing was recorded yet."""
        return self.content.state if self.content else None


class EventReader:
    """
    Args:
        names: the product's seller ids -> the ledger's sellers; those that are not in it are the same.
        kinds: what is judged; of other events only their ids, positions and sequences are.
    """

    def __init__(
        self,
        verdict: Verdict,
        histories: Mapping[Key, History],
        sales: Sales,
        names: Mapping[str, str],
        kinds: Collection[str],
        dates: Dates,
    ) -> None:
        self.verdict, self.histories, self.sales, self.names, self.kinds, self.dates = verdict, histories, sales, names, kinds, dates
        self.twins = Counter(group(key) for key in histories)
        self.recorded: dict[Key, Recorded] = {}
        self.ids: set[str] = set()
        self.position = 0
        self.sequences: Counter[str] = Counter()
        self.latest: dict[str, datetime] = {}  # `detected_at`, by seller

    def read(self, events: Iterable[Row]) -> dict[Key, Recorded]:
        """All of them: what they recorded, by entity."""
        for event in events:
            words = f"{event['type']} {event['seller_id']}/{event['entity_id']} version {event['version']} at position {event['position']}"
            if event["id"] in self.ids:
                self.verdict.find("twice", f"{words}: its id was there before")
                continue
            self.ids.add(event["id"])
            self._check_order(event, words)
            self._check_content(event, words)
        return self.recorded

    def _check_order(self, event: Row, words: str) -> None:
        """Positions of the feed, a seller's sequence and `detected_at`."""
        if event["position"] <= self.position:
            self.verdict.find("wrong", f"{words}: positions do not grow")
        self.position = event["position"]
        seller, detected_at = event["seller_id"], time(event["detected_at"])
        if seller is None:
            return
        self.sequences[seller] += 1
        if event["sequence"] != self.sequences[seller]:
            self.verdict.find("wrong", f"{words}: sequence {event['sequence']} where {self.sequences[seller]} was due")
            self.sequences[seller] = event["sequence"]
        if detected_at < self.latest.get(seller, detected_at):
            self.verdict.find("wrong", f"{words}: detected_at falls")
        self.latest[seller] = detected_at

    def _check_content(self, event: Row, words: str) -> None:
        kind = event["type"].partition(".")[0]
        owner = self.names.get(event["seller_id"], event["seller_id"])
        if event["type"] == CREATED:
            self.sales.sources.setdefault((owner, event["entity_id"]), event["source"])
        if kind not in self.kinds:
            return
        self.verdict.changes += 1
        if event["type"] == SOLD:
            self._check_sale(owner, event, words)
        else:
            self._check_change((owner, kind, event["entity_id"]), event, words)

    def _check_sale(self, seller: str, event: Row, words: str) -> None:
        """One sale. It leaves what was recorded of its entity as it is."""

        def stands(entity_id: str) -> tuple[bool, int]:
            row = self.recorded.get((seller, "inventory", entity_id), Recorded())
            return row.state is not None and not row.state[1], row.version

        if self.sales.shown and (found := self.sales.check(seller, event, words, stands)):
            self.verdict.find(found[0], f"{words}: {found[1]}")

    def _check_change(self, key: Key, event: Row, words: str) -> None:
        """One event about one entity."""
        recorded, what = self.recorded.setdefault(key, Recorded()), event["type"].partition(".")[2]
        new = content(key[1], key[2], event["data"], what == "removed", time(event["detected_at"]))
        state = new.state
        if event["version"] == recorded.version:  # beside the change itself: order.cancelled and the like
            if what in recorded.types:
                self.verdict.find("twice", f"{words}: this type of this version was there before")
            elif recorded.state != state:
                self.verdict.find("wrong", f"{words}: other data than the event beside it")
            recorded.types.add(what)
            return
        if event["version"] < recorded.version:
            self.verdict.find("wrong", f"{words}: after version {recorded.version}")
        alone = read_alone(key[1], event["data"])
        again, more = recorded.state == state, alone not in ("", NOTHING, recorded.alone)
        recorded.content, recorded.version, recorded.types, recorded.alone = new, event["version"], {what}, alone
        if again:
            if not more:
                self.verdict.find("twice", f"{words}: nothing changed since the version before")
        elif self.twins[group(key)] > 1:
            states = {run.state for other, history in self.histories.items() if group(other) == group(key) for run in history.runs}
            if state not in states and not (state[1] and (state[0], False) in states):
                self.verdict.find("wrong", f"{words}: eBay never showed this")
        else:
            by = self.dates.by(key[0], time(event["occurred_at"])) if key[1] == "inventory" else None
            self._match(self.histories.get(key), recorded, new, event, words, by)

    def _match(self, history: History | None, recorded: Recorded, new: Content, event: Row, words: str, by: datetime | None) -> None:
        """Which of eBay's versions the event is. `by`: what was shown only later cannot be it."""
        matches = history.matches(new) if history else []
        if not history or not matches:
            self.verdict.find("wrong", f"{words}: eBay never showed this")
            return
        shown = [k for k in matches if by is None or history.runs[k].sayable_at <= by]
        if not shown:
            self.verdict.find("wrong", f"{words}: eBay had not shown this yet")
            return
        later = [k for k in shown if k > recorded.run or (k == recorded.run and history.runs[k].unusable)]
        if not later:
            self.verdict.find("wrong", f"{words}: older than what was recorded before")
            return
        recorded.run = later[0]
        if event.get("source") == "poll":
            detected_at = time(event["detected_at"])
            seen = [k for k in later if history.runs[k].visible_at <= detected_at] or later[:1]
            self.verdict.delays.append((detected_at - history.runs[seen[-1]].visible_at).total_seconds())
