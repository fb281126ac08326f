"""Posts to addresses that others named, without ever calling a place that is not theirs. Imports nothing of the product."""

from outbound.addresses import Policy, allowed
from outbound.client import Client, EndpointResponse
from outbound.errors import ForbiddenTargetError, NoAnswerError
from outbound.names import system_resolver
from outbound.targets import Target, check_url

__all__ = [
    "Client",
    "EndpointResponse",
    "ForbiddenTargetError",
    "NoAnswerError",
    "Policy",
    "Target",
    "allowed",
    "check_url",
    "system_resolver",
]
