# SPDX-License-Identifier: Apache-2.0
"""Threads that are in several interpreters. Says how, in a line of JSON: by thread, by its name, the
functions and bodies of modules on its stack, innermost first. Ends when standard input closes."""

import json
import os
import sys
import threading
import time

import interpreters

SOURCE = """
import os, time
def inside_%(number)d():
    os.write(%(pipe)d, b"x")
    while True:
        time.sleep(60)
inside_%(number)d()
"""

AGAIN = """
import sys
sys.path.insert(0, %(folder)r)
import interpreters
def again():
    interpreters.run(%(interpreter)d, %(source)r)
again()
"""

FOLDER = os.path.dirname(os.path.abspath(__file__))
reader, writer = os.pipe()


def source(number):
    return SOURCE % {"number": number, "pipe": writer}


def goes_into(interpreter, code):
    interpreters.run(interpreter, code)


def makes_and_goes_into(number):
    goes_into(interpreters.create(), source(number))


def start(target, *arguments):
    threading.Thread(target=target, args=arguments, name=target.__name__, daemon=True).start()
    os.read(reader, 1)


# One that goes into its own, one into another's, and one through one into another that is older.
older, newer, others, idle = [interpreters.create() for _ in range(4)]
start(makes_and_goes_into, 1)
start(goes_into, others, source(2))


def goes_through():
    code = AGAIN % {"folder": FOLDER, "interpreter": int(older), "source": source(3)}
    goes_into(newer, code)


start(goes_through)
time.sleep(0.3)
INTO = ["<module>", "goes_into"]
print(
    json.dumps(
        {
            "makes_and_goes_into": ["inside_1"] + INTO + ["makes_and_goes_into"],
            "goes_into": ["inside_2"] + INTO,
            "goes_through": ["inside_3", "<module>", "again"] + INTO + ["goes_through"],
            "MainThread": ["<module>"],
        }
    ),
    flush=True,
)
sys.stdin.read()
os._exit(0)
