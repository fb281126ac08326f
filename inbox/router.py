"""`/ebay/notifications`, for eBay alone: the signature is the login. A seller's own address has the seller's id behind it.

What eBay reads is the status: 204 kept (or known already), 412 not eBay's, 413 too large, 503 send it again. Nothing of a body, a header
or a name reaches a log.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.seller_id import SELLER_ID
from ebay.notifications import Notification
from ebay.signatures import challenge_response
from ebay.topics import COMMERCE, PLATFORM
from inbox.inbox import Inbox
from inbox.keys import KeyUnavailableError
from store import StoreError

PATH = "/ebay/notifications"
LARGEST = 1024 * 1024  # bytes
BODY_S = 10.0  # in which a body must be here
LONGEST_CODE = 500
OUTCOMES = {408: "slow", 412: "forged", 413: "oversize", 503: "unverified"}  # as they are counted, by our answer
# eBay keeps the address as a person typed it, hashes that, and follows no redirect (eBay docs: notification destinations): so each way of
# writing ours answers itself.
TYPED = re.compile(r"/+ebay/+notifications(?:/+([^/]+))?/*", re.IGNORECASE)
READS = ["GET", "HEAD"]  # whoever watches addresses asks for their heads, with the status that eBay would get
ALLOWED = ", ".join([*READS, "POST"])
router = APIRouter()
logger = logging.getLogger("sellerbeat.inbox")


class RefusedError(Exception):
    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class AsTyped:
    """Leads to our routes whoever asks for their address with a slash too many, or in capitals; `raw_path` stays as it was asked for."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (typed := TYPED.fullmatch(scope["path"])):
            if scope["method"] not in (*READS, "POST"):
                await _answer(405, f"this address takes {ALLOWED}", allow=ALLOWED)(scope, receive, send)
                return
            scope = {**scope, "path": PATH + (f"/{typed[1]}" if typed[1] else "")}
        await self._app(scope, receive, send)


def endpoint_of(url: str, scope: Scope) -> str:
    """The address that eBay asked for, byte for byte, which is the one that it was given: without the `challenge_code` that it added."""
    asked: bytes = scope.get("raw_path") or scope["path"].encode()
    path = asked.partition(b"?")[0].decode("latin-1")
    given = [pair for pair in scope["query_string"].decode("latin-1").split("&") if pair and pair.partition("=")[0] != "challenge_code"]
    return url + path + (f"?{'&'.join(given)}" if given else "")


@router.api_route(PATH, methods=READS, include_in_schema=False)
@router.api_route(PATH + "/{seller_id}", methods=READS, include_in_schema=False)
async def challenge(request: Request) -> Response:
    """eBay asks whether the address is ours, before it sends anything and now and then later."""
    inbox: Inbox = request.app.state.inbox
    code = request.query_params.get("challenge_code", "")
    if not 0 < len(code) <= LONGEST_CODE:
        return _answer(400, "challenge_code is missing")
    if inbox.address is None:
        return _answer(503, "SELLERBEAT_PUBLIC_URL and SELLERBEAT_NOTIFICATION_TOKEN are not set")
    endpoint = endpoint_of(inbox.address.url, request.scope)
    content = json.dumps({"challengeResponse": challenge_response(code, inbox.address.token, endpoint)})
    return Response(content, media_type="application/json")


@router.post(PATH, include_in_schema=False)
@router.post(PATH + "/{seller_id}", include_in_schema=False)
async def receive(request: Request) -> Response:
    inbox: Inbox = request.app.state.inbox
    seller_id = request.path_params.get("seller_id")
    try:
        it = await verified(inbox, request)
    except RefusedError as refused:
        inbox.meters.notified(OUTCOMES[refused.status])
        logger.warning("notification refused", extra={"status": refused.status, "reason": str(refused)})
        return _answer(refused.status, str(refused))
    outcome = "failed"  # an error that nobody thought of too
    try:
        stored = await inbox.save(it, seller_id if seller_id and SELLER_ID.fullmatch(seller_id) else None)
        outcome = "kept" if stored.new else "copy"
    except StoreError as error:
        logger.error("notification could not be kept", extra={"error": type(error).__name__, "detail": str(error)})
        return _answer(503, "it could not be kept: send it again")
    finally:
        inbox.meters.notified(outcome)
    fields: dict[str, Any] = {"topic": topic_of(it), "state": stored.state.value, "copies": stored.copies}
    logger.info("notification kept", extra=fields | ({"seller_id": stored.seller_id} if stored.seller_id else {}))
    return Response(status_code=204)


async def verified(inbox: Inbox, request: Request) -> Notification:
    """Raises RefusedError."""
    header = request.headers.get("x-ebay-signature")
    body = await read_body(request)  # first of all: answered before it is read, a connection breaks and the answer may be lost
    if header is None and "xml" not in request.headers.get("content-type", ""):
        raise RefusedError(412, "no signature of eBay's")
    try:
        peer = request.client.host if request.client else ""
        it = await inbox.verified(header, body, peer) if header is not None else inbox.verified_platform(body)
    except KeyUnavailableError as error:
        raise RefusedError(503, str(error)) from None
    if it is None:
        raise RefusedError(412, "the signature is not eBay's")
    return it


async def read_body(request: Request) -> bytes:
    """Raises RefusedError: more than 1 MiB, by its own word or by what came; too slow."""
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:12]) > LARGEST:
        raise RefusedError(413, "a notification has 1 MiB at most")
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.stream():
                size += len(part)
                if size > LARGEST:
                    raise RefusedError(413, "a notification has 1 MiB at most")
                parts.append(part)
    except TimeoutError:
        raise RefusedError(408, "the notification took too long to come") from None
    return b"".join(parts)


def topic_of(it: Notification) -> str:
    """For logs and counts: a name that is known, so that nobody writes into them."""
    return it.topic if it.topic in COMMERCE or it.topic in PLATFORM else "other"


def _answer(status: int, words: str, **headers: str) -> Response:
    """The connection is given up where a body may be left unread."""
    closing = {"connection": "close"} if status >= 400 else {}
    return Response(json.dumps({"detail": words}) + "\n", status, closing | headers, "application/json")
