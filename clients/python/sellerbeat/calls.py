"""How the methods of `api` and `async_api` ask: repeats that are safe, refusals as errors, pages one after another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from pydantic import BaseModel, ValidationError
from typing_extensions import Self

from sellerbeat.errors import NotUnderstoodError, ProblemError, UnreachableError
from sellerbeat.wire import AGAIN, Backoff, options, parsed

if TYPE_CHECKING:
    import httpx

M = TypeVar("M", bound=BaseModel)
READS = ("GET", "HEAD")
PATIENCE_S = 10.0
TIMEOUT_S = 30.0
BEYOND_WAIT_S = 90.0  # of a question that waits for an answer, a minute at most


class Tries:
    """Whether a request is worth another try, and when: a repeat is safe, by the Idempotency-Key that every write has."""

    def __init__(self, patience_s: float) -> None:
        self._until, self._backoff = time.monotonic() + patience_s, Backoff(0.05, 5.0)

    def wait_s(self, error: ProblemError | UnreachableError) -> float:
        """Seconds to wait. Raises the error, where another try is of no use or would come too late."""
        again = isinstance(error, UnreachableError) or (error.status in AGAIN and error.status != 500) or error.code == "running"
        wait = self._backoff.next_s(error.retry_after_s if isinstance(error, ProblemError) else None)
        if not again or time.monotonic() + wait > self._until:
            raise error
        return wait


def request_of(method: str, path: str, query: Mapping[str, Any] | None, body: Mapping[str, Any] | None, key: str | None) -> dict[str, Any]:
    """What httpx takes. What is None was not given."""
    made: dict[str, Any] = {"method": method, "url": path, "params": _given(query)}
    if body is not None and (given := _given(body)):
        made["json"] = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
    if "wait" in made["params"]:
        made["timeout"] = BEYOND_WAIT_S
    if method not in READS:
        made["headers"] = {"Idempotency-Key": key or str(uuid4())}
    return made


def rows_of(page: Any, name: str) -> tuple[list[Any], Any]:
    """What a page lists, and where the next one begins. Raises NotUnderstoodError: it is none."""
    if not isinstance(page, dict) or not isinstance(page.get(name), list) or "next" not in page:
        raise NotUnderstoodError(f"the answer is no page of {name}")
    return page[name], page["next"]


def _given(fields: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (fields or {}).items() if value is not None}


def shown(model: type[M], found: Any) -> M:
    """An answer, typed. Raises NotUnderstoodError: it is another one than this version knows."""
    try:
        return model.model_validate(found)
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_url=False, include_input=False)[0]["loc"]))
        raise NotUnderstoodError(f"the answer is no {model.__name__}: {where}") from None


class Calls:
    """A connection to the API. Close it, or use it as a context manager."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout_s: float = TIMEOUT_S,
        patience_s: float = PATIENCE_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`patience_s`: how long to go on trying where Sellerbeat is away or says that it is too often.

        Raises ValueError: this is no address or no token.
        """
        given = options(url, token, timeout_s)
        import httpx

        self._patience_s = patience_s
        self._client = httpx.Client(**given, transport=transport)

    def close(self) -> None:
        """Ends the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _json(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Any:
        import httpx

        request, tries = request_of(method, path, query, body, key), Tries(self._patience_s)
        while True:
            try:
                answer = self._client.request(**request)
                return parsed(answer.status_code, answer.headers, answer.content)
            except (httpx.TransportError, httpx.DecodingError) as error:
                failed: ProblemError | UnreachableError = UnreachableError(f"no answer: {type(error).__name__}")
            except (ProblemError, UnreachableError) as error:
                failed = error
            time.sleep(tries.wait_s(failed))

    def _call(
        self,
        model: type[M],
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> M:
        return shown(model, self._json(method, path, query, body, key))

    def _pages(self, row: type[M], name: str, path: str, query: Mapping[str, Any], cursor: str) -> Iterator[M]:
        after = query[cursor]
        while True:
            rows, after = rows_of(self._json("GET", path, {**query, cursor: after}), name)
            for one in rows:
                yield shown(row, one)
            if after is None:
                return


class AsyncCalls:
    """A connection to the API. Close it, or use it as a context manager."""

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout_s: float = TIMEOUT_S,
        patience_s: float = PATIENCE_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """`patience_s`: how long to go on trying where Sellerbeat is away or says that it is too often.

        Raises ValueError: this is no address or no token.
        """
        given = options(url, token, timeout_s)
        import httpx

        self._patience_s = patience_s
        self._client = httpx.AsyncClient(**given, transport=transport)

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def _json(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> Any:
        import httpx

        request, tries = request_of(method, path, query, body, key), Tries(self._patience_s)
        while True:
            try:
                answer = await self._client.request(**request)
                return parsed(answer.status_code, answer.headers, answer.content)
            except (httpx.TransportError, httpx.DecodingError) as error:
                failed: ProblemError | UnreachableError = UnreachableError(f"no answer: {type(error).__name__}")
            except (ProblemError, UnreachableError) as error:
                failed = error
            await asyncio.sleep(tries.wait_s(failed))

    async def _call(
        self,
        model: type[M],
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> M:
        return shown(model, await self._json(method, path, query, body, key))

    async def _pages(self, row: type[M], name: str, path: str, query: Mapping[str, Any], cursor: str) -> AsyncIterator[M]:
        after = query[cursor]
        while True:
            rows, after = rows_of(await self._json("GET", path, {**query, cursor: after}), name)
            for one in rows:
                yield shown(row, one)
            if after is None:
                return
