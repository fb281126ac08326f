"""What the simulated eBay has: accounts, sellers' inventories, the ledger; and what can happen to orders, stock, listings and offers."""
