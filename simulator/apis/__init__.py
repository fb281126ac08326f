"""eBay's APIs as the simulator answers them, one file each; `app.py` says which path leads where."""
