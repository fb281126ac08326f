"""Who a token belongs to: `GET /commerce/identity/v1/user/` (eBay docs: getUser). Served here beside all else; eBay has it at apiz."""

from simulator.answers import Answer
from simulator.ledger import dumps
from simulator.requests import Request
from simulator.world import World

PATH = "/commerce/identity/v1/user"


def get_user(world: World, request: Request) -> Answer:
    """What the scope commerce.identity.readonly shows: the account's id for ever, and the name, which a user may change."""
    user = {
        "userId": world.accounts.user_id(request.seller),
        "username": world.accounts.username(request.seller),
        "accountType": "BUSINESS",
        "registrationMarketplaceId": "EBAY_US",
        "status": "CONFIRMED",
    }
    return Answer(200, dumps(user))
