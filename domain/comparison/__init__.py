"""Polling compared with notifications: who saw what, how far ahead, what is missing, who is ready. Pure: no I/O, no clock."""

from domain.comparison.compare import Comparison, Delays, MissingChange, PendingCounts, compare
from domain.comparison.model import MODES, Mode, Seen, Side, side_of
from domain.comparison.rules import Rules
from domain.comparison.silence import silent
from domain.comparison.topics import TOPICS, topic_of
from domain.comparison.verdict import Readiness, verdict

__all__ = [
    "MODES",
    "TOPICS",
    "Comparison",
    "Delays",
    "MissingChange",
    "Mode",
    "PendingCounts",
    "Readiness",
    "Rules",
    "Seen",
    "Side",
    "compare",
    "side_of",
    "silent",
    "topic_of",
    "verdict",
]
