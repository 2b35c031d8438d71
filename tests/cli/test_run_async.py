# SPDX-License-Identifier: Apache-2.0
"""run and attach --async: what tasks of asyncio do and wait for, on every interpreter."""

import json
import re
import subprocess
import sys

import pytest
from executable import PROJECT
from hostile import interpreter_id, interpreters

TARGET = PROJECT / "tests" / "targets" / "known_async.py"
EVERY = pytest.mark.parametrize("entry", interpreters(), ids=interpreter_id)
SECONDS = 2.5

# Where each of them waits most of its time, and for what.
WAITS = {
    "main": ("main", "tasks"),
    "holder": ("rest", "sleeping"),
    "suitor": ("wait", "a lock"),
    "counter": ("numbers", "sleeping"),
    "spawner": ("wait", "tasks"),
    "leader": ("leader", "tasks"),
    "brief": ("rest", "sleeping"),
    "member": ("rest", "sleeping"),
}


def recorded(pyrometer, tmp_path, argv, *options):
    done = pyrometer("run", "--async", "-q", "-o", "tasks.pyro", *options, "--", *argv)
    assert (done.returncode, done.stderr) == (0, "")
    return tmp_path / "tasks.pyro", json.loads(done.stdout)


def report(pyrometer, capture, *options):
    done = pyrometer("report", "--json", *options, capture)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def by_coroutine(tasks):
    sums = {}
    for task in tasks:
        row = sums.setdefault(task["coroutine"], {})
        for key in ("tasks", "life_ns", "cpu_ns", "ready_ns", "waiting_ns", "blocked_ns"):
            row[key] = row.get(key, 0) + task[key]
        assert task["cpu_ns"] + task["ready_ns"] + task["waiting_ns"] == task["life_ns"], task
        assert task["blocked_ns"] <= task["waiting_ns"], task
    return sums


def stacks(pyrometer, capture):
    """Of the target's functions, by name, with what they took in seconds."""
    done = pyrometer("convert", "-q", "--async", "--to", "folded", "-o", "-", capture)
    assert (done.returncode, done.stderr) == (0, "")
    sums = {}
    for line in done.stdout.splitlines():
        stack, _, microseconds = line.rpartition(" ")
        names = tuple(
            frame.partition(" (")[0].rpartition(".")[2]
            for frame in stack.split(";")
            if "known_async.py" in frame
        )
        sums[names] = sums.get(names, 0) + int(microseconds) / 1e6
    return sums


def near(value, known, share, least=0.15):
    """Looks are some dozens a second: what is short has wide bounds."""
    return abs(value - known) <= max(known * share, least)


def check(pyrometer, capture, known, version):
    if version >= (3, 12):  # wait_for makes no task
        del known["inner"]
    seen = report(pyrometer, capture)
    tasks = by_coroutine(seen["tasks"])
    for name, what in known.items():
        row = tasks[name]
        share = 0.6 if name == "brief" else 0.15
        assert near(row["life_ns"] / 1e9, what["life"], share, 0.3), (name, row, what)
        assert near(row["cpu_ns"] / 1e9, what["cpu"], 0.35, 0.1), (name, row, what)
    # What holds up the loop is told apart from what awaits.
    assert near(tasks["blocker"]["blocked_ns"] / 1e9, known["blocker"]["blocked"], 0.25)
    for name in known:
        if name not in ("blocker", "brief"):
            assert tasks[name]["blocked_ns"] < 0.1e9, (name, tasks[name])
    # Tasks without a name of their own count as one, those that have one are apart.
    rows = {(task["coroutine"], task["name"]): task for task in seen["tasks"]}
    assert len([key for key in rows if key[0] == "brief"]) == 1
    for name in ("first worker", "second worker"):
        assert rows["worker", name]["tasks"] == 1
        assert near(rows["worker", name]["life_ns"] / 1e9, SECONDS, 0.15, 0.3)
    for name, (function, what) in WAITS.items():
        waits = rows[name, None]["waits_mostly"]
        assert waits["for"] == what, (name, waits)
        assert waits["function"].rpartition(".")[2] == function, (name, waits)
    quality = seen["quality"]
    assert quality["task_looks"] >= 10 and quality["task_unread"] == 0, quality
    assert quality["task_dropped"] <= quality["task_looks"] / 4, quality

    chains = stacks(pyrometer, capture)
    for chain in (
        ("main",),
        ("main", "worker", "wait", "rest"),
        ("main", "suitor", "wait"),
        ("main", "counter", "numbers"),
        ("main", "leader", "member", "wait", "rest"),
        ("main", "spawner", "wait", "brief", "wait", "rest"),
        ("main", "timed", "wait", "inner", "wait", "rest"),
    ):
        assert chains.get(chain, 0) > 0.2, (chain, chains)
    # No function is below another that never awaits it.
    allowed = {
        "main": {"worker", "blocker", "holder", "suitor", "timed", "counter", "spawner", "leader"},
        "timed": {"inner"},
        "spawner": {"brief"},
        "leader": {"member"},
    }
    coroutines = set(known)
    for chain in chains:
        path = [name for name in chain if name in coroutines]
        for below, above in zip(path, path[1:]):
            assert above in allowed.get(below, ()), chain


@EVERY
def test_tasks_are_told(pyrometer, tmp_path, entry):
    capture, known = recorded(pyrometer, tmp_path, [*entry["argv"], str(TARGET), str(SECONDS)])
    check(pyrometer, capture, known, tuple(map(int, entry["version"].split("."))))


@pytest.fixture(scope="session")
def uvloop_for(tmp_path_factory):
    """The folder with uvloop for an interpreter; skips where there is none."""

    def get(entry):
        folder = tmp_path_factory.mktemp("uvloop-" + entry["version"])
        command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(folder)]
        command += ["--python-version", entry["version"], "--only-binary", ":all:", "uvloop"]
        command += ["--disable-pip-version-check", "--no-input"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            pytest.skip("pip has no uvloop for CPython " + entry["version"])
        return folder

    return get


@pytest.mark.parametrize(
    "entry",
    [entry for entry in interpreters() if entry["version"] in ("3.8", "3.12", "3.14")],
    ids=interpreter_id,
)
def test_uvloop(pyrometer, tmp_path, uvloop_for, entry):
    argv = [*entry["argv"], str(TARGET), str(SECONDS), str(uvloop_for(entry))]
    capture, known = recorded(pyrometer, tmp_path, argv)
    check(pyrometer, capture, known, tuple(map(int, entry["version"].split("."))))


@pytest.mark.parametrize("proof", ["switch", "proc", "stop"])
def test_proofs(pyrometer, tmp_path, proof):
    argv = [sys.executable, str(TARGET), str(SECONDS)]
    done = pyrometer("run", "--async", "-q", "-o", "t.pyro", "--proof", proof, "--", *argv)
    if "cannot" in done.stderr or "not permitted" in done.stderr:
        pytest.skip(done.stderr)
    assert (done.returncode, done.stderr) == (0, "")
    tasks = by_coroutine(report(pyrometer, tmp_path / "t.pyro")["tasks"])
    assert near(tasks["holder"]["life_ns"] / 1e9, SECONDS, 0.15, 0.3), tasks["holder"]


def test_processor_time_adds_up(pyrometer, tmp_path):
    argv = [sys.executable, str(TARGET), str(SECONDS)]
    capture, _ = recorded(pyrometer, tmp_path, argv)
    threads = report(pyrometer, capture)["whole"]["cpu"]
    tasks = report(pyrometer, capture, "--async")["whole"]["cpu"]
    assert near(tasks / 1e9, threads / 1e9, 0.02, 0.005)


def test_attach(pyrometer, tmp_path):
    with subprocess.Popen(
        [sys.executable, str(TARGET), "30"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            tasks, number = {}, 0
            while "suitor" not in tasks or number < 2:  # it may still be starting
                number += 1
                assert number < 10
                done = pyrometer(
                    "attach", "--async", "-q", "-d", "1s", "-o", f"{number}.pyro", process.pid
                )
                assert (done.returncode, done.stderr) == (0, "")
                seen = report(pyrometer, tmp_path / f"{number}.pyro")
                tasks = by_coroutine(seen["tasks"])
            assert near(tasks["suitor"]["life_ns"] / 1e9, 1, 0.15, 0.15), tasks["suitor"]
        finally:
            process.kill()


def test_threads_only(pyrometer, capture, refused):
    """Without --async there are no tasks, and nothing to show by them."""
    assert report(pyrometer, capture)["tasks"] == []
    refused(125, ["no task", "--async"], "report", "--async", capture)
    refused(125, ["no task"], "convert", "--async", "--to", "speedscope", "-o", "x.json", capture)


def test_table(pyrometer, tmp_path):
    argv = [sys.executable, str(TARGET), "1"]
    capture, _ = recorded(pyrometer, tmp_path, argv)
    done = pyrometer("report", capture)
    assert done.returncode == 0
    assert "mostly at" in done.stdout and "first worker" in done.stdout
    done = pyrometer("report", "--async", "--tree", capture)
    assert done.returncode == 0 and "all tasks' time" in done.stdout
    done = pyrometer("report", "--async", capture)
    assert done.returncode == 0
    head = re.search(r"(\d+) tasks, (\d+) threads?$", done.stdout, re.MULTILINE)
    assert head and int(head.group(1)) > 8, done.stdout
    assert re.search(r"^  task +running", done.stdout, re.MULTILINE), done.stdout
    assert "threads wait" not in done.stdout and "more thread" not in done.stdout
    whose = {
        thread["name"]: thread["tasks"]
        for thread in report(pyrometer, capture, "--async")["threads"]
    }
    assert whose["first worker (worker)"] and not whose["MainThread"]
    done = pyrometer("view", "--async", "-q", "--no-open", "-o", "page.html", capture)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "page.html").stat().st_size > 1000


def test_speedscope(pyrometer, tmp_path):
    """A profile for each track, of tasks first of all; they add up to what the report says."""
    capture, known = recorded(pyrometer, tmp_path, [sys.executable, str(TARGET), str(SECONDS)])
    seen = report(pyrometer, capture, "--async", "--mode", "wall")
    totals = {}
    for thread in seen["threads"]:
        name = thread["name"] if thread["tasks"] else f"{thread['name']} (thread {thread['tid']})"
        totals[name] = totals.get(name, 0) + thread["total"]["wall"]
    done = pyrometer("convert", "--async", "-o", "tasks.speedscope.json", capture)
    assert done.returncode == 0 and "no order of time" in done.stderr
    made = json.loads((tmp_path / "tasks.speedscope.json").read_text())
    sums = {profile["name"]: sum(profile["weights"]) for profile in made["profiles"]}
    assert sums == {name: ns for name, ns in totals.items() if ns}
    assert list(sums.values()) == sorted(sums.values(), reverse=True)
    names = [frame["name"].rpartition(".")[2] for frame in made["shared"]["frames"]]
    for profile in made["profiles"]:
        assert profile["startValue"] == 0 and profile["endValue"] == sums[profile["name"]]
        if profile["name"] == "holder":
            # Under the task that awaits it, down to what it waits in.
            stacks = [[names[frame] for frame in stack] for stack in profile["samples"]]
            longest = stacks[profile["weights"].index(max(profile["weights"]))]
            assert longest[0] == "main" and longest[1] == "holder" and "rest" in longest, longest
    assert near(sums["holder"] / 1e9, known["holder"]["life"], 0.15, 0.3)
    done = pyrometer("convert", "-q", "--async", "--threads", "--to", "folded", "-o", "-", capture)
    kinds = {line.split(";")[1] for line in done.stdout.splitlines()}
    assert "holder" in kinds and not any(kind.startswith("holder (thread") for kind in kinds)
