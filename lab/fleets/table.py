"""The results as Markdown: mean delays of all policies on all fleets, then what else Sellerbeat's own did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from lab.fleets.policies import LEAST, OURS, SPARE
from lab.fleets.score import Score

Results = dict[str, dict[str, list[Score]]]  # by fleet, by policy, one score a seed

BEGIN, END = "<!-- fleets: begin -->", "<!-- fleets: end -->"


def tables(results: Results) -> str:
    seeds = {len(scores) for policies in results.values() for scores in policies.values()}
    policies = list(next(iter(results.values())))
    fleets = "fleet" if seeds == {1} else "fleets"
    parts = [
        f"Mean delay in seconds, in brackets the ratio to the least possible; means over {max(seeds)} {fleets} of each kind:",
        _table(["policy", *results], [[name, *(_mean(results[fleet], name) for fleet in results)] for name in policies]),
        "Calls that eBay refused, a day:",
        _table(["policy", *results], [[name, *(_refused(results[fleet][name]) for fleet in results)] for name in policies]),
    ]
    for name in (LEAST, OURS, SPARE):
        rows = [[fleet, *_details(scores[name])] for fleet, scores in results.items()]
        parts += [f"{name[0].upper()}{name[1:]}:", _table(["fleet", "p50", "p95", "longest", "worst seller", "calls used"], rows)]
    return "\n\n".join(parts)


def mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers)


def ratio(scores: dict[str, list[Score]], name: str) -> float:
    """The mean over the seeds of what one seed's mean delay is to the least possible."""
    return mean(mine.mean / least.mean for mine, least in zip(scores[name], scores[LEAST], strict=True))


def _mean(scores: dict[str, list[Score]], name: str) -> str:
    seconds = mean(score.mean for score in scores[name])
    share = ratio(scores, name)
    return f"{seconds:,.0f}" if name == LEAST else f"{seconds:,.0f} ({share:,.{0 if share >= 10 else 2}f})"


def _refused(scores: Sequence[Score]) -> str:
    return f"{mean(score.refused / score.days for score in scores):,.0f}"


def _details(scores: Sequence[Score]) -> list[str]:
    seconds = [mean(getattr(score, name) for score in scores) for name in ("p50", "p95", "longest", "worst_seller")]
    return [*(f"{value:,.0f} s" for value in seconds), f"{mean(score.used for score in scores):.1%}"]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(file: Path, text: str) -> None:
    """Puts the tables between the markers of a Markdown file."""
    before, begin, rest = file.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{file}: no {BEGIN} and {END}")
    file.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")
