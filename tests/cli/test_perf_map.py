# SPDX-License-Identifier: Apache-2.0
"""--perf-map: CPython 3.12 and later name their functions for perf, others are said not to."""

import os
import re

import pytest
from hostile import interpreter_id, interpreters, one_line, rows

CODE = """
import os, sys, time
def known_to_perf():
    end = time.perf_counter() + 0.2
    while time.perf_counter() < end:
        pass
known_to_perf()
print(os.getpid())
sys.exit(3)
"""


def found():
    try:
        return interpreters()
    except Exception:
        return []


def remove(pid):
    path = f"/tmp/perf-{pid}.map"
    if os.path.exists(path):
        os.unlink(path)


@pytest.mark.parametrize("interpreter", found(), ids=interpreter_id)
def test_every_interpreter(pyrometer, tmp_path, interpreter):
    command = [*interpreter["argv"], "-c", CODE]
    done = pyrometer("run", "--perf-map", "-o", "x.pyro", "--", *command)
    assert done.returncode == 3, done.stderr
    pid = int(done.stdout)
    try:
        if int(interpreter["version"].split(".")[1]) < 12:
            line = one_line(done.stderr)
            assert f"process {pid} is CPython {interpreter['full']}, " in line
            assert "before CPython 3.12" in line
            assert not os.path.exists(f"/tmp/perf-{pid}.map")
        else:
            assert "pyrometer: " not in done.stderr
            with open(f"/tmp/perf-{pid}.map") as names:
                assert re.search(
                    r"^[0-9a-f]+ [0-9a-f]+ py::known_to_perf:<string>$", names.read(), re.M
                )
        # Its stacks are read like any other's.
        stacks = rows(
            tmp_path / "x.pyro", "SELECT samples FROM by_function WHERE name = 'known_to_perf'"
        )
        assert stacks and stacks[0][0] > 10
    finally:
        remove(pid)


def test_an_interpreter_that_refuses(pyrometer):
    new = [e for e in found() if int(e["version"].split(".")[1]) >= 12]
    if not new:
        pytest.skip("no CPython 3.12 or later")
    done = pyrometer("run", "-q", "--perf-map", "--", *new[0]["argv"], "-E", "-c", CODE)
    assert done.returncode == 3
    assert f"wrote no /tmp/perf-{int(done.stdout)}.map" in one_line(done.stderr)
