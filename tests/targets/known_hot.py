"""One function that takes nearly all the time, called by another; a thread that only waits; a name
that is meant to hurt. Says "ready" when it is in full swing, and goes on until it is ended."""

import sys
import threading
import time


def hot(size):
    total = 0
    for number in range(size):
        total += number * number
    return total


def caller():
    return hot(20000)


def waiting():
    threading.Event().wait()


def hostile():
    """A function whose name would clear the screen."""
    code = "def {}(n):\n    return sum(i * i for i in range(n))\n"
    space = {}
    exec(code.format("plain"), space)
    function = space["plain"]
    name = "evil\x1b[2J\n\u202eend"
    try:
        replaced = function.__code__.replace(co_name=name, co_qualname=name)
    except TypeError:  # before 3.11 there is no qualified name in the code
        replaced = function.__code__.replace(co_name=name)
    return type(function)(replaced, globals())


if __name__ == "__main__":
    thread = threading.Thread(target=waiting, name="waiter")
    thread.daemon = True
    thread.start()
    evil = hostile()
    caller()
    print("ready", flush=True)
    end = time.time() + float(sys.argv[1]) if len(sys.argv) > 1 else float("inf")
    while time.time() < end:
        for _ in range(10):
            caller()
        evil(3000)
