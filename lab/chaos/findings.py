"""What a part of the chaos came to: counts, and each finding in words."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulator.judge import Verdict


@dataclass
class Found:
    """What a part of the chaos came to. All but `changes` must be 0."""

    changes: int = 0
    lost: int = 0
    twice: int = 0
    wrong: int = 0
    back: int = 0  # cursors that moved back
    missed: int = 0  # events that a reader who follows the feed did not get, or got otherwise
    findings: list[str] = field(default_factory=list)  # each, in words

    def add(self, other: Found) -> None:
        for name in ("changes", "lost", "twice", "wrong"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.findings += other.findings

    @property
    def examples(self) -> list[str]:
        """The first of the findings."""
        return self.findings[:10]

    @property
    def ok(self) -> bool:
        return not (self.lost or self.twice or self.wrong or self.back or self.missed)

    def __str__(self) -> str:
        return (
            f"{self.changes} changes, {self.lost} lost, {self.twice} twice, {self.wrong} wrong, "
            f"{self.back} cursors back, {self.missed} missed by a reader"
        )


def found_of(verdict: Verdict) -> Found:
    aside = [f"lost: {verdict.set_aside} set aside"] if verdict.set_aside else []
    return Found(verdict.changes, verdict.lost + verdict.set_aside, verdict.twice, verdict.wrong, findings=[*verdict.findings, *aside])
