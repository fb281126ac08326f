"""Entities as eBay showed them, and the events, alerts and set-aside records that their changes become."""
