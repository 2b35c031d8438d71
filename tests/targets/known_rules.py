"""What the known_*.py programs share: they measure themselves what a profiler must find.

Around every call of a function that counts, a program takes its own clocks, and its last line of
output is a JSON object:

    {"elapsed": S, "process_cpu": S, "threads": N,
     "wall": {"function": S, ...}, "cpu": {"function": S, ...}}

all in seconds, "wall" by a monotonic clock, "cpu" by the thread's CPU clock, each with all that
the function calls, added up over threads. "elapsed" is from the first to the last measurement.
"""

import argparse
import json
import os
import random
import sys
import threading
import time


class Truth:
    def __init__(self):
        self.lock = threading.Lock()
        self.wall = {}
        self.cpu = {}
        self.begin = time.perf_counter()

    def add(self, measured):
        with self.lock:
            for name, (wall, cpu) in measured.items():
                self.wall[name] = self.wall.get(name, 0) + wall
                self.cpu[name] = self.cpu.get(name, 0) + cpu

    def tell(self, threads):
        json.dump(
            {
                "elapsed": time.perf_counter() - self.begin,
                "process_cpu": time.process_time(),
                "threads": threads,
                "wall": self.wall,
                "cpu": self.cpu,
            },
            sys.stdout,
        )
        sys.stdout.write("\n")
        sys.stdout.flush()


def repeat(truth, parts, seconds, seed=1):
    """Calls the parts, (function, size) each, in turn until the time is over.

    Sizes vary by half, so that no sampling rate can beat with the program.
    """
    chance = random.Random(seed)
    measured = {function.__name__: [0.0, 0.0] for function, _ in parts}
    deadline = time.perf_counter() + seconds
    while time.perf_counter() < deadline:
        for function, size in parts:
            size *= chance.uniform(0.5, 1.5)
            clocks = measured[function.__name__]
            # The thread's clock is a system call, at whose end the kernel may well give the
            # processor to others: that is not the function's time.
            cpu = time.thread_time()
            wall = time.perf_counter()
            function(size)
            clocks[0] += time.perf_counter() - wall
            clocks[1] += time.thread_time() - cpu
    truth.add(measured)


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    sys.stdout.write("ready %d\n" % os.getpid())
    sys.stdout.flush()
    return options
