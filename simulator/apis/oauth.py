"""eBay's token endpoint, `POST /identity/v1/oauth2/token`. The exchange of a code gives a refresh token; a refresh gives no new one."""

from base64 import b64decode
from binascii import Error as NotBase64
from urllib.parse import parse_qs, unquote

from simulator.answers import Answer, quota_spent
from simulator.ledger import dumps
from simulator.requests import Request
from simulator.state.accounts import REFRESH_LIFETIME_S, TokenRefusedError
from simulator.world import World

NEEDED: dict[str, set[str]] = {
    "refresh_token": {"refresh_token"},
    "authorization_code": {"code", "redirect_uri"},
    "client_credentials": set(),
}
WORDS = {
    "invalid_client": "client authentication failed",
    "invalid_request": "request is missing a required parameter or malformed.",
    "unsupported_grant_type": "grant type in request is not supported by the authorization server",
    "invalid_grant": "the provided authorization refresh token is invalid or was issued to another client",
    "invalid_scope": "The requested scope is invalid, unknown, malformed, or exceeds the scope granted to the client",
}


def token(world: World, request: Request, headers: dict[str, str], body: bytes) -> Answer:
    """An access token, for a refresh token, a code of the consent page or the application itself. Refusals are OAuth's, with 400 or 401."""
    keyset = _keyset(world, headers.get("authorization", ""))
    if keyset is None:
        return _refused("invalid_client", 401)
    if headers.get("content-type", "").split(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        return _refused("invalid_request")
    form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    kind = form.get("grant_type", "")
    if kind not in NEEDED:
        return _refused("unsupported_grant_type" if kind else "invalid_request")
    request.resource = f"token:{kind}"
    if not NEEDED[kind] <= form.keys():
        return _refused("invalid_request")
    if not world.quotas.spend(request.resource):
        raise quota_spent(world.faults.retry_after_s)
    scopes = form.get("scope", "").split()
    more: dict[str, object] = {}
    try:
        if kind == "client_credentials":
            value, seconds = world.accounts.application(scopes)
        elif kind == "authorization_code":
            value, seconds, grant = world.accounts.exchange(form["code"], form["redirect_uri"], keyset)
            request.seller = grant.seller
            more = {"refresh_token": grant.token, "refresh_token_expires_in": REFRESH_LIFETIME_S}
        else:
            request.seller = world.accounts.owner(form["refresh_token"])
            value, seconds = world.accounts.refresh(form["refresh_token"], scopes, keyset)
    except TokenRefusedError as refusal:
        return _refused(refusal.error)
    words = "Application Access Token" if kind == "client_credentials" else "User Access Token"
    return Answer(200, dumps({"access_token": value, "expires_in": seconds, **more, "token_type": words}))


def _keyset(world: World, header: str) -> str | None:
    """Of the application that asks, as `Accounts.keyset` tells it."""
    scheme, _, text = header.partition(" ")
    try:
        name, _, secret = b64decode(text, validate=True).decode().partition(":")
    except (NotBase64, UnicodeDecodeError):
        return None
    pairs = ((name, secret), (unquote(name), unquote(secret)))  # some clients encode them first, as RFC 6749 asks
    known = [found for pair in pairs if (found := world.accounts.keyset(*pair)) is not None]
    return known[0] if scheme.lower() == "basic" and known else None


def _refused(error: str, status: int = 400) -> Answer:
    return Answer(status, dumps({"error": error, "error_description": WORDS[error]}))
