# SPDX-License-Identifier: Apache-2.0
"""Makes functions and drops them, for ever: code objects and their names at the same addresses again
and again. Each calls the next, and their names say which belong together: every stack must be
outer_N;inner_N of one N, in the file gen_N.py."""

import sys

SOURCE = """
def inner_%(n)d(x):
    for i in range(300):
        x = x + 1
    return x
def outer_%(n)d(x):
    return inner_%(n)d(x) + inner_%(n)d(x)
"""


def main():
    n = 0
    # Names of one length, so that their strings take each other's places.
    while True:
        n = n + 1 if n < 99999 else 10000
        n = max(n, 10000)
        space = {}
        exec(compile(SOURCE % {"n": n}, "gen_%d.py" % n, "exec"), space)
        space["outer_%d" % n](1)
        del space


print("ready", flush=True)
main()
