"""The world as tests and programs use it: `World` has everything that can be done in it and to it."""

from simulator.state.offer_actions import OfferActs
from simulator.state.state import Core


class World(OfferActs):
    __doc__ = Core.__doc__
