"""Greenlets in two threads, of which it says as JSON what must be seen: class, state, thread, and
functions from the innermost out.

  known_greenlets.py FOLDER     the folder that greenlet is installed in
"""

import json
import sys
import threading

sys.path.insert(0, sys.argv[1])

import greenlet  # noqa: E402

known = []


def leave(depth):
    """Goes to the parent from within so many calls."""
    if depth:
        leave(depth - 1)
    else:
        greenlet.getcurrent().parent.switch()


def by_c_code(depth):
    """With C code between Python's frames."""
    list(map(leave, [depth]))


class Own(greenlet.greenlet):
    pass


def begin(kind, function, depth, thread):
    made = kind(function)
    made.switch(depth)
    frames = ["leave"] * (depth + 1) + (["by_c_code"] if function is by_c_code else [])
    known.append([name_of(kind), "waiting", thread, frames])
    return made


def name_of(kind):
    return "Own" if kind is Own else "greenlet.greenlet"


def stay(depth, done, wait):
    """Runs in a greenlet of its own, so that the first one is left as well."""
    if depth:
        return stay(depth - 1, done, wait)
    done()
    wait()


there = threading.Event()
keep = []


def other():
    keep.append(begin(greenlet.greenlet, leave, 2, "other"))
    keep.append(greenlet.greenlet(leave))  # never started
    known.append(["greenlet.greenlet", "ready", None, []])
    known.append(["greenlet.greenlet", "running", "other", []])
    there.set()
    threading.Event().wait()


threading.Thread(target=other, name="other", daemon=True).start()
there.wait()
for i in range(5):
    keep.append(begin(greenlet.greenlet, leave, i, "MainThread"))
for i in (1, 30):
    keep.append(begin(Own, by_c_code, i, "MainThread"))
dead = greenlet.greenlet(lambda: None)
dead.switch()
known.append(["greenlet.greenlet", "waiting", "MainThread", ["<module>"]])
# The one that runs has no frames of its own: they are its thread's.
known.append(["Own", "running", "MainThread", []])


def say():
    print("ready", flush=True)
    print(json.dumps(known), flush=True)


Own(stay).switch(100, say, threading.Event().wait)
