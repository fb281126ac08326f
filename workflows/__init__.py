"""Deterministic orchestration: when a seller's steps run, and what an operator's signals change. No I/O, no policy."""
