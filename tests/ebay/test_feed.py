"""The Feed API: asking for the report, waiting for it, taking it into a file."""

import gzip
import io
import json
from typing import Any, Literal

import pytest

from ebay.client import SellerApi
from ebay.errors import AccessDeniedError, BadAnswerError, EbayError, EbayUnavailableError, NotFoundError, QuotaSpentError, RejectedError
from ebay.feed import ReportAsked, ReportState, TooMany
from tests.ebay.wire import Tokens, Wire, answer, client

TASKS = "/sell/feed/v1/inventory_task"
REFUSED = answer('{"errors": [{"errorId": 1001, "domain": "OAuth"}]}', 401)


def errors(*codes: int) -> str:
    return json.dumps({"errors": [{"errorId": code, "message": "a name"} for code in codes]})


def task(**fields: Any) -> bytes:
    return answer(json.dumps({"taskId": "task-8-1", "feedType": "LMS_ACTIVE_INVENTORY_REPORT", **fields}))


def test_a_report_is_asked_for_on_a_marketplace_and_named_by_its_location(wire: Wire, api: SellerApi) -> None:
    wire.answers = [answer("", 202, Location=f"https://api.ebay.com{TASKS}/task-8-1149862")]

    asked = api.create_report("EBAY_DE")

    [request] = wire.requests
    assert asked == ReportAsked("task-8-1149862")
    assert (request.method, request.target) == ("POST", TASKS)
    assert json.loads(request.body) == {"feedType": "LMS_ACTIVE_INVENTORY_REPORT", "schemaVersion": "1.0"}
    assert (request.headers["x-ebay-c-marketplace-id"], request.headers["authorization"]) == ("EBAY_DE", "Bearer token-1")
    assert (api.calls, api.spent) == (1, {"feed": 1})


@pytest.mark.parametrize(("code", "why"), [(160024, "same time"), (160025, "this period")])
def test_too_many_reports_are_an_answer_and_no_error(wire: Wire, api: SellerApi, code: int, why: str) -> None:
    wire.answers = [answer(errors(code), 409)]

    asked = api.create_report("EBAY_US")

    assert isinstance(asked, TooMany)
    assert why in asked.why


@pytest.mark.parametrize(("given", "error"), [
    (answer(errors(160002), 403), AccessDeniedError), (answer(errors(160022), 403), AccessDeniedError),
    (answer(errors(1), 409), RejectedError),
    (answer(errors(160027), 400), RejectedError), (answer(errors(160001), 500), EbayUnavailableError),
    (answer(errors(2001), 429), QuotaSpentError),
    (answer("", 202), BadAnswerError), (answer("", 202, Location="https://a/b c"), BadAnswerError), (answer("{}", 200), BadAnswerError),
])  # fmt: skip
def test_a_report_that_is_not_made_says_what_to_do(wire: Wire, api: SellerApi, given: bytes, error: type[Exception]) -> None:
    wire.answers = [given]

    with pytest.raises(error) as caught:
        api.create_report("EBAY_US")

    assert type(caught.value) is error
    assert api.calls == 1


def test_a_missing_scope_is_not_taken_for_an_expired_token(wire: Wire, api: SellerApi, tokens: Tokens) -> None:
    wire.answers = [answer(errors(160002), 403)]

    with pytest.raises(AccessDeniedError):
        api.create_report("EBAY_US")

    assert tokens.refused == []


@pytest.mark.parametrize(("status", "state", "whole"), [
    ("CREATED", "running", True), ("QUEUED", "running", True), ("IN_PROCESS", "running", True), ("A_NEW_ONE", "running", True),
    ("COMPLETED", "ready", True), ("COMPLETED_WITH_ERROR", "ready", False), ("PARTIALLY_PROCESSED", "failed", True),
    ("FAILED", "failed", True),
    ("ABORTED", "failed", True),
])  # fmt: skip
def test_a_report_is_running_ready_or_failed(
    wire: Wire, api: SellerApi, status: str, state: Literal["running", "ready", "failed"], whole: bool
) -> None:
    wire.answers = [task(status=status)]

    assert api.report("task-8-1") == ReportState(state, f"eBay says {status}", whole)
    assert wire.requests[0].target == f"{TASKS}/task-8-1"


def test_a_report_that_is_forgotten_has_failed(wire: Wire, api: SellerApi) -> None:
    wire.answers = [answer(errors(160003), 404)]

    assert api.report("../x?y").state == "failed"
    assert wire.requests[0].target == f"{TASKS}/..%2Fx%3Fy"


@pytest.mark.parametrize("given", [answer("[]"), answer("{}"), task(status=7), answer("<html>")])
def test_a_task_without_a_state_is_a_bad_answer(wire: Wire, api: SellerApi, given: bytes) -> None:
    wire.answers = [given]

    with pytest.raises(BadAnswerError):
        api.report("task-8-1")


def test_a_state_in_strange_words_is_running_and_not_repeated(wire: Wire, api: SellerApi) -> None:
    wire.answers = [task(status="a name")]

    assert api.report("task-8-1") == ReportState("running", "eBay names no state that is known")


CONTENT = bytes(range(256)) * 1000


@pytest.mark.parametrize("given", [answer(CONTENT), answer(gzip.compress(CONTENT), Content_Encoding="gzip")], ids=["plain", "gzip"])
def test_a_report_goes_into_a_file_as_it_is(wire: Wire, api: SellerApi, given: bytes) -> None:
    wire.answers = [given]
    file = io.BytesIO()

    api.download("task-8-1", file)

    assert file.getvalue() == CONTENT
    assert wire.requests[0].target == "/sell/feed/v1/task/task-8-1/download_result_file"
    assert (wire.requests[0].headers["accept-encoding"], api.calls) == ("identity", 1)


def test_a_report_may_be_larger_than_any_other_answer(wire: Wire) -> None:
    wire.answers = [answer(CONTENT)]
    file = io.BytesIO()

    with client(wire, max_body=1000) as ebay:
        ebay.seller("seller-1").download("task-8-1", file)

    assert len(file.getvalue()) == len(CONTENT)


def test_the_token_is_renewed_before_anything_is_in_the_file(wire: Wire, api: SellerApi, tokens: Tokens) -> None:
    wire.answers = [REFUSED, answer(CONTENT)]
    file = io.BytesIO()

    api.download("task-8-1", file)

    assert (file.getvalue(), tokens.refused) == (CONTENT, ["token-1"])


@pytest.mark.parametrize(("given", "error"), [
    (answer(errors(160014), 404), NotFoundError), (answer("", 500), EbayUnavailableError), (answer("", 204), BadAnswerError),
    (answer(CONTENT[:10], Content_Length="1000"), EbayUnavailableError),
    (answer(gzip.compress(CONTENT)[:-5], Content_Encoding="gzip"), BadAnswerError),
    (answer(b"no gzip", Content_Encoding="gzip"), BadAnswerError),
])  # fmt: skip
def test_a_report_that_does_not_come_whole_is_an_error(wire: Wire, given: bytes, error: type[Exception]) -> None:
    wire.answers = [given]

    with client(wire, timeout_s=0.3 if error is EbayUnavailableError else 60) as ebay, pytest.raises(error):
        ebay.seller("seller-1").download("task-8-1", io.BytesIO())


@pytest.mark.parametrize(
    "given", [answer(b" " * 2_000), answer(gzip.compress(b" " * 2_000), Content_Encoding="gzip")], ids=["plain", "bomb"]
)
def test_a_report_over_the_limit_is_refused(wire: Wire, api: SellerApi, given: bytes) -> None:
    wire.answers = [given]

    with pytest.raises(BadAnswerError, match="too large"):
        api.download("task-8-1", io.BytesIO(), limit=1_000)


def test_a_full_disk_is_not_taken_for_a_lost_connection(wire: Wire, api: SellerApi) -> None:
    class Full(io.BytesIO):
        def write(self, chunk: Any) -> int:
            raise OSError(28, "No space left on device")

    wire.answers = [answer(CONTENT)]

    with pytest.raises(EbayError, match="disk") as caught:
        api.download("task-8-1", Full())

    assert type(caught.value) is EbayError
