"""Permits, eBay's own counts, the planner's levels, and the breakers that stop calls while eBay is down."""
