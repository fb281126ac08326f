"""What an app is told where something is wrong here: a status that is described, what to do, and when to ask again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest
from cryptography.fernet import Fernet

from operations.errors import NotConfiguredError
from serving.problems import ProblemError
from serving.refusals import as_problem
from store import SecretError, Store, StoreError, StoreUnavailableError
from store.schema.errors import SupersededError
from tests.web.site import Site, refused


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SecretError("no key opens it"), "key_missing"),
        (StoreError("the database refused a statement (SQLSTATE 22P05)"), "unavailable"),
        (SupersededError("a later step has begun"), "unavailable"),
        (StoreUnavailableError("away"), "unavailable"),
        (NotConfiguredError("SELLERBEAT_X is not set"), "not_configured"),
        (ProblemError(503, "web.py cannot ask eBay", code="not_configured"), "not_configured"),
    ],
)
def test_what_is_wrong_here_is_503_and_says_when_to_ask_again(error: Exception, code: str) -> None:
    problem = as_problem(error)

    assert (problem.status, problem.code) == (503, code)
    assert int(problem.headers["Retry-After"]) >= 1


async def test_a_key_that_was_dropped_is_told_with_what_to_do(open_site: Callable[..., Site], store: Store) -> None:
    endpoint, _ = store.endpoints.add("http://127.0.0.1:9/hook", ["*"])
    url = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(Store.connect(url, [Fernet.generate_key().decode()])) as elsewhere:
        elsewhere.endpoints.rotate(endpoint)

    answer = await open_site().program.post(f"/v1/endpoints/{endpoint}/test")

    assert "SELLERBEAT_SECRET_KEYS" in refused(answer, 503)
    assert (answer.json()["code"], answer.headers["retry-after"]) == ("key_missing", "60")
