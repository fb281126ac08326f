"""The world as tests and programs use it: `World` has everything that can be done in it and to it."""

from simulator.core import Core
from simulator.offer_acts import OfferActs


class World(OfferActs):
    __doc__ = Core.__doc__
