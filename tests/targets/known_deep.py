"""Busy loops near the bottom of the stack and below more frames than are read in one go, some tenths
of a second each."""

import sys

import known_rules

DEPTH = 1500


def shallow(size):
    total = 0
    for number in range(int(size)):
        total += number * number


def deep(size, depth=DEPTH):
    if depth:
        return deep(size, depth - 1)
    total = 0
    for number in range(int(size)):
        total += number * number
    return total


if __name__ == "__main__":
    sys.setrecursionlimit(2 * DEPTH)
    options = known_rules.arguments()
    truth = known_rules.Truth()
    parts = [(shallow, 6e6), (deep, 3e6)]
    known_rules.repeat(truth, parts, options.seconds)
    truth.tell(1)
