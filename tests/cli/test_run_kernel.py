# SPDX-License-Identifier: Apache-2.0
"""--native, where the kernel shows what it does: on top of what called it, and nowhere else."""

import json
import re
import shutil
import subprocess

import pytest
from executable import PROJECT
from hostile import Person, interpreter_id, interpreters, python_for, root_only, rows, running
from test_run_native import STACKS

EVERY = pytest.mark.parametrize("entry", interpreters(), ids=interpreter_id)
TARGET = PROJECT / "tests" / "targets" / "known_kernel.py"
PYTHON, NATIVE, KERNEL = range(3)

# What each function of the program has the C library do, and the kernel for that.
DEEDS = {
    "reads": (r"preadv", r"preadv"),
    "sleeps": (r"nanosleep|select", r"nanosleep|do_select|poll_schedule_timeout"),
    "polls": (r"epoll_p?wait", r"epoll_p?wait|ep_poll"),
}
# How a system call comes in.
CALL = re.compile(r"entry_SYSCALL|^el0t_64_sync")
# What reads by interrupt, stops and the timer have the kernel do.
OURS = re.compile(
    r"bpf_prog_test_run|read_interrupted|flush_smp_call_function_queue"
    r"|sysvec_call_function|perf_swevent_|hrtimer_interrupt|ptrace_stop"
)


def stacks(capture, metric="wall"):
    """Of each stack what @metric is of it, and its frames, leaf first: name and kind."""
    found = {}
    for stack, value, _, name, kind in rows(capture, STACKS.replace("cpu", metric)):
        name = name.rpartition(".")[2] if kind == PYTHON else name
        found.setdefault(stack, (value, []))[1].append((name, kind))
    return list(found.values())


def record(pyrometer, tmp_path, entry, *options):
    command = ["run", "-q", "--native", "-r", "400", "-o", "x.pyro", *options]
    done = pyrometer(*command, "--", *entry["argv"], str(TARGET), "1.5")
    if "perf_event_paranoid" in done.stderr:
        pytest.skip("switch records are not allowed here")
    assert (done.returncode, done.stderr) == (0, "")
    return tmp_path / "x.pyro", dict(rows(tmp_path / "x.pyro", "SELECT name, value FROM quality"))


def split(frames):
    """The kernel's frames, which are the first if there are any, and all others."""
    kinds = [kind for _, kind in frames]
    count = kinds.count(KERNEL)
    assert kinds[:count] == [KERNEL] * count, frames
    return [name for name, _ in frames[:count]], frames[count:]


def whose(frames):
    """Which function of the program called for it; None for any other stack."""
    python = [name for name, kind in frames if kind == PYTHON]
    return python[0] if python and python[0] in (*DEEDS, "touches", "counts") else None


def check_place(frames):
    kernel, below = split(frames)
    assert not [name for name in kernel if OURS.search(name)], frames
    if not kernel:
        return
    # A system call is a call of machine code; anything may meet with a page fault.
    if CALL.search(kernel[-1]):
        assert below[0][1] == NATIVE, frames
    deed = whose(below)
    for name, (_, theirs) in DEEDS.items():
        if deed is not None and name != deed:
            assert not [one for one in kernel if re.search(theirs, one)], frames


def share(capture, deed, metric):
    """How much of what @metric is of the deed has the right kernel frames on the right call."""
    right = whole = 0
    for value, frames in stacks(capture, metric):
        kernel, below = split(frames)
        # Newer C libraries have functions of their own, without names, for all calls that wait.
        calls = [name for name, kind in below[:3] if kind == NATIVE]
        if whose(below) != deed or not any(re.search(DEEDS[deed][0], name) for name in calls):
            continue
        whole += value
        right += value if any(re.search(DEEDS[deed][1], name) for name in kernel) else 0
    assert whole > 0, deed
    return right / whole


def shows_stacks():
    try:
        with open("/proc/self/stack") as file:
            return bool(file.read())
    except OSError:
        return False


def shows_functions():
    with open("/proc/kallsyms") as file:
        return int(file.readline().split()[0], 16) != 0


def texts(capture):
    return [text for (text,) in rows(capture, "SELECT text FROM strings")]


@EVERY
@pytest.mark.parametrize("proof", ["auto", "switch", "proc"])
def test_kernel_frames_are_in_their_places(pyrometer, tmp_path, entry, proof):
    capture, quality = record(pyrometer, tmp_path, entry, "--proof", proof)
    seen = stacks(capture)
    for _, frames in seen:
        check_place(frames)
    assert any(frames[0][1] == KERNEL for _, frames in seen)
    assert quality["kernel_seen"] > 0
    # Who waits is shown at least where.
    assert share(capture, "sleeps", "wait_sleep") > 0.9
    assert share(capture, "polls", "wait_net") > 0.9
    # Addresses of the kernel stay where they are.
    assert not [text for text in texts(capture) if re.search(r"(?i)f{6}[0-9a-f]{6}", text)]
    if proof != "auto":
        return
    if not quality["proof_interrupt"] or not shows_functions():
        pytest.skip("of what runs the kernel shows nothing here; what waits is right")
    # In a system call it is shown by all looks that have machine code, but for those that had to
    # stop the thread: they come where the sampler wakes up on its processor.
    assert quality["kernel_unseen"] <= quality["proof_stop"] + 0.02 * quality["kernel_seen"]
    assert share(capture, "reads", "cpu") > (0.5 if quality["proof_stop"] else 0.9)


@EVERY
def test_a_leaf_in_the_kernel_is_the_systems(pyrometer, tmp_path, entry):
    capture, quality = record(pyrometer, tmp_path, entry)
    if not quality["proof_interrupt"] or not shows_functions():
        pytest.skip("of what runs the kernel shows nothing here")
    system = dict.fromkeys((KERNEL, NATIVE, PYTHON), 0)
    whole = dict(system)
    leaves = (
        "SELECT coalesce(kind, 0), cpu, coalesce(cpu_system, 0) FROM totals"
        " JOIN stacks ON stacks.id = totals.stack JOIN frames ON frames.id = stacks.frame"
        " LEFT JOIN function_kinds ON function_kinds.id = frames.function WHERE cpu > 0"
    )
    for kind, cpu, cpu_system in rows(capture, leaves):
        whole[kind] += cpu
        system[kind] += cpu_system
    # Looks that found a thread run have time that others found it wait, and the other way round.
    assert system[KERNEL] > 0.95 * whole[KERNEL]
    if not quality["kernel_unseen"]:
        assert system[NATIVE] < 0.05 * whole[NATIVE]
    # Page faults are most of what touches() does.
    faults = sum(
        cpu
        for cpu, frames in stacks(capture, "cpu")
        if whose(frames) == "touches" and any("page_fault" in name for name, _ in frames)
    )
    assert faults > 0.05 * sum(whole.values())


def test_who_is_stopped_shows_none(pyrometer, tmp_path):
    """What the kernel did for a thread is gone once it stops for us."""
    capture, quality = record(pyrometer, tmp_path, {"argv": []}, "--proof", "stop")
    assert quality["kernel_seen"] == 0
    assert quality["kernel_unseen"] > 0
    assert not [1 for _, frames in stacks(capture) for _, kind in frames if kind == KERNEL]


@root_only
def test_an_ordinary_user_sees_where_it_waits(tmp_path):
    """The leaf alone, which is no secret, and of what runs nothing."""
    person = Person(tmp_path)
    program = shutil.copy(TARGET, tmp_path)
    command = ["-q", "--native", "-o", "x.pyro", "--", *python_for(person), program, "1.5"]
    done = person.run("run", *command)
    assert (done.returncode, done.stderr) == (0, "")
    leaves = set()
    for _, frames in stacks(tmp_path / "x.pyro"):
        kernel, _ = split(frames)
        assert len(kernel) <= 1, frames
        leaves.update(kernel)
    assert [name for name in leaves if re.search(DEEDS["polls"][1], name)], leaves
    assert [name for name in leaves if re.search(DEEDS["sleeps"][1], name)], leaves


@EVERY
def test_a_dump_shows_what_waits(pyrometer, entry):
    with running([*entry["argv"], str(TARGET), "60", "poll"], stdout=subprocess.PIPE) as process:
        for options in (["--native"], ["--native", "--no-stop"]):
            waits, frames = None, []
            while waits != "events":
                done = pyrometer("dump", "--json", *options, process.pid)
                (thread,) = json.loads(done.stdout)["threads"]
                waits, frames = thread["waits_for"], thread["frames"]
            kernel = [frame["name"] for frame in frames if frame["kernel"]]
            assert kernel == [frame["name"] for frame in frames[: len(kernel)]], frames
            assert any(re.search(DEEDS["polls"][1], name) for name in kernel), frames
            assert all(frame["native"] for frame in frames[: len(kernel) + 1]), frames
            assert frames[0]["file"] == "[kernel]" and frames[0]["line"] == 0, frames
            if shows_stacks():
                assert CALL.search(kernel[-1]), kernel
        done = pyrometer("dump", "--native", process.pid)
        assert re.search(r"epoll\w+ +\[kernel\]", done.stdout), done.stdout


def test_without_native_there_is_none(pyrometer, tmp_path):
    done = pyrometer("run", "-q", "-o", "x.pyro", str(TARGET), "0.5")
    assert (done.returncode, done.stderr) == (0, "")
    assert rows(tmp_path / "x.pyro", "SELECT count(*) FROM function_kinds") == [(0,)]


def test_folded_stacks_mark_them(pyrometer, tmp_path):
    record(pyrometer, tmp_path, {"argv": []})
    done = pyrometer("convert", "x.pyro", "--to", "folded", "-o", "-")
    lines = [line for line in done.stdout.splitlines() if ";polls (" in line]
    marked = [line for line in lines if re.search(r"epoll\w+_\[k\] \d+$", line)]
    assert marked, lines
