"""A small chart of 24 hours, as SVG inside the page: one path, a bar an hour, and the same in words for who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from markupsafe import Markup

BAR, GAP = 4, 1  # units of the picture
LEAST = 0.06  # of the height: an hour with one change beside one with thousands is seen


def bars(counts: Sequence[int], now: datetime, height: int = 20) -> Markup:
    """`counts`: changes by hour, the current hour last."""
    most, width = max(counts, default=0), len(counts) * (BAR + GAP) - GAP
    path = "".join(
        f"M{index * (BAR + GAP) + BAR / 2:g} {height}v-{max(count / most, LEAST) * height:.1f}"
        for index, count in enumerate(counts)
        if count
    )
    return Markup(  # numbers and words of ours alone, so that nothing is escaped
        f'<svg class="bars" role="img" aria-label="{in_words(counts, now)}" viewBox="0 0 {width} {height}" preserveAspectRatio="none">'
        f'<path class="floor" d="M0 {height}h{width}"/><path class="counts" stroke-width="{BAR}" d="{path}"/></svg>'
    )


def in_words(counts: Sequence[int], now: datetime) -> str:
    total, most = sum(counts), max(counts, default=0)
    if not total:
        return "no changes in 24 hours"
    back = len(counts) - 1 - max(index for index, count in enumerate(counts) if count == most)
    hour = f"{now - timedelta(hours=back):%H}:00 UTC"
    return f"{total:,} {'change' if total == 1 else 'changes'} in 24 hours, most of them ({most:,}) in the hour from {hour}"
