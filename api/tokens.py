"""`/v1/tokens`: tokens of the API, made, listed and revoked by one of scope admin."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field, StrictBool

from api.fields import Admin
from api.routing import ApiRoute, problems
from domain.scopes import MOST_SELLERS, TOKEN_NAME, Scope
from domain.seller_id import SELLER_ID
from operations import tokens
from operations.tokens import TokenTerms
from serving.context import WebContext
from serving.problems import ProblemError
from settings import duration

router = APIRouter(route_class=ApiRoute, tags=["Tokens"])
SELLERS_EXAMPLE = ["s-17"]
FIELDS = {
    "id": "tok-1f2e3d4c5b6a",
    "name": "shop",
    "scope": "read",
    "ebay": False,
    "sellers": SELLERS_EXAMPLE,
    "expires_at": "2027-03-01T12:00:00.000Z",
}


class NewToken(BaseModel, extra="forbid", frozen=True):
    """What a token is to be."""

    name: str = Field(pattern=f"^{TOKEN_NAME.pattern}$", description="stands in the audit as token:NAME", examples=["shop"])
    scope: Scope = Field(description="how far it goes; each holds the ones before it: feed, read, control, admin")
    ebay: StrictBool = Field(False, description="it may also ask for sellers' access tokens at eBay")
    sellers: list[Annotated[str, Field(pattern=f"^{SELLER_ID.pattern}$")]] | None = Field(
        None,
        min_length=1,
        max_length=MOST_SELLERS,
        description="it sees these sellers alone; null: all. They need not be enrolled yet",
        examples=[SELLERS_EXAMPLE],
    )
    expires: str | None = Field(
        None, max_length=20, description="how long it is good, such as 90d: 1m to 3650d; null: for ever", examples=["90d"]
    )


class TokenFields(BaseModel):
    """How far a token goes."""

    id: str
    name: str
    scope: Scope
    ebay: bool
    sellers: list[str] | None = Field(description="the only ones that it sees; null: all")
    expires_at: str | None = Field(description="null: never")


class MadeToken(TokenFields, json_schema_extra={"examples": [{**FIELDS, "token": "sb_..."}]}):
    """A token, shown this once."""

    token: str = Field(description="give it as Authorization: Bearer TOKEN; it is stored nowhere")


class ListedToken(TokenFields):
    """A token as it is listed, without itself."""

    state: str = Field(description="active, expired or revoked", examples=["active"])
    created_at: str
    created_by: str = Field(examples=["os:alice"])
    last_used_at: str | None = Field(description="to the minute; null: never")
    revoked_at: str | None


class ListedTokens(BaseModel):
    """Those in use, and then those that ended in the last 30 days."""

    tokens: list[ListedToken]


class RevokedToken(BaseModel):
    id: str
    name: str
    state: str = Field(examples=["revoked"])


@router.get("/v1/tokens", response_model=ListedTokens, responses=problems(), openapi_extra={"x-command": "token list"})
async def list_tokens(request: Request, caller: Admin) -> dict[str, Any]:
    """All tokens in use, and those that ended in the last 30 days; never the tokens themselves."""
    context: WebContext = request.app.state.context
    return {"tokens": await context.ask(tokens.listed_tokens, context)}


@router.post(
    "/v1/tokens",
    status_code=201,
    response_model=MadeToken,
    responses=problems(409),
    openapi_extra={"x-command": "token create", "x-secret": True},
)
async def create_token(request: Request, terms_asked: NewToken, caller: Admin) -> dict[str, Any]:
    """Make a token. The answer has it once: it is stored nowhere. Only who may have eBay's tokens can give that on."""
    context: WebContext = request.app.state.context
    if terms_asked.ebay and not caller.ebay:
        raise ProblemError(403, "this needs a token made with --ebay: none gives more than it has", code="scope_lacking")
    try:
        lasting = duration(terms_asked.expires) if terms_asked.expires is not None else None
        terms = TokenTerms(terms_asked.name, terms_asked.scope, terms_asked.ebay, tuple(terms_asked.sellers or ()), lasting)
    except ValueError as error:
        raise ProblemError(422, str(error)) from None
    made, fields = await tokens.create_token(context, caller.author, terms)
    return {**fields, "token": made.token}


@router.delete("/v1/tokens/{token_id}", response_model=RevokedToken, responses=problems(404), openapi_extra={"x-command": "token revoke"})
async def revoke_token(
    request: Request,
    token_id: Annotated[str, Path(pattern=f"^{TOKEN_NAME.pattern}$", description="its id or its name", examples=[FIELDS["id"]])],
    caller: Admin,
) -> dict[str, Any]:
    """End a token, at once in this process and within two seconds in others. Who waits with it gets 401."""
    context: WebContext = request.app.state.context
    fields = await tokens.revoke_token(context, caller.author, token_id)
    context.token_revoked()
    return {"id": fields["id"], "name": fields["name"], "state": "revoked"}
