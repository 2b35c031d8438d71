"""Runs in machine code that Python calls, and in Python that machine code calls."""

import sys
import time
import zlib

DATA = bytes(range(256)) * 2000


def compress():
    zlib.compress(DATA, 9)


def called_back(value):
    total = 0
    for number in range(30):
        total += number * value
    return -value


def sorting():
    sorted(range(5000), key=called_back)


if __name__ == "__main__":
    end = time.time() + float(sys.argv[1])
    while time.time() < end:
        compress()
        sorting()
