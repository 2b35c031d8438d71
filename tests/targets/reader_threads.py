# SPDX-License-Identifier: Apache-2.0
"""Starts as many threads as the first argument says, each with a name and a depth of its own, and
prints a line when all stand still. Ends when standard input closes."""

import sys
import threading

count = int(sys.argv[1])
arrived = threading.Semaphore(0)
forever = threading.Event()


def down(depth):
    if depth == 0:
        arrived.release()
        forever.wait()
        return
    down(depth - 1)


for i in range(count):
    threading.Thread(target=down, args=(i % 40,), name="worker-%d" % i, daemon=True).start()
for i in range(count):
    arrived.acquire()
print("ready", flush=True)
sys.stdin.read()
