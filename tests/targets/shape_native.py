"""Python that calls machine code that calls Python back, and machine code that stays there."""

import re
import sqlite3
import zlib

import shape_rules

DATA = bytes(range(256)) * 200
WORDS = "12x345y" * 200
database = sqlite3.connect(":memory:", check_same_thread=False)


def called_back(value):
    return -value


def sorting():
    sorted(range(600), key=called_back)


def replaced(match):
    return match.group(1)


def matching():
    re.sub("([0-9]+)x", replaced, WORDS)


def asked(value):
    return value + 1


def asking():
    database.execute(
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT asked(x) FROM n LIMIT 300)"
        " SELECT sum(x) FROM n"
    ).fetchone()


def compressing():
    zlib.compress(DATA, 6)


def work(pace):
    database.create_function("asked", 1, asked)
    while pace.goes_on():
        sorting()
        matching()
        asking()
        compressing()


if __name__ == "__main__":
    shape_rules.run_shape(work)
