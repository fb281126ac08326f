"""Become a program that ends with the process that started it, however that ends: `python -E -S watched.py PROGRAM ARGUMENT...`.

For a server that somebody else starts and stops by its process id (Temporal's SDK does so with its test server), where no keeper can stand
between. A child of ours looks five times a second whether our parent still lives. Standard library only.
"""

import os
import signal
import sys
import time

LOOK_S = 0.2


def watch(owner: int, program: int) -> None:
    while os.getppid() == program:  # else it ended, and its number may be another's
        if not alive(owner):
            os.kill(program, signal.SIGKILL)
            return
        time.sleep(LOOK_S)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


if __name__ == "__main__":
    owner, program = os.getppid(), os.getpid()
    if os.fork() == 0:
        os.setsid()  # Ctrl-C in the terminal is not for us
        nothing = os.open(os.devnull, os.O_RDWR)
        for fd in range(3):
            os.dup2(nothing, fd)  # who waits for the end of the program's output shall not wait for us
        watch(owner, program)
        os._exit(0)
    os.execv(sys.argv[1], sys.argv[1:])
