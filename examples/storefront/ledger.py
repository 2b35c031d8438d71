# SPDX-License-Identifier: Apache-2.0
"""Where every order ends up. One lock guards it, and flushing holds that lock for too long."""

import json
import os
import threading
import time


def checksum(data, seal):
    """Adler's sum, byte by byte in Python."""
    low, high = seal & 0xFFFF, seal >> 16
    for byte in data:
        low = (low + byte) % 65521
        high = (high + low) % 65521
    return high << 16 | low


class Ledger:
    def __init__(self, path):
        self.lock = threading.Lock()
        self.file = open(path, "wb")
        self.pending = []
        self.entries = 0
        self.turnover = 0
        self.seal = 1

    def enter(self, order, total):
        text = json.dumps(dict(order, total=total))
        with self.lock:
            self.pending.append(text.encode())
            self.entries += 1
            self.turnover += total
            if len(self.pending) >= 50:
                self.flush()

    def flush(self):
        """Called with the lock held, and everybody else waits."""
        for data in sorted(self.pending):
            self.seal = (self.seal + checksum(data, 1)) & 0xFFFFFFFF
            self.file.write(data + b"\n")
        self.file.flush()
        os.fsync(self.file.fileno())
        time.sleep(0.015)  # the slow disk of a small shop
        self.pending.clear()

    def collect(self):
        with self.lock:
            return self.entries

    def close(self):
        with self.lock:
            self.flush()
            self.file.close()
