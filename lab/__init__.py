"""The laboratory: what breaks, measures and forecasts the product. Nothing of the product imports it."""
