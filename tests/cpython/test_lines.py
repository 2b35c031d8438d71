# SPDX-License-Identifier: Apache-2.0
"""The reader's line table decoder against each interpreter's own."""

import json
import subprocess

from programs import TARGETS, tool


def test_lines_of_the_library(interpreter):
    dumped = subprocess.run(
        interpreter["argv"] + ["-S", "-W", "ignore", str(TARGETS / "reader_lines.py")],
        stdout=subprocess.PIPE,
        check=True,
        timeout=120,
    )
    codes = [json.loads(line) for line in dumped.stdout.decode().splitlines()]
    asked = "".join(
        "%d %d %d %s\n" % (m, first, size, table or "-") for m, first, size, table, _ in codes
    )
    done = subprocess.run(
        [tool("pyro-lines", "debug")],
        input=asked.encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=120,
    )
    answers = done.stdout.decode().split("\n")
    assert len(codes) > 3000
    assert max(len(code[3]) // 2 for code in codes) > 4096
    compared = 0
    for (minor, first, _, table, truth), answer in zip(codes, answers):
        started = False
        for at, (line, mine) in enumerate(zip(truth, answer.split())):
            if line:
                started = True
                assert int(mine) == line, (minor, first, table, at)
            elif started:
                assert int(mine) == 0, (minor, first, table, at)
            else:
                # What sets the frame up before the first line counts as the definition's.
                assert int(mine) == first, (minor, first, table, at)
            compared += 1
    assert compared > 100000
