# SPDX-License-Identifier: Apache-2.0
"""top: the tasks of asyncio that a running program has, on every interpreter."""

import json
import re
import subprocess
import time

import pytest
from executable import PROJECT, PYTHON
from hostile import interpreter_id, interpreters, running, wait_until
from screen import Screen

TARGETS = PROJECT / "tests" / "targets"
EVERY = pytest.mark.parametrize("entry", interpreters(), ids=interpreter_id)
# What tools are told a task waits for, in the words of dump, and those of people.
WORDS = {
    "sleep": "sleeping",
    "tasks": "tasks",
    "stream": "a stream",
    "server": "connections",
    "barrier": "a barrier",
}


@pytest.fixture
def server(pyrometer, program):
    """known_async.py in full swing."""

    def is_there(pid):
        """Every task has come to where it stays."""
        return "waiting for a lock" in pyrometer("dump", "--async", pid).stdout

    def start(entry):
        process = program(entry, TARGETS / "known_async.py", 60)
        wait_until(lambda: is_there(process.pid))
        return process

    return start


def snapshots(pyrometer, pid, *options):
    done = pyrometer("top", "--json", "--limit", "0", *options, pid)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


def own(frames):
    """The target's own functions, without the names around them."""
    return [
        frame["function"].rpartition(".")[2]
        for frame in frames
        if frame["file"].endswith("known_tasks.py")
    ]


@EVERY
def test_each_task_is_told(pyrometer, program, entry):
    process = program(entry, TARGETS / "known_tasks.py")
    known = json.loads(process.stdout.readline())
    seen = snapshots(pyrometer, process.pid, "--by", "each-task", "-n", "2", "-i", "2s")[-1]
    assert seen["by"] == "task" and seen["row_count"] == len(seen["rows"])
    assert seen["tasks"] == {"alive": len(seen["rows"]), "unseen": 0}
    rows = {row["name"]: row for row in seen["rows"]}
    for name, what in known.items():
        row = rows[name]
        assert row["pid"] == process.pid
        assert 0.6 < row["running"] + row["ready"] + row["waiting"] < 1.1, row
        frames = own(row["stack"])
        if what["state"] == "running":  # in a call that waits, which holds up its loop
            assert row["state"] == "blocking" and row["for"] is None, row
            assert set(what["frames"]) <= set(frames), row
            continue
        assert row["state"] == what["state"], row
        # Its own frames, and then those of the tasks that await it.
        assert frames[: len(what["frames"])] == what["frames"], (name, row)
        if what["state"] == "waiting":
            words = WORDS.get(what["waits_for"])
            assert row["for"] == words or (not words and what["waits_for"] in row["for"]), row
        # Since before we came; nothing of it has moved.
        assert row["lasted_ns"] > 2e9 and row["or_longer"], row
    kinds = snapshots(pyrometer, process.pid, "--by", "tasks", "-n", "1", "-i", "1s")[0]
    assert kinds["by"] == "coroutine"
    assert sum(row["tasks"] for row in kinds["rows"]) == len(rows)


@EVERY
def test_what_tasks_do_in_the_window(pyrometer, server, entry):
    process = server(entry)
    seen = snapshots(pyrometer, process.pid, "--by", "tasks", "-n", "4", "-i", "1s", "-w", "3s")[-1]
    rows = {row["name"]: row for row in seen["rows"]}
    for name in ("first worker", "second worker"):
        row = rows[name]
        assert row["coroutine"] == "worker" and row["tasks"] == 1
        assert 0 < row["running"] < 0.35, row  # a fifth, where it need not share a processor
        assert 0.6 < row["running"] + row["ready"] + row["waiting"] < 1.1, row
        assert row["waits_mostly"]["function"].rpartition(".")[2] == "rest", row
    # It sleeps on its thread for 30 of 100 ms.
    assert 0.02 < rows["blocker"]["blocking"] < 0.6, rows["blocker"]
    assert rows["suitor"]["waits_mostly"]["for"] == "a lock"
    assert rows["suitor"]["waiting"] > 0.6
    # It has waited since before we came, and was looked at less than a second ago.
    assert rows["suitor"]["longest_ns"] > 2e9 and rows["suitor"]["or_longer"]
    assert rows["first worker"]["longest_ns"] < 2e9
    assert rows["main"]["tasks"] == rows["holder"]["tasks"] == 1
    # Those that come and go are one row, and what has gone is gone.
    assert rows["brief"]["running"] > 0
    assert rows["brief"]["tasks"] <= 16
    assert seen["row_count"] <= len(rows) and len(rows) < 20
    assert seen["quality"]["task_looks"] > 10


CHURN = """
import asyncio
async def brief():
    await asyncio.sleep(0.005)
async def main():
    print("ready", flush=True)
    while True:
        for i in range(10):
            task = asyncio.ensure_future(brief())
            task.set_name("request %d" % id(task))
        await asyncio.sleep(0.002)
asyncio.run(main())
"""


def test_thousands_of_short_tasks(pyrometer, program):
    """Neither rows nor names pile up."""
    process = program({"argv": [PYTHON]}, "-c", CHURN)
    assert process.stdout.readline() == "ready\n"
    options = ("-n", "4", "-i", "1s", "-w", "10s")
    for seen in snapshots(pyrometer, process.pid, "--by", "each-task", *options)[1:]:
        assert 1 <= seen["row_count"] < 300
        assert all(row["lasted_ns"] < 1e9 for row in seen["rows"] if row["coroutine"] == "brief")
    for seen in snapshots(pyrometer, process.pid, "--by", "tasks", *options)[1:]:
        # Of names that all differ, some are told apart.
        assert seen["row_count"] <= 2 + 32


def test_a_thousand_tasks_are_seen_soon(pyrometer, program):
    process = program({"argv": [PYTHON]}, TARGETS / "known_tasks.py", 1000)
    known = json.loads(process.stdout.readline())
    seen = snapshots(pyrometer, process.pid, "--by", "each-task", "-n", "1", "-i", "4s")[0]
    assert seen["tasks"]["unseen"] == 0
    assert {row["name"] for row in seen["rows"]} >= set(known)


# ---- on a terminal ----


def test_into_a_task_and_back(server):
    process = server({"argv": [PYTHON]})
    with Screen("top", process.pid, columns=120) as screen:
        screen.wait(" tasks")
        screen.press("5")
        screen.wait(lambda text: "tasks by running" in text and "first worker" in text)
        # By how long they have been where they are; only one of them.
        screen.press(">>>>")
        screen.wait("tasks by longest")
        screen.press("/suitor\r")
        screen.wait(re.compile(r"^> .*a lock +1 +>[\d.]+ m?s +suitor +Life.wait ", re.M).search)
        screen.press("\r")
        screen.wait(
            lambda text: (
                "each task by longest  ·  in suitor" in text
                and re.search(r"^> .*a lock +>[\d.]+ m?s +Task-\d+ ", text, re.M)
            )
        )
        screen.press("\r")
        screen.wait(
            lambda text: (
                re.search(r"^stack of Task-\d+  ·  waiting for a lock for >", text, re.M)
                and re.search(r"^  suitor +.*known_async\.py:\d+", text, re.M)
            )
        )
        # The lines of what it and its like did in a function of the stack.
        screen.press("jj\r")
        screen.wait(lambda text: re.search(r"^lines of .* by self  ·  in suitor", text, re.M))
        screen.press("\x1b")
        screen.wait("stack of Task-")
        screen.press("\x1b")
        screen.wait("each task by longest")
        screen.press("\x1b")
        screen.wait(lambda text: "tasks by longest  ·  /suitor" in text)
        screen.press("d")
        screen.wait(lambda text: "each task by longest" in text)
        screen.press("q")
        assert screen.ended() == 0
        assert screen.restored()


def settle(screen):
    """All that was drawn so far is read."""
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        screen.read(0.05)


def test_held_while_tasks_come_and_go(server):
    process = server({"argv": [PYTHON]})

    def briefs(text):
        return re.findall(r"Task-\d+ +brief", text)

    options = ("--by", "each-task", "--filter", "brief", "-i", "200ms")
    with Screen("top", *options, process.pid, columns=120) as screen:
        screen.wait(briefs)
        screen.press(" ")
        screen.wait("paused")
        settle(screen)
        held = briefs(screen.text)
        time.sleep(1)
        screen.press(">")
        assert sorted(briefs(screen.wait("each task by ready"))) == sorted(held)
        screen.press(" ")
        screen.wait(lambda text: "paused" not in text and briefs(text) not in ([], held))


def test_the_end_of_a_server(server):
    """What each task did together is left, whatever was looked at."""
    process = server({"argv": [PYTHON]})
    with Screen("top", process.pid, columns=120) as screen:
        screen.wait(" tasks")
        screen.press("5")
        screen.press("/first worker\r")
        screen.wait(re.compile("^> .* first worker ", re.M).search)
        screen.press("\r")
        screen.wait("each task by")
        screen.press("\r")
        screen.wait("stack of ")
        process.kill()
        process.wait()
        assert screen.ended() == 0
        assert screen.restored()
        after = screen.raw[screen.raw.rfind(b"\x1b[?1049l") :].decode()
        assert "tasks by running" in after and "all " in after
        assert f"process {process.pid} has ended" in after


@pytest.mark.parametrize("columns, lines", [(40, 20), (20, 6), (200, 50)])
def test_small_and_large(server, columns, lines):
    process = server({"argv": [PYTHON]})
    with Screen("top", process.pid, columns=columns, lines=lines) as screen:
        screen.wait(re.compile(r"^> .*\d", re.M).search)
        screen.press("5")
        screen.wait("tasks by running")
        for key in ("d", "\r", "\x1b", "q"):
            screen.read(0.3)
            screen.press(key)
        assert screen.ended() == 0


# ---- where there are none ----


@EVERY
def test_a_program_without_tasks(pyrometer, entry):
    program = "print('ready', flush=True); import time\nwhile True: time.sleep(0.01)"
    with running([*entry["argv"], "-c", program], stdout=subprocess.PIPE) as process:
        done = pyrometer("top", "-n", "1", "-i", "1s", "--by", "tasks", process.pid)
        assert (done.returncode, done.stderr) == (0, "")
        assert "no tasks of asyncio are seen here" in done.stdout


def test_tasks_are_not_looked_at(pyrometer, server):
    process = server({"argv": [PYTHON]})
    options = ("-n", "1", "-i", "1s", "--by", "tasks", "--no-async")
    done = pyrometer("top", *options, process.pid)
    assert "tasks are not looked at: --no-async was asked for" in done.stdout
    seen = snapshots(pyrometer, process.pid, *options)[0]
    assert seen["tasks"] is None and seen["rows"] == []
    assert seen["quality"]["task_looks"] == 0


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["--by", "tasks", "--sort", "longest"], "tasks by longest"),
        (["--by", "each-task", "--sort", "ready"], "each task by ready"),
        (["--by", "tasks", "--sort", "gil"], "tasks by running"),
        (["--by", "functions", "--sort", "tasks"], "functions by self"),
    ],
)
def test_sorted_by_what_there_is(pyrometer, server, arguments, expected):
    process = server({"argv": [PYTHON]})
    done = pyrometer("top", "-n", "1", "-i", "1s", *arguments, process.pid)
    assert (done.returncode, done.stderr) == (0, "")
    assert expected in done.stdout
