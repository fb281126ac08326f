"""The addresses that eBay is given, each called as eBay calls it: do challenge and refusal come as they must."""

from __future__ import annotations

from dataclasses import dataclass
from ssl import SSLContext
from typing import Any

from ebay.address_check import check_challenge, check_refusal
from operations.context import CommandContext
from operations.subscriptions import PATH

CHECK_NEEDED = ("public_url", "notification_token")


@dataclass(frozen=True, slots=True)
class AddressRow:
    """One call of one address. `fault` None: answered as eBay expects; else one line."""

    address: str
    asked: str  # challenge, or unsigned
    fault: str | None

    def fields(self) -> dict[str, Any]:
        """As `--json` gives it."""
        found = self.fault or ("answers the challenge" if self.asked == "challenge" else "refuses what eBay did not sign")
        return {"mark": "x" if self.fault else "ok", "asked": self.asked, "address": self.address, "ok": self.fault is None, "found": found}


async def checked_addresses(context: CommandContext, seller_id: str | None, trust: SSLContext | None = None) -> list[AddressRow]:
    """With and without a slash at the end, as people register either; of a seller the seller's own. At most 9 seconds.

    A notification without eBay's signature is only sent where the challenge was answered: elsewhere it would say the same again.
    """
    settings = context.settings
    assert settings.public_url
    assert settings.notification_token
    token = settings.notification_token.get_secret_value()
    address = settings.public_url + PATH + (f"/{seller_id}" if seller_id else "")
    rows = [AddressRow(one, "challenge", await check_challenge(one, token, trust)) for one in (address, address + "/")]
    if rows[0].fault is None:
        rows.append(AddressRow(address, "unsigned", await check_refusal(address, trust)))
    return rows
