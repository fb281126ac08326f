"""Endpoints, how far each got, what was tried, and what waits."""
