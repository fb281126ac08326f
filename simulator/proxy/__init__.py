"""A bad network on loopback, for anything that speaks TCP. By hand: `python -m simulator.proxy HOST:PORT` (`__main__.py`)."""

from simulator.proxy.fault_proxy import FaultProxy, LineFaults

__all__ = ["FaultProxy", "LineFaults"]
