"""Has the kernel read files, sleep, wait for events, bring in memory, and do nothing."""

import mmap
import os
import select
import sys
import time

ZERO = os.open("/dev/zero", os.O_RDONLY)
EVENTS = select.epoll()
DATA = bytearray(1 << 22)
MEMORY = 1 << 22


def reads():
    for _ in range(20):
        os.preadv(ZERO, [DATA], 0)


def sleeps():
    time.sleep(0.005)


def polls():
    EVENTS.poll(0.005)


def touches():
    memory = mmap.mmap(-1, MEMORY)
    for at in range(0, MEMORY, mmap.PAGESIZE):
        memory[at] = 1
    memory.close()


def counts():
    total = 0
    for number in range(30000):
        total += number * number % 7


if __name__ == "__main__":
    if sys.argv[2:] == ["poll"]:
        print("ready", flush=True)
        EVENTS.poll(float(sys.argv[1]))
    else:
        end = time.time() + float(sys.argv[1])
        while time.time() < end:
            reads()
            sleeps()
            polls()
            touches()
            counts()
