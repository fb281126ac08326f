"""A step's lease, what it reads before it asks eBay, and the one transaction in which it commits."""
