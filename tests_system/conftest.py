"""Tests that need system programs: `make test-system`. What is missing fails, and says how to install it."""
