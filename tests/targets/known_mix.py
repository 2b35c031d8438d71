"""Runs in Python, in machine code and in the kernel by turns, in known parts:

  known_mix.py SECONDS PYTHON NATIVE SYSTEM     the parts as numbers, such as 1 2 1

On standard output, at the end, one JSON object: the ns of processor time of each part, as the
thread's own clock tells it. A turn is short, so that whatever changes meanwhile meets all parts."""

import json
import os
import sys
import time
import zlib

TURN = 0.02  # s
DATA = bytes(range(256)) * 400
ZEROS = bytearray(1 << 20)

spent = {"python": 0, "native": 0, "system": 0}


def python():
    total, table = 0, {number: number for number in range(100)}
    for number in range(3000):
        total += number * number % 7 + table[number % 100]
    return total


def native():
    # No memory is brought in or given back for it: that would be the system's.
    zlib.crc32(DATA)


def system():
    os.readv(zero, [ZEROS])


def turn(part, seconds):
    begin = now = time.thread_time_ns()
    while now - begin < 1e9 * seconds:
        part()
        now = time.thread_time_ns()
    spent[part.__name__] += now - begin


def work(seconds, parts):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        for part, share in zip((python, native, system), parts):
            turn(part, TURN * share)


if __name__ == "__main__":
    zero = os.open("/dev/zero", os.O_RDONLY)
    system()  # its pages come with the first read
    work(float(sys.argv[1]), [float(word) for word in sys.argv[2:5]])
    print(json.dumps(spent))
