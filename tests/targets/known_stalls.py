"""199 threads that wait some calls deep, and a main thread that counts for how many ns it did not
get on: what stops it is seen there. Runs as the shape programs do (shape_rules), and what it counts
as rounds are these ns."""

import threading
import time

import shape_rules

DEPTH = 10
STALL = 50000  # ns; a look at the clock takes far less


def waits(event, depth):
    if depth > 1:
        waits(event, depth - 1)
    else:
        event.wait()


def watches(pace):
    last = time.perf_counter_ns()
    while True:
        now = time.perf_counter_ns()
        if now - last > STALL:
            pace[0] += now - last
        last = now


if __name__ == "__main__":
    options = shape_rules.parse_options(threads=199)
    for _ in range(options.threads):
        threading.Thread(target=waits, args=(threading.Event(), DEPTH), daemon=True).start()
    shape_rules.say_ready()
    watches(options.rounds)
