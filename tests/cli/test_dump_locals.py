# SPDX-License-Identifier: Apache-2.0
"""dump --locals: the variables of frames as read from outside, against Python's own repr of them."""

import contextlib
import json
import os
import subprocess
import sys

import pytest
from cores import dump, killed, needs_cores, places
from executable import PROJECT
from hostile import interpreter_id, interpreters, running, wait_until

TARGETS = PROJECT / "tests" / "targets"
EVERY = pytest.mark.parametrize("entry", interpreters(), ids=interpreter_id)
LIMIT = 128  # PYRO_MAX_FRAME_LOCALS


@contextlib.contextmanager
def target(entry, program, **environment):
    """A program that says what its variables are, and that."""
    process = subprocess.Popen(
        [*entry["argv"], str(TARGETS / program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ, PYTHONUTF8="1", **environment),
    )
    try:
        yield process, json.loads(process.stdout.readline().decode("utf-8"))
        # Nobody ran what would have ended it.
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def by_function(seen):
    """Every frame, by the name of its function."""
    frames = {}
    for thread in seen["threads"]:
        for frame in thread["frames"]:
            frames[frame["name"].rpartition(".")[2]] = frame
    return frames


def dumped(pyrometer, pid):
    done = pyrometer("dump", "--locals", "--json", pid)
    assert (done.returncode, done.stderr) == (0, "")
    return by_function(json.loads(done.stdout))


def differences(frame, variables):
    mine = {local["name"]: [local["kind"], local["value"]] for local in frame["locals"]}
    return [
        (frame["name"], name, expected, mine.get(name))
        for name, expected in variables.items()
        if mine.get(name) != expected
    ]


def check(seen, truth):
    wrong = []
    for function, variables in truth.items():
        frame = seen[function]
        assert not frame["locals_changed"] and not frame["locals_unreadable"], function
        wrong += differences(frame, variables)
        if function not in ("<module>", "Body", "crowd"):
            # Nothing that is not bound, and nothing twice.
            names = [local["name"] for local in frame["locals"]]
            assert sorted(names) == sorted(variables), function
            assert frame["locals_left_out"] == 0
    assert wrong == []
    assert len(seen["crowd"]["locals"]) == LIMIT
    assert seen["crowd"]["locals_left_out"] == 201 - LIMIT
    names = [local["name"] for local in seen["<module>"]["locals"]]
    assert "functions" in names and not {"os", "Point", "main", "__name__"} & set(names)


@EVERY
def test_known_values(pyrometer, entry):
    with target(entry, "known_locals.py") as (process, truth):
        assert {"numbers", "texts", "dicts", "outer", "inner", "generator", "leaf"} <= set(truth)
        check(dumped(pyrometer, process.pid), truth)


@needs_cores
@EVERY
def test_known_values_of_a_core(pyrometer, tmp_path, entry):
    core, line = killed(
        tmp_path / "died",
        [*entry["argv"], str(TARGETS / "known_locals.py")],
        env=dict(os.environ, PYTHONUTF8="1"),
    )
    check(by_function(dump(pyrometer, core, "--locals", *places(entry))), json.loads(line))


@EVERY
def test_it_is_readable(pyrometer, entry):
    with target(entry, "known_locals.py") as (process, truth):
        done = pyrometer("dump", "--locals", process.pid)
        assert (done.returncode, done.stderr) == (0, "")
        lines = done.stdout.splitlines()
        assert all(len(line) <= 80 for line in lines)
        assert "      negative = " + truth["numbers"]["negative"][1] in lines
        assert "      a_list = [1, 'two', None]" in lines


@EVERY
def test_variables_of_what_runs(pyrometer, entry):
    """Read on the move: what is said to be whole is, and what is not says so."""
    code = (
        "def spin(limit, name='spinner'):\n"
        "    big = {i: [i] for i in range(50)}\n"
        "    while True:\n"
        "        grow = []\n"
        "        for i in range(limit):\n"
        "            grow.append({'i': str(i)})\n"
        "print('ready', flush=True)\n"
        "spin(200)\n"
    )
    with running([*entry["argv"], "-c", code], stdout=subprocess.PIPE) as process:
        wait_until(lambda: "spin" in dumped(pyrometer, process.pid))
        for _ in range(30):
            frame = dumped(pyrometer, process.pid)["spin"]
            mine = {local["name"]: local["value"] for local in frame["locals"]}
            if frame["locals_changed"] and not mine:
                continue
            assert mine["limit"] == "200" and mine["name"] == "'spinner'"
            assert mine["big"].startswith("{0: [0], 1: [1], ")
            assert mine["big"].endswith(", ... 34 more}")


@pytest.fixture(scope="module")
def numpy_for():
    """The folder of a NumPy that is made for an interpreter; None where there is none."""

    def install(version):
        folder = PROJECT / "build" / "numpy" / version
        if (folder / "numpy").is_dir():
            return folder
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        command += ["--only-binary=:all:", "--python-version", version]
        command += ["--target", str(folder), "numpy"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return folder if done.returncode == 0 else None

    return install


@EVERY
def test_arrays(pyrometer, numpy_for, entry):
    folder = numpy_for(entry["version"])
    if folder is None:
        pytest.skip(f"pip has no NumPy for CPython {entry['version']}")
    with target(entry, "known_arrays.py", PYTHONPATH=str(folder)) as (process, truth):
        assert differences(dumped(pyrometer, process.pid)["arrays"], truth["arrays"]) == []
