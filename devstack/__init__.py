"""Postgres and Temporal on one machine, without Docker: for the demo, the tests and the benchmarks. Imports nothing of the product."""

from devstack.errors import DevstackError
from devstack.postgres import create_database, postgres
from devstack.stack import Stack, stack
from devstack.temporal import TemporalServer, temporal
from devstack.timeskipping import time_skipping

__all__ = ["DevstackError", "Stack", "TemporalServer", "create_database", "postgres", "stack", "temporal", "time_skipping"]
