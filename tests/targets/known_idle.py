"""150 threads that mostly sleep, beside a main thread that works. Runs and tells its pace as the
shape programs do (shape_rules)."""

import argparse
import random
import sys
import os
import threading
import time

import shape_rules


def idle(seed):
    chance = random.Random(seed)
    while True:
        time.sleep(chance.uniform(0.2, 2))


def works(pace):
    while pace.goes_on():
        total = 0
        for number in range(20000):
            total += number * number


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=150)
    parser.add_argument("--seconds", type=float, default=0)
    options = parser.parse_args()
    for seed in range(options.threads):
        threading.Thread(target=idle, args=(seed,), daemon=True).start()
    sys.stdout.write("ready %d\n" % os.getpid())
    sys.stdout.flush()
    works(shape_rules.Pace(0, options.seconds))
