"""What the judge found."""

from dataclasses import dataclass, field


@dataclass
class Verdict:
    """Counts of findings, and the findings in words."""

    changes: int = 0  # events about orders, parcels, stock and offers
    entities: int = 0  # that the ledger had to offer
    lost: int = 0
    twice: int = 0
    wrong: int = 0
    nameless: int = 0  # entities that eBay showed last without their id: to be set aside
    set_aside: int = 0  # rows of snapshots that the product could not store, and says so
    delays: list[float] = field(default_factory=list, repr=False)  # seconds, sorted
    examples: list[str] = field(default_factory=list)  # the first ten findings, in words
    findings: list[str] = field(default_factory=list, repr=False)  # all of them

    @property
    def ok(self) -> bool:
        """Nothing is lost, twice or wrong."""
        return not (self.lost or self.twice or self.wrong)

    @property
    def delay_p50_s(self) -> float | None:
        """None: no delay was measured."""
        return self._delay(0.5)

    @property
    def delay_p95_s(self) -> float | None:
        """None: no delay was measured."""
        return self._delay(0.95)

    def _delay(self, share: float) -> float | None:
        return self.delays[min(len(self.delays) - 1, int(share * len(self.delays)))] if self.delays else None

    def find(self, what: str, words: str) -> None:
        """One finding: `what` is lost, twice or wrong."""
        setattr(self, what, getattr(self, what) + 1)
        self.findings.append(f"{what}: {words}")
        if len(self.examples) < 10:
            self.examples.append(self.findings[-1])

    def __str__(self) -> str:
        seconds = "no delay measured" if self.delay_p50_s is None else f"delay p50 {self.delay_p50_s:.1f} s, p95 {self.delay_p95_s:.1f} s"
        return f"{self.changes} changes, {self.lost} lost, {self.twice} twice, {self.wrong} wrong, {seconds}"
