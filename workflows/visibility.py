"""The search attributes on the server: made by `starter.py migrate`, asked for by every worker before it starts.

A workflow that writes one which the server does not know gets stuck, so a worker does not begin without them.
"""

from __future__ import annotations

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from workflows.attributes import KINDS

TYPES = {kind: IndexedValueType.Value(f"INDEXED_VALUE_TYPE_{kind.upper()}") for kind in sorted(set(KINDS.values()))}
FORBIDDEN = (RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED)
WRITTEN = ", ".join(f"{name}={kind}" for name, kind in KINDS.items())


class AttributesMissingError(Exception):
    """The namespace lacks search attributes, or has one of another type. Act: `starter.py migrate`, or as the text says."""


async def missing(client: Client) -> list[str] | None:
    """Names that the namespace does not have; None: whoever asks may not know (Temporal Cloud, an API key with few rights).

    Raises:
        AttributesMissingError: the namespace does not exist, or has one of the names with another type.
    """
    try:
        answer = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=client.namespace))
    except RPCError as error:
        if error.status in FORBIDDEN:
            return None
        raise refusal(client, error) from None
    there = dict(answer.custom_attributes)
    for name, kind in KINDS.items():
        if name in there and there[name] != TYPES[kind]:
            raise AttributesMissingError(
                f"the search attribute {name} of namespace {client.namespace} is not of type {kind}; "
                "remove it with `temporal operator search-attribute remove` and run starter.py migrate"
            )
    return [name for name in KINDS if name not in there]


async def make(client: Client) -> list[str] | None:
    """Make those that are missing, and return their names; harmless when there is nothing to do. None: whoever asks may not know.

    Raises:
        AttributesMissingError: they can't be made here; the text says what is left to do.
    """
    names = await missing(client)
    if names:
        lacking = {name: TYPES[KINDS[name]] for name in names}
        try:
            await client.operator_service.add_search_attributes(
                AddSearchAttributesRequest(namespace=client.namespace, search_attributes=lacking)
            )
        except RPCError as error:
            if error.status in FORBIDDEN:
                raise by_hand(client) from None
            if error.status is not RPCStatusCode.ALREADY_EXISTS:  # somebody else migrates at this moment
                raise refusal(client, error) from None
    return names


async def check(client: Client) -> bool:
    """Before a worker starts. Returns whether it could be seen.

    Raises:
        AttributesMissingError: some are missing.
    """
    names = await missing(client)
    if names:
        raise AttributesMissingError(f"namespace {client.namespace} lacks the search attributes {', '.join(names)}; run starter.py migrate")
    return names is not None


def unknown(client: Client) -> str:
    """For people, where they cannot be seen."""
    return f"Temporal does not tell its search attributes: see yourself that namespace {client.namespace} has {WRITTEN}"


def by_hand(client: Client) -> AttributesMissingError:
    return AttributesMissingError(
        f"Temporal lets nobody make search attributes this way (Temporal Cloud, or too few rights); "
        f"add them to namespace {client.namespace} yourself, with tcld or in its settings: {WRITTEN}"
    )


def refusal(client: Client, error: RPCError) -> AttributesMissingError:
    if error.status is RPCStatusCode.NOT_FOUND:
        return AttributesMissingError(
            f"Temporal has no namespace {client.namespace}; make it (temporal operator namespace create) or correct TEMPORAL_NAMESPACE, "
            "then run starter.py migrate"
        )
    return AttributesMissingError(f"Temporal refused to tell or make search attributes: {error.message}")
