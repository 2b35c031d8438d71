# Waits at the end of a chain of calls through C code, and says what must be on the stack: names of
# machine code functions, leaf first (~: only files with all their symbols know it), and how often the
# interpreter's loop was entered.
import json
import sys
import time

MINOR = sys.version_info[1]
ENDLESS = 100000


def announce(entries, functions):
    print(json.dumps({"entries": entries, "functions": functions}), flush=True)


def wait(entries, functions=()):
    announce(entries, functions)
    while True:
        time.sleep(ENDLESS)


def calls(count):
    """Entries of the loop for that many Python functions that call each other: from 3.11 on the
    loop does not call itself for these."""
    return count if MINOR < 11 else 1


def plain():
    def down(depth):
        if depth:
            down(depth - 1)
        else:
            wait(calls(2 + 6 + 1))

    down(5)


def sort():
    def key(value):
        wait(calls(2) + calls(2), ["~list_sort"])

    [3, 1, 2].sort(key=key)


def qsort():
    import ctypes

    order = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
    library = ctypes.CDLL("libc.so.6")

    def compare(left, right):
        wait(calls(2) + calls(2), ["~closure_fcn", "qsort_r|__qsort_r", "ffi_call"])

    numbers = (ctypes.c_int * 4)(4, 2, 3, 1)
    library.qsort(numbers, 4, ctypes.sizeof(ctypes.c_int), order(compare))


def sqlite():
    import sqlite3

    connection = sqlite3.connect(":memory:")

    def function(value):
        wait(calls(2) + calls(2), ["sqlite3_step"])

    connection.create_function("wait", 1, function)
    connection.execute("select wait(1)").fetchall()


def substitute():
    import re

    pattern = re.compile("b+")

    def replace(match):
        wait(calls(2) + calls(2), ["~pattern_subx"])

    pattern.sub(replace, "abba")


def thread():
    import threading

    def target():
        wait(0)

    threading.Thread(target=target).start()


def deep():
    """Python, C, Python and so on."""

    def down(depth):
        if depth:
            list(map(down, [depth - 1]))
        else:
            wait(24 if MINOR < 11 else 21, ["~map_next"] * 20)

    down(20)


def compress():
    import zlib

    data = bytes(range(256)) * 4096 * 256
    announce(calls(2), ["deflate"])
    while True:
        zlib.compress(data, 9)


def signal():
    """A handler of machine code, which calls Python in the middle of another call."""
    import ctypes
    import os

    library = ctypes.CDLL("libc.so.6")
    handler = ctypes.CFUNCTYPE(None, ctypes.c_int)

    def handle(number):
        wait(calls(2) + calls(2), ["~closure_fcn", "raise"])

    keep = handler(handle)
    library.signal.argtypes = [ctypes.c_int, handler]
    library.signal(10, keep)
    ctypes.PyDLL("libc.so.6")["raise"](10)


globals()[sys.argv[1]]()
