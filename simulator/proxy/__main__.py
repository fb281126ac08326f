"""`python -m simulator.proxy HOST:PORT`: the bad network by hand. Each line typed is done at once:

reset 3        the next three exchanges end in a reset (so: refuse, hang, garbage, half_close, slow)
reset 3 100    ... after 100 bytes of the answer
set slow 0.1   from now on every tenth exchange is slow; `set slow 0` ends it
down, up, freeze, thaw, cut, stop, counts
"""

import argparse
import json
import sys
from dataclasses import fields

from simulator.proxy.fault_proxy import FaultProxy, LineFaults

NUMBERS = {one.name for one in fields(LineFaults)} - {"after"}


def main(arguments: list[str] | None = None) -> int:
    """Runs until the end of its standard input. Exit 0; 1 when it cannot start, 2 for a wrong option."""
    parser = argparse.ArgumentParser("python -m simulator.proxy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", metavar="HOST:PORT")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    host, _, port = options.target.rpartition(":")
    if not host or not port.isdigit():
        parser.error(f"{options.target}: give HOST:PORT")
    try:
        with FaultProxy(host, int(port), port=options.port, seed=options.seed) as proxy:
            say(f"{options.target} through {proxy.host}:{proxy.port}")
            for line in sys.stdin:
                if words := line.split():
                    say(done(proxy, words))
    except OSError as error:
        sys.stderr.write(f"proxy: {error}\n")
        return 1
    return 0


def done(proxy: FaultProxy, words: list[str]) -> str:
    """Do what one line says; what came of it, in words."""
    try:
        if words[0] in ("down", "up", "freeze", "thaw", "cut", "stop") and len(words) == 1:
            getattr(proxy, words[0])()
        elif words[0] == "set" and len(words) == 3 and words[1] in NUMBERS:
            setattr(proxy.faults, words[1], float(words[2]))
        elif words[0] != "counts":
            how = {"after": int(words[2])} if len(words) > 2 else {}
            proxy.next(words[0], int(words[1]) if len(words) > 1 else 1, **how)
    except (OSError, ValueError) as error:
        return f"not done: {error}"
    return json.dumps(dict(proxy.done))


def say(line: str) -> None:
    """One line on standard output, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
