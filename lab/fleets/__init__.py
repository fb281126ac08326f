"""Days of whole fleets in seconds: what a way of pacing is worth before a single call is made. `python -m lab.fleets`."""
