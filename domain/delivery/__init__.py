"""Pure: what is delivered to an endpoint, what its answer means, when to try again. Knows the standard library only."""

from domain.delivery.answers import AttemptOutcome, outcome_of, retry_after
from domain.delivery.kinds import TYPES, WrongTypesError, patterns, wrong_type
from domain.delivery.message import LARGE, Message, compose
from domain.delivery.schedule import LONGEST, OFF_AFTER, STEPS, TRIED_FOR, TRIES, nominal, wait

__all__ = [
    "LARGE",
    "LONGEST",
    "OFF_AFTER",
    "STEPS",
    "TRIED_FOR",
    "TRIES",
    "TYPES",
    "AttemptOutcome",
    "Message",
    "WrongTypesError",
    "compose",
    "nominal",
    "outcome_of",
    "patterns",
    "retry_after",
    "wait",
    "wrong_type",
]
