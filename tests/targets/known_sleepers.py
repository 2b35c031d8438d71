"""One thread that works and sleeps in turn: little CPU time, much wall time."""

import time

import known_rules


def works(size):
    total = 0
    for number in range(int(size)):
        total += number * number


def naps(size):
    time.sleep(size)


def sleeps(size):
    time.sleep(size)


if __name__ == "__main__":
    options = known_rules.arguments()
    truth = known_rules.Truth()
    parts = [(works, 60000), (naps, 0.002), (works, 60000), (sleeps, 0.006)]
    known_rules.repeat(truth, parts, options.seconds)
    truth.tell(1)
