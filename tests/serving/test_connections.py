"""Who keeps a connection, and who goes first where there are more than web.py takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serving.connections import Closing, ConnectionLimits, Connections

LIMITS = ConnectionLimits(most=4, most_of_a_peer=2, trusted=("10.0.0.0/8",))


class Held:
    def __init__(self, limits: ConnectionLimits = LIMITS) -> None:
        self.closed: list[tuple[str, Closing]] = []
        self.connections: Connections[str] = Connections(limits, lambda name, why: self.closed.append((name, why)))

    def came(self, *names: str) -> list[bool]:
        """Each of the peer that its first letter names."""
        return [self.connections.came(name, f"192.0.2.{ord(name[0])}") for name in names]


def test_where_all_are_taken_the_one_that_is_silent_longest_makes_room() -> None:
    held = Held()
    held.came("a1", "b1", "c1", "d1")
    held.connections.asks("a1")
    held.connections.silent("a1")  # so b1 has been silent longest

    assert held.came("e1") == [True]
    assert held.closed == [("b1", Closing.CROWDED)]
    assert len(held.connections) == 4


def test_who_asks_something_keeps_their_connection_and_the_new_one_is_turned_away() -> None:
    held = Held()
    held.came("a1", "b1", "c1", "d1")
    for name in ("a1", "b1", "c1", "d1"):
        held.connections.asks(name)

    assert held.came("e1") == [False]
    assert held.closed == [("e1", Closing.CROWDED)]


def test_a_peer_that_has_all_it_may_loses_its_own_and_nobody_elses() -> None:
    held = Held()
    held.came("b1", "a1", "a2")

    assert held.came("a3") == [True]
    held.connections.asks("a2")
    held.connections.asks("a3")
    assert held.came("a4") == [False]
    assert held.closed == [("a1", Closing.PEER_CROWDED), ("a4", Closing.PEER_CROWDED)]


def test_a_proxy_that_is_trusted_stands_for_many_peers() -> None:
    held = Held()

    assert [held.connections.came(name, "10.1.2.3") for name in ("a", "b", "c", "d")] == [True] * 4
    assert held.connections.came("e", "10.1.2.3")
    assert held.closed == [("a", Closing.CROWDED)]
    assert ConnectionLimits(trusted=("*",)).is_trusted("192.0.2.1")
    assert not ConnectionLimits(trusted=("10.0.0.1", "a name")).is_trusted("192.0.2.1")


def test_who_is_late_goes_once_and_whoever_is_gone_is_not_closed_again() -> None:
    held = Held()
    held.came("a1")
    held.connections.late("a1", Closing.SLOW_HEAD)
    held.connections.late("a1", Closing.SLOW_HEAD)
    held.connections.left("a1")
    held.connections.asks("a1")
    held.connections.silent("a1")

    assert held.closed == [("a1", Closing.SLOW_HEAD)]
    assert held.connections.closed == {Closing.SLOW_HEAD: 1}
    assert len(held.connections) == 0


def test_a_process_that_may_open_few_files_takes_fewer_connections() -> None:
    assert ConnectionLimits(most=2000).within(1024).most == 624
    assert ConnectionLimits(most=2000).within(65_536).most == 2000
    assert ConnectionLimits(most=2000).within(256).most == 50


@given(st.lists(st.tuples(st.sampled_from(["came", "left", "asks", "silent", "late"]), st.integers(0, 12)), max_size=80))
def test_the_limits_hold_whatever_comes_and_who_was_closed_is_not_held(acts: list[tuple[str, int]]) -> None:
    held, open_now = Held(ConnectionLimits(most=5, most_of_a_peer=2)), set[str]()
    for number, (act, which) in enumerate(acts):
        name, before = f"{'abcd'[which % 4]}{which}", len(held.closed)
        if act == "came":
            name = f"{name}-{number}"
            if held.came(name)[0]:
                open_now.add(name)
        elif match := sorted(one for one in open_now if one.startswith(f"{name}-")):
            getattr(held.connections, act)(*([match[0], Closing.SILENT] if act == "late" else [match[0]]))
            if act == "left":
                open_now.discard(match[0])
        open_now -= {gone for gone, _ in held.closed[before:]}

        assert len(held.connections) == len(open_now) <= 5
        assert max((sum(one[0] == peer for one in open_now) for peer in "abcd"), default=0) <= 2
