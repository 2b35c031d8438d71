# SPDX-License-Identifier: Apache-2.0
"""Native stacks of live interpreters, against what programs know to be on them."""

import json
import subprocess
import time

import pytest
from programs import tool

WAITING = ["plain", "sort", "qsort", "sqlite", "substitute", "deep", "signal"]


def stacks(one, *options):
    command = [tool("pyro-native", "debug")] + list(options) + [str(one.process.pid)]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=True)
    return json.loads(done.stdout.decode("utf-8", "replace"))


def names(frame):
    return [name for name, _, _ in frame["names"]]


def count_of(thread, kind):
    return [frame["kind"] for frame in thread["frames"]].count(kind)


def check(thread, truth, interpreter):
    shown = [(frame["kind"], frame["source"], names(frame)) for frame in thread["frames"]]
    seen = [name for frame in thread["frames"] for name in names(frame)]
    assert thread["end"] == "complete", shown
    assert count_of(thread, "loop") == truth["entries"], shown
    at = 0
    for function in truth["functions"]:
        if function.startswith("~"):
            if interpreter["kind"] != "shared":
                continue  # a distribution's, which is stripped
            function = function[1:]
        wanted = function.split("|")
        found = [i for i, name in enumerate(seen) if i >= at and name.split(".")[0] in wanted]
        assert found, (function, shown)
        at = found[0] + 1
    assert names(thread["frames"][-1]) == ["_start"]


def wait_until_blocked(one):
    """The program has said its line; the call that it waits in comes right after."""
    while True:
        with open("/proc/%d/syscall" % one.process.pid) as file:
            if file.read().split()[0] in ("230", "23", "270", "115", "7", "271", "73"):
                return
        time.sleep(0.001)


@pytest.mark.parametrize("scene", WAITING)
def test_stopped(target, interpreter, scene):
    one = target("native_scenes.py", scene)
    wait_until_blocked(one)
    (thread,) = stacks(one)
    check(thread, json.loads(one.line), interpreter)
    assert {frame["source"] for frame in thread["frames"][1:]} <= {"table", "code"}


@pytest.mark.parametrize("scene", WAITING)
def test_from_a_copy_of_the_stack(target, interpreter, scene):
    one = target("native_scenes.py", scene)
    wait_until_blocked(one)
    (thread,) = stacks(one, "--copied")
    check(thread, json.loads(one.line), interpreter)


@pytest.mark.parametrize("scene", WAITING)
def test_blocked_with_sp_and_pc_alone(target, interpreter, scene):
    one = target("native_scenes.py", scene)
    wait_until_blocked(one)
    (thread,) = stacks(one, "--blocked")
    check(thread, json.loads(one.line), interpreter)


def test_threads(target, interpreter):
    one = target("native_scenes.py", "thread")
    ends = {"_start", "clone", "__clone", "clone3", "__clone3", "__GI___clone3"}
    threads = stacks(one)
    assert len(threads) == 2
    for thread in threads:
        assert thread["end"] == "complete", thread
        assert names(thread["frames"][-1])[-1] in ends or not thread["frames"][-1]["named"]
        assert count_of(thread, "loop") >= 1


def test_running_in_a_library(target, interpreter):
    """Stopped anywhere in a call that takes long, leaf functions and prologues included."""
    one = target("native_scenes.py", "compress")
    truth = json.loads(one.line)
    inside = 0
    while inside < 20:
        (thread,) = stacks(one)
        assert thread["end"] == "complete", thread
        if any("deflate" in names(frame) for frame in thread["frames"]):
            check(thread, truth, interpreter)
            inside += 1


def test_perf_trampolines(target, interpreter):
    """Code made at run time, without unwind tables, named in a perf map."""
    if int(interpreter["version"].split(".")[1]) < 12:
        pytest.skip("the perf trampoline is of 3.12 and later")
    one = target("native_scenes.py", "plain", before=["-X", "perf"])
    wait_until_blocked(one)
    (thread,) = stacks(one)
    assert thread["end"] == "complete", thread
    jit = [names(frame)[0] for frame in thread["frames"] if frame["kind"] == "jit"]
    assert len(jit) == 9, thread
    assert jit[0].startswith("py::wait:") and jit[-1].startswith("py::<module>:")


def test_lines_and_inlined_functions(target, interpreter):
    """Where the interpreter has debug information."""
    if interpreter["kind"] != "shared":
        pytest.skip("a distribution's, without debug information")
    one = target("native_scenes.py", "plain")
    wait_until_blocked(one)
    (thread,) = stacks(one)
    places = {
        name: (file, line) for frame in thread["frames"] for name, file, line in frame["names"]
    }
    file, line = places["_PyEval_EvalFrameDefault"]
    assert file.endswith((".c", ".h")) and line > 0
    assert places["time_sleep"][0].endswith("timemodule.c") and places["time_sleep"][1] > 300
    assert any(len(frame["names"]) > 1 for frame in thread["frames"])
