"""eBay's notifications come in here: verified, kept in Postgres before eBay has its answer, and only then handed on."""
