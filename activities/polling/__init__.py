"""The steps that poll eBay for one seller, what they share, and what one leaves to the next."""
