# SPDX-License-Identifier: Apache-2.0
"""dump --async: the tasks of asyncio and greenlets, on every interpreter."""

import json
import subprocess
import sys

import pytest
from cores import dump, killed, needs_cores, places
from executable import PROJECT
from hostile import interpreter_id, interpreters, running

TARGETS = PROJECT / "tests" / "targets"
EVERY = pytest.mark.parametrize("entry", interpreters(), ids=interpreter_id)


@pytest.fixture
def known_tasks(program):
    """Starts known_tasks.py under an interpreter; what it says, and its id."""

    def start(entry, *arguments):
        process = program(entry, TARGETS / "known_tasks.py", *arguments)
        return process.pid, json.loads(process.stdout.readline())

    return start


def dumped(pyrometer, pid):
    done = pyrometer("dump", "--async", "--json", pid)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def own(frames):
    """The target's own functions, without the names around them."""
    return [
        frame["name"].rpartition(".")[2]
        for frame in frames
        if frame["file"].endswith("known_tasks.py")
    ]


def version(entry):
    return tuple(map(int, entry["version"].split(".")))


def check(entry, known, seen):
    tasks = seen["tasks"]
    assert tasks["error"] is None and tasks["unread"] == 0 and tasks["complete"]
    by_name = {task["name"]: task for task in tasks["list"]}
    assert [task["id"] for task in tasks["list"]] == list(range(len(tasks["list"])))
    names = [task["name"] for task in tasks["list"]]
    for name, what in known.items():
        task = by_name[name]
        assert names.count(name) == 1
        assert task["state"] == what["state"], task
        frames = own(task["frames"])
        if task["state"] == "running":
            frames = frames[frames.index("leaf") :]
        assert frames == what["frames"], (name, task)
        assert task["proved"] and not task["partial"], task
        waits_for = what["waits_for"]
        assert task["waits_for"] == waits_for, task
        assert sorted(names[i] for i in task["awaits"]) == what["awaits"], task
    return by_name


@EVERY
def test_every_task_is_told(pyrometer, known_tasks, entry):
    pid, known = known_tasks(entry)
    seen = dumped(pyrometer, pid)
    by_name = check(entry, known, seen)
    # Nothing but what it made, and what served its connection.
    others = set(by_name) - set(known)
    assert all(own(by_name[name]["frames"])[:1] == ["serve"] for name in others), others
    threads = {thread["name"]: thread["tid"] for thread in seen["threads"]}
    for name, task in by_name.items():
        other = name in ("other", "othersleep", "running-other")
        assert task["tid"] == threads["other-loop" if other else "MainThread"], task
    # Those that wait for one lock are told by its address.
    assert by_name["lock"]["type"] == "Lock"
    assert by_name["lock"]["object"] != by_name["semaphore"]["object"]


@needs_cores
@EVERY
def test_every_task_of_a_core(pyrometer, tmp_path, entry):
    program = [*entry["argv"], str(TARGETS / "known_tasks.py")]
    core, line = killed(tmp_path / "died", program)
    seen = dump(pyrometer, core, "--async", *places(entry))
    by_name = check(entry, json.loads(line), seen)
    threads = {thread["name"]: thread["tid"] for thread in seen["threads"]}
    assert by_name["running-other"]["tid"] == threads["other-loop"]
    assert by_name["lock"]["tid"] == threads["MainThread"]
    assert seen["greenlets"]["list"] == []
    # From 3.14 on asyncio says where it keeps what, which is found by way of its file.
    if version(entry) >= (3, 14):
        seen = dump(pyrometer, core, "--async", "--root", tmp_path)
        assert "cannot be found without a file" in seen["tasks"]["error"]
        assert seen["threads"]


@EVERY
def test_a_thousand_tasks(pyrometer, known_tasks, entry):
    pid, known = known_tasks(entry, 1000)
    assert len(known) > 1020
    by_name = check(entry, known, dumped(pyrometer, pid))
    assert sum(name.startswith("more-") for name in by_name) == 1000
    done = pyrometer("dump", "--async", pid)
    assert (done.returncode, done.stderr) == (0, "")
    # All of them do the same, and are shown once.
    assert "and 997 more  waiting for an event" in done.stdout
    assert done.stdout.count("more-") == 3
    assert all(len(line) <= 80 for line in done.stdout.splitlines())
    # Two that await each other are both there, and once.
    assert done.stdout.count("pair-0") == done.stdout.count("pair-1") == 1


@EVERY
def test_a_program_without_asyncio(pyrometer, entry):
    program = "print('ready', flush=True); import time; time.sleep(60)"
    with running([*entry["argv"], "-c", program], stdout=subprocess.PIPE) as process:
        seen = dumped(pyrometer, process.pid)
        for kind in ("tasks", "greenlets"):
            assert seen[kind] == {"unread": 0, "complete": True, "error": None, "list": []}
        done = pyrometer("dump", "--async", process.pid)
        assert "0 tasks" in done.stdout
        assert "greenlet" not in done.stdout


BUSY = """
import asyncio
async def hop(n):
    if n:
        return await hop(n - 1)
    await asyncio.sleep(0)
async def work():
    while True:
        await hop(5)
        await asyncio.wait({asyncio.ensure_future(hop(2)), asyncio.ensure_future(hop(3))})
async def main():
    tasks = [asyncio.ensure_future(work()) for _ in range(50)]
    await asyncio.sleep(0.01)
    print("ready", flush=True)
    await asyncio.wait(tasks)
asyncio.run(main())
"""


@EVERY
def test_a_program_that_does_not_stand_still(pyrometer, entry):
    possible = {"hop", "work", "main"}
    with running([*entry["argv"], "-c", BUSY], stdout=subprocess.PIPE) as process:
        for _ in range(5):
            seen = dumped(pyrometer, process.pid)["tasks"]
            assert seen["error"] is None
            assert len(seen["list"]) >= 40
            for task in seen["list"]:
                names = [f["name"] for f in task["frames"] if f["file"] == "<string>"]
                assert set(names) <= possible, task
                # Whatever is said to be proved is one of the chains that there are.
                if task["proved"] and not task["partial"] and names:
                    assert names[-1] in possible
                    assert names == ["hop"] * names.count("hop") + names[names.count("hop") :]
    assert process.returncode != 0


@pytest.fixture(scope="session")
def greenlet_for(tmp_path_factory):
    """The folder with greenlet for an interpreter, installed once; skips where there is none."""
    folders = {}

    def get(entry):
        name = entry["version"]
        if name not in folders:
            folder = tmp_path_factory.mktemp("greenlet-" + name)
            command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(folder)]
            command += ["--python-version", name, "--only-binary", ":all:", "greenlet"]
            command += ["--disable-pip-version-check", "--no-input"]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            folders[name] = folder if done.returncode == 0 else None
        if folders[name] is None:
            pytest.skip("pip has no greenlet for CPython " + name)
        return folders[name]

    return get


def check_greenlets(seen, known):
    greenlets = seen["greenlets"]
    assert greenlets["complete"] and greenlets["error"] is None
    threads = {thread["tid"]: thread["name"] for thread in seen["threads"]}
    found = sorted(
        [
            one["name"],
            one["state"],
            threads.get(one["tid"]),
            [frame["name"].rpartition(".")[2] for frame in one["frames"]],
        ]
        for one in greenlets["list"]
    )
    assert all(one["proved"] and not one["partial"] for one in greenlets["list"])
    assert found == sorted(known, key=lambda one: (one[0], one[1], one[2] or "", one[3]))


@EVERY
def test_greenlets(pyrometer, greenlet_for, entry):
    folder = greenlet_for(entry)
    program = str(TARGETS / "known_greenlets.py")
    command = [*entry["argv"], program, str(folder)]
    with running(command, stdout=subprocess.PIPE) as process:
        # running() has read the first line, "ready".
        known = json.loads(process.stdout.readline())
        check_greenlets(dumped(pyrometer, process.pid), known)
        done = pyrometer("dump", "--async", process.pid)
        assert "%d greenlets" % len(known) in done.stdout


@needs_cores
@EVERY
def test_greenlets_of_a_core(pyrometer, greenlet_for, tmp_path, entry):
    program = [*entry["argv"], str(TARGETS / "known_greenlets.py"), str(greenlet_for(entry))]
    core, lines = killed(tmp_path / "died", program, lines=2)
    seen = dump(pyrometer, core, "--async", *places(entry, tmp_path))
    check_greenlets(seen, json.loads(lines.splitlines()[1]))
