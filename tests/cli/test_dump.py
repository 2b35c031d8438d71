# SPDX-License-Identifier: Apache-2.0
"""dump: what every thread does now, on every interpreter, and what it says when it cannot."""

import json
import os
import subprocess
import time

import pytest
from executable import PROJECT, PYTHON
from hostile import Person, interpreter_id, interpreters, root_only, running, wait_until

TARGETS = PROJECT / "tests" / "targets"
EVERY = pytest.mark.parametrize("entry", interpreters(), ids=interpreter_id)

SPIN = """
import sys, threading
def spin():
    while True: pass
for _ in range(%d):
    threading.Thread(target=spin, daemon=True).start()
print("ready", flush=True)
spin()
"""
RECURSE = """
import time
def down(n):
    if n:
        return down(n - 1)
    print("ready", flush=True)
    time.sleep(60)
down(%d)
"""


@pytest.fixture
def states():
    """Starts known_states.py under an interpreter; ends it and what it started."""
    started = []

    def start(entry):
        process = subprocess.Popen(
            [*entry["argv"], str(TARGETS / "known_states.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process, json.loads(process.stdout.readline())

    yield start
    for process in started:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


def dumped(pyrometer, pid):
    done = pyrometer("dump", "--json", pid)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def leaves(seen):
    return [frame["name"] for thread in seen["threads"] for frame in thread["frames"][:1]]


def settled(pyrometer, pid, known):
    """All of them wait: what starts a thread has still to let go of it."""
    deadline = time.monotonic() + 20
    while True:
        seen = dumped(pyrometer, pid)
        threads = {thread["name"]: thread for thread in seen["threads"]}
        if all(threads[name]["waits_for"] == known[name]["waits_for"] for name in known):
            return seen, threads
        assert time.monotonic() < deadline, threads


@EVERY
def test_every_state_is_told(pyrometer, states, entry):
    process, known = states(entry)
    seen, threads = settled(pyrometer, process.pid, known)
    assert seen["python"].startswith(entry["full"])
    assert seen["pid"] == process.pid
    for name, what in known.items():
        thread = threads[name]
        assert thread["python"] and thread["read"] and thread["proved"], thread
        assert not thread["main"] and not thread["holds_gil"]
        names = [frame["name"].rpartition(".")[2] for frame in thread["frames"]]
        at = names.index("hang")
        assert names[at : at + 2] == what["frames"], thread
        if what["object"]:
            assert what["object"] in thread["object"], thread
    assert threads["MainThread"]["main"]
    assert threads["MainThread"]["waits_for"] == "pipe"


@EVERY
def test_interpreters_in_one_thread(pyrometer, entry):
    """One stack, innermost first, also where another thread made the interpreter."""
    command = [*entry["argv"], "-S", str(TARGETS / "reader_nested.py")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        known = json.loads(process.stdout.readline())
        seen = dumped(pyrometer, process.pid)
        native = json.loads(pyrometer("dump", "--json", "--native", process.pid).stdout)
        text = pyrometer("dump", process.pid).stdout
        process.stdin.close()
    check_nested(seen, known)
    check_nested(native, known)
    for thread in native["threads"]:
        names = [frame["name"] for frame in thread["frames"] if frame["native"]]
        # What enters an interpreter is machine code, between the two loops.
        assert thread["name"] == "MainThread" or len(names) > 4, thread
    assert "inside_3" in text and "goes_through" in text


def check_nested(seen, known):
    assert {thread["name"] for thread in seen["threads"]} == set(known)
    for thread in seen["threads"]:
        names = [frame["name"] for frame in thread["frames"] if not frame["native"]]
        functions = known[thread["name"]]
        assert names[: len(functions)] == functions, thread
        assert thread["proved"] and thread["read"] and not thread["partial"]
        assert (thread["interpreter"] != 0) == (functions[0] != "<module>"), thread


@EVERY
def test_it_is_readable(pyrometer, states, entry):
    process, known = states(entry)
    settled(pyrometer, process.pid, known)
    done = pyrometer("dump", process.pid)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"process {process.pid}  ")
    assert all(len(line) <= 80 for line in lines)
    text = " ".join(done.stdout.split())
    for words in ("waiting for a lock", "sleeping", "waiting for a socket: ", "waiting for events"):
        assert words in text
    # Two threads do the same in the same place; no others do.
    assert "known_states.py:" in text


@EVERY
def test_one_holds_the_gil(pyrometer, entry):
    with running([*entry["argv"], "-c", SPIN % 3], stdout=subprocess.PIPE) as process:
        everybody = ["spin"] * 4
        wait_until(lambda: leaves(dumped(pyrometer, process.pid)) == everybody)
        kinds = set()
        while "gil" not in kinds:
            threads = dumped(pyrometer, process.pid)["threads"]
            assert leaves({"threads": threads}) == everybody
            kinds.update(thread["waits_for"] for thread in threads)
            for thread in threads:
                assert thread["read"] and thread["proved"], thread
                assert thread["waits_for"] in (None, "gil"), thread


@EVERY
def test_deep_stacks_are_whole(pyrometer, entry):
    with running([*entry["argv"], "-c", RECURSE % 900], stdout=subprocess.PIPE) as process:
        wait_until(lambda: dumped(pyrometer, process.pid)["threads"][0]["waits_for"] == "sleep")
        (thread,) = dumped(pyrometer, process.pid)["threads"]
        names = [frame["name"] for frame in thread["frames"]]
        assert names == ["down"] * 901 + ["<module>"]
        assert "(900 times)" in pyrometer("dump", process.pid).stdout


@EVERY
def test_machine_code_is_shown(pyrometer, states, entry):
    process, known = states(entry)
    settled(pyrometer, process.pid, known)
    plain = {thread["name"]: thread for thread in dumped(pyrometer, process.pid)["threads"]}
    for options in (["--native"], ["--native", "--no-stop"]):
        done = pyrometer("dump", "--json", *options, process.pid)
        assert (done.returncode, done.stderr) == (0, "")
        for thread in json.loads(done.stdout)["threads"]:
            frames = thread["frames"]
            python = [frame for frame in frames if not frame["native"]]
            # Python's frames are what they are without it, with machine code at the leaf.
            assert python == plain[thread["name"]]["frames"], thread
            assert frames[0]["native"], thread
            assert len(frames) > len(python), thread


@EVERY
def test_what_runs_is_stopped_for_machine_code_alone(pyrometer, entry):
    code = "import zlib\nprint('ready', flush=True)\nwhile True: zlib.compress(bytes(4000000), 9)"
    with running([*entry["argv"], "-c", code], stdout=subprocess.PIPE) as process:
        seen = set()
        while not any("deflate" in name or "libz" in name for name in seen):
            done = pyrometer("dump", "--json", "--native", process.pid)
            whole = json.loads(done.stdout)
            assert (whole["stopped_threads"] > 0) == (whole["stopped_ns"] > 0)
            (thread,) = whole["threads"]
            assert thread["read"] and thread["proved"], thread
            seen.update(frame["name"] for frame in thread["frames"] if frame["native"])
        for _ in range(5):
            done = pyrometer("dump", "--json", "--native", "--no-stop", process.pid)
            assert json.loads(done.stdout)["stopped_threads"] == 0
            (thread,) = json.loads(done.stdout)["threads"]
            assert [frame["name"] for frame in thread["frames"]] == ["<module>"], thread


def test_two_hundred_threads_are_few_lines(pyrometer):
    idle = (
        "import threading, time\n"
        "event = threading.Event()\n"
        "for i in range(200): threading.Thread(target=event.wait, daemon=True).start()\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    with running([PYTHON, "-c", idle], stdout=subprocess.PIPE) as process:
        wait_until(lambda: all(t["waits_for"] for t in dumped(pyrometer, process.pid)["threads"]))
        assert len(dumped(pyrometer, process.pid)["threads"]) == 201
        done = pyrometer("dump", process.pid)
        assert "and 197 more" in " ".join(done.stdout.split())
        assert done.stdout.count("\n") < 20


def test_what_cannot_be_dumped(refused):
    for pid in ("0", "-1", "12x", ""):
        refused(64, ["dump", "Try: "], "dump", "--", pid)
    for pid in ("4194304", "4194303"):
        if not os.path.exists(f"/proc/{pid}"):
            refused(125, [pid], "dump", pid)
    with running(["sleep", "60"]) as process:
        wait_until(lambda: open(f"/proc/{process.pid}/comm").read() == "sleep\n")
        refused(125, [str(process.pid), "sleep"], "dump", process.pid)


@root_only
def test_process_of_another_user(tmp_path):
    person = Person(tmp_path)
    code = "import time; print('ready', flush=True); time.sleep(60)"
    with running([PYTHON, "-c", code], stdout=subprocess.PIPE) as process:
        done = person.run("dump", process.pid)
        assert (done.returncode, done.stdout) == (125, "")
        assert done.stderr.count("\n") == 1
        assert done.stderr.endswith(f"Try: sudo pyrometer dump {process.pid}\n")


def test_the_target_ends_while_it_is_read(pyrometer):
    """Whatever is caught of it: an answer, or one line."""
    for _ in range(20):
        process = subprocess.Popen([PYTHON, "-c", "import threading, time; time.sleep(0.02)"])
        done = pyrometer("dump", process.pid)
        assert done.returncode in (0, 125), done.stderr
        assert done.stderr.count("\n") == (done.returncode != 0)
        process.wait()
