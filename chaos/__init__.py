"""Faults on purpose, against real processes and servers: `python -m chaos [PART ...]`. What must hold: 0 lost, 0 told twice, 0 wrong."""
