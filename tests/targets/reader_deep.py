# SPDX-License-Identifier: Apache-2.0
"""Recurses as deep as the first argument says, prints a line and waits for standard input to
close."""

import sys
import threading


def leaf():
    print("ready", flush=True)
    sys.stdin.read()


def down(depth):
    if depth == 0:
        return leaf()
    return down(depth - 1)


sys.setrecursionlimit(10**7)
threading.stack_size(1 << 30)
thread = threading.Thread(target=down, args=(int(sys.argv[1]),))
thread.start()
thread.join()
