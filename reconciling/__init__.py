"""Polling compared with notifications: who saw what, how far ahead, what is missing, who is ready. Pure: no I/O, no clock."""

from reconciling.compare import Comparison, Delays, MissingChange, PendingChange, compare
from reconciling.model import MODES, Mode, Seen, Side, side_of
from reconciling.rules import Rules
from reconciling.silence import silent
from reconciling.topics import TOPICS, topic_of
from reconciling.verdict import Readiness, verdict

__all__ = [
    "MODES",
    "TOPICS",
    "Comparison",
    "Delays",
    "MissingChange",
    "Mode",
    "PendingChange",
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
