"""Permits before calls, breakers while eBay is down, and what eBay counted."""
