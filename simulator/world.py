"""The world as tests and programs use it: `World` has everything that can be done in it and to it."""

from simulator.order_acts import OrderActs
from simulator.stock_acts import StockActs


class World(OrderActs, StockActs):
    __doc__ = OrderActs.__doc__
