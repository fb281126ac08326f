"""Sellers, their consents and their tokens."""
