"""Postgres and Temporal on one machine, without Docker: for the demo, the tests and the benchmarks. Imports nothing of the product."""

from demo_stack.devstack.errors import DevstackError
from demo_stack.devstack.postgres import create_database, postgres
from demo_stack.devstack.stack import Stack, stack
from demo_stack.devstack.temporal import TemporalServer, temporal
from demo_stack.devstack.timeskipping import time_skipping

__all__ = ["DevstackError", "Stack", "TemporalServer", "create_database", "postgres", "stack", "temporal", "time_skipping"]
