# SPDX-License-Identifier: Apache-2.0
"""Two more interpreters, each in a thread, each in a function of its own. Prints a line when both
have had time to get there; ends when standard input closes."""

import os
import sys
import threading
import time

try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

SOURCE = """
import os, time
def inside_%d():
    os.write(%d, b"x")
    while True:
        time.sleep(60)
inside_%d()
"""


def run(number, pipe):
    interpreter = interpreters.create()
    run_string = getattr(interpreters, "exec", None) or interpreters.run_string
    run_string(interpreter, SOURCE % (number, pipe, number))


reader, writer = os.pipe()
for number in (1, 2):
    threading.Thread(target=run, args=(number, writer), daemon=True).start()
    os.read(reader, 1)
time.sleep(0.3)
print("ready", flush=True)
sys.stdin.read()
os._exit(0)
