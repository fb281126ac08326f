"""Tokens: the documented forms, and which refusal means what."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest

from ebay.errors import BadAnswerError, ClientRefusedError, DeadTokenError, EbayUnavailableError, QuotaSpentError, RejectedError
from ebay.http import http_client
from ebay.oauth import BASE_SCOPE, OAuth
from tests.ebay.wire import Wire, answer

REFRESH = "v^1.1#i^1#p^3#r^1|+&= t"
GRANTED = '{"access_token": "v^1.1#i^1#t^A", "expires_in": 7200, "token_type": "User Access Token"}'


@pytest.fixture
def oauth(wire: Wire) -> Iterator[OAuth]:
    with http_client(2) as http:
        yield OAuth(http, wire.url, "client-id", "client-secret", 5)


def test_a_refresh_is_form_encoded_with_basic_authorization(wire: Wire, oauth: OAuth) -> None:
    wire.answers = [answer(GRANTED)]

    token = oauth.refresh(REFRESH, ["scope-a", "scope-b"])

    [request] = wire.requests
    assert (request.method, request.target) == ("POST", "/identity/v1/oauth2/token")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"client-id:client-secret"
    assert parse_qs(request.body.decode()) == {"grant_type": ["refresh_token"], "refresh_token": [REFRESH], "scope": ["scope-a scope-b"]}
    assert token.value == "v^1.1#i^1#t^A"
    assert token.refresh_token is None
    assert token.date == datetime(2024, 10, 20, 7, 17, 49, tzinfo=UTC)
    assert token.expires_at == token.date + timedelta(hours=2)


def test_without_scopes_none_are_sent(wire: Wire, oauth: OAuth) -> None:
    wire.answers = [answer(GRANTED)]

    oauth.refresh(REFRESH, [])

    assert b"scope" not in wire.requests[0].body


def test_a_rotated_refresh_token_is_handed_on(wire: Wire, oauth: OAuth) -> None:
    wire.answers = [answer('{"access_token": "a", "expires_in": 7200, "refresh_token": "new"}')]

    assert oauth.refresh(REFRESH, []).refresh_token == "new"


def test_the_application_asks_with_its_own_credentials(wire: Wire, oauth: OAuth) -> None:
    wire.answers = [answer(GRANTED)]

    oauth.application()

    assert parse_qs(wire.requests[0].body.decode()) == {"grant_type": ["client_credentials"], "scope": [BASE_SCOPE]}


def test_neither_token_shows_in_a_repr(wire: Wire, oauth: OAuth) -> None:
    wire.answers = [answer('{"access_token": "secret", "expires_in": 7200, "refresh_token": "secret"}')]

    assert "secret" not in repr(oauth.refresh(REFRESH, []))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, '{"error": "invalid_grant", "error_description": "the provided authorization refresh token is invalid"}', DeadTokenError),
        (400, '{"error": "invalid_scope"}', DeadTokenError),
        (401, '{"error": "invalid_client"}', ClientRefusedError),
        (401, "<html>", ClientRefusedError),
        (400, '{"error": "invalid_request"}', RejectedError),
        (400, "<html>a firewall</html>", RejectedError),
        (403, '{"error": "invalid_grant"}', RejectedError),
        (429, "{}", QuotaSpentError),
        (500, '{"error": "invalid_grant"}', EbayUnavailableError),
        (503, "", EbayUnavailableError),
        (200, "<html>", BadAnswerError),
        (200, "[]", BadAnswerError),
        (200, '{"access_token": "a"}', BadAnswerError),
        (200, '{"access_token": "a", "expires_in": 0}', BadAnswerError),
        (200, '{"access_token": "a", "expires_in": true}', BadAnswerError),
        (200, '{"access_token": "a", "expires_in": "7200"}', BadAnswerError),
        (200, '{"access_token": "a\\r\\nb", "expires_in": 7200}', BadAnswerError),
        (302, "", BadAnswerError),
    ],
)
def test_each_refusal_is_the_error_that_says_what_to_do(wire: Wire, oauth: OAuth, status: int, body: str, error: type[Exception]) -> None:
    wire.answers = [answer(body, status)]

    with pytest.raises(error) as caught:
        oauth.refresh(REFRESH, ["scope"])

    assert type(caught.value) is error


def test_the_application_is_never_told_that_a_seller_must_consent(wire: Wire, oauth: OAuth) -> None:
    wire.answers = [answer('{"error": "invalid_scope"}', 400)]

    with pytest.raises(RejectedError):
        oauth.application()
