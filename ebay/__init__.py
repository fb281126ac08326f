"""eBay's API as typed Python: tokens, client, windows, models, errors. Knows no database and no Temporal."""
