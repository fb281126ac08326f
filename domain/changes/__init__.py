"""Stored and fetched snapshots in, changes out. Pure: no I/O, no clock, standard library only.

`model` has the nouns, `normal` the comparison by content, `orders`, `parcels` and `inventory` one rule book each.
"""
