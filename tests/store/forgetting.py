"""Buyers, and what is stored of them."""

from __future__ import annotations

from datetime import timedelta

from tests.support.canary import BUYER

NAME = BUYER["username"]
NEVER = timedelta(0)
