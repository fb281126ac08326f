"""Delivering changes to endpoints."""
