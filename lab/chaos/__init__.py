"""Faults on purpose, against real processes and servers: `python -m lab.chaos [PART ...]`. 0 lost, 0 told twice, 0 wrong must hold."""
