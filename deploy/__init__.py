"""How Sellerbeat is run for real."""
