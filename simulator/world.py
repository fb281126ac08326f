"""The world as tests and programs use it: `World` has everything that can be done in it and to it."""

from simulator.listing_acts import ListingActs


class World(ListingActs):
    __doc__ = ListingActs.__doc__
