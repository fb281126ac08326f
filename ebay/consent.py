"""The address on which eBay asks a seller for their consent (FACTS 3; eBay docs: oauth-consent-request)."""

from collections.abc import Sequence
from urllib.parse import urlencode

BASE = "https://api.ebay.com/oauth/api_scope"
IDENTITY = f"{BASE}/commerce.identity.readonly"  # tells whose account it is
SCOPES = (
    BASE,  # Trading: listings made in Seller Hub
    f"{BASE}/sell.fulfillment.readonly",
    f"{BASE}/sell.inventory",  # not read only: the daily report of listings needs it
    IDENTITY,
    f"{BASE}/commerce.notification.subscription",
)
"""What Sellerbeat can make use of."""


def address(auth_url: str, client_id: str, redirect_name: str, scopes: Sequence[str], state: str) -> str:
    """Where the seller is sent. `prompt=login`: who is logged in as somebody else is asked who they are, and not connected as that one."""
    query = {
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": redirect_name,
        "scope": " ".join(scopes),
        "prompt": "login",
        "state": state,
    }
    return f"{auth_url}/oauth2/authorize?{urlencode(query)}"
