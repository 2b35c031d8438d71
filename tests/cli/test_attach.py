# SPDX-License-Identifier: Apache-2.0
"""attach to what cannot be attached to: one line, the process named, and it goes on unharmed."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from executable import EXECUTABLE, PROJECT, PYTHON, plain_environment
from hostile import (
    BUSY,
    READY,
    Person,
    functions,
    interpreters,
    kill,
    one_line,
    processes,
    python_for,
    root_only,
    rows,
    running,
    start,
    wait_until,
)


def test_nobody_there(refused, tmp_path):
    for pid in ("4194304", "4194303"):
        if not os.path.exists(f"/proc/{pid}"):
            refused(125, [pid, "Try: pyrometer doctor"], "attach", pid)
    for pid in ("0", "-1", "12x", "99999999999999999999", ""):
        done = refused(64, ["attach"], "attach", "--", pid)
        assert "Try: " in done.stderr
    assert list(tmp_path.glob("*.pyro")) == []


def test_threads_of_the_kernel(refused):
    if not os.path.exists("/proc/2/comm") or open("/proc/2/comm").read() != "kthreadd\n":
        pytest.skip("no thread of the kernel can be seen here")
    refused(125, ["process 2 ", "kernel", "Try: "], "attach", 2)


def test_not_python(refused):
    with running(["sleep", "60"]) as process:
        wait_until(lambda: open(f"/proc/{process.pid}/comm").read() == "sleep\n")
        refused(125, [str(process.pid), "sleep", "Try: pyrometer doctor"], "attach", process.pid)
        assert process.poll() is None


@root_only
def test_process_of_another_user(tmp_path):
    person = Person(tmp_path)
    with running([PYTHON, "-c", READY], stdout=subprocess.PIPE) as process:
        done = person.run("attach", process.pid)
        assert done.returncode == 125 and done.stdout == ""
        line = one_line(done.stderr)
        assert f"process {process.pid}: it belongs to user root" in line
        assert line.endswith(f"Try: sudo pyrometer attach {process.pid}")
        assert process.poll() is None


@root_only
@pytest.mark.parametrize("proof", ["auto", "switch", "proc", "stop", "reread", "none"])
def test_every_proof_as_an_ordinary_user(tmp_path, proof):
    person = Person(tmp_path)
    python = python_for(person)
    chosen = [] if proof == "auto" else ["--proof", proof]
    done = person.run("run", *chosen, "-o", "x.pyro", *python, "-c", BUSY.format(0.3))
    if "perf_event_paranoid" in done.stderr and proof == "switch":
        pytest.skip("ordinary users get no switch records here")
    assert done.returncode == 0, done.stderr
    assert "pyrometer: " not in done.stderr
    samples = dict(rows(tmp_path / "x.pyro", "SELECT name, value FROM quality"))
    assert samples["samples"] > 0
    # Those without a processor's freeze may stand still or be unchanged all the same.
    allowed = {"stop": "proof_stop", "reread": "proof_reread", "none": "proof_none"}
    if proof in allowed:
        assert samples[allowed[proof]] > 0
    else:
        assert samples["proved"] > 0 and samples["unproved"] == 0
    with running(
        [*python, "-c", READY], stdout=subprocess.PIPE, preexec_fn=person.become, cwd="/"
    ) as process:
        done = person.run("attach", *chosen, "-d", "200ms", "-o", "y.pyro", process.pid)
        if "ptrace_scope is 1" in done.stderr:
            pytest.skip("ordinary users may read only their children here")
        assert (done.returncode, done.stderr) == (0, "")
        assert process.poll() is None


@root_only
@pytest.mark.alone
def test_interrupts_are_for_root(pyrometer, tmp_path):
    """There they are the default; an ordinary user is told what they take."""
    with running(
        [PYTHON, "-c", "print('ready', flush=True)\nwhile True: pass"], stdout=subprocess.PIPE
    ) as program:
        asked = pyrometer(
            "attach",
            "--proof",
            "interrupt",
            "-r",
            "1000",
            "-d",
            "500ms",
            "-o",
            "asked.pyro",
            program.pid,
        )
        if "may not read by interrupts" in asked.stderr or "this kernel" in asked.stderr:
            pytest.skip(one_line(asked.stderr))
        default = pyrometer("attach", "-d", "500ms", "-o", "default.pyro", program.pid)
        assert asked.returncode == default.returncode == 0, asked.stderr + default.stderr
    for capture in ("asked.pyro", "default.pyro"):
        quality = dict(rows(tmp_path / capture, "SELECT name, value FROM quality"))
        assert quality["unproved"] == 0
        if len(os.sched_getaffinity(0)) > 1:
            assert quality["proof_interrupt"] > quality["samples"] / 2
        assert quality["held_ns"] > 0
    person = Person(tmp_path)
    python = python_for(person)
    done = person.run("run", "--proof", "interrupt", "-o", "x.pyro", *python, "-c", "pass")
    assert done.returncode == 125
    assert "CAP_BPF" in one_line(done.stderr) and "Try: " in done.stderr


def test_a_profiler_that_is_stopped_goes_on(tmp_path):
    """It takes the kernel's timer with it, and takes up its work again when it is continued."""
    with running(
        [PYTHON, "-c", "print('ready', flush=True)\nwhile True: pass"], stdout=subprocess.PIPE
    ) as program:
        profiler = start(tmp_path, "attach", "-q", "-d", "2s", "-o", "x.pyro", program.pid)
        time.sleep(0.7)
        profiler.send_signal(signal.SIGTSTP)
        wait_until(lambda: state(profiler.pid) == "T")
        time.sleep(0.3)
        assert state(profiler.pid) == "T"
        profiler.send_signal(signal.SIGCONT)
        out, err = profiler.communicate(timeout=20)
        assert (profiler.returncode, out, err) == (0, "", "")
        assert program.poll() is None
    quality = dict(rows(tmp_path / "x.pyro", "SELECT name, value FROM quality"))
    assert quality["samples"] > 50
    assert quality["unproved"] == 0


def test_targets_that_die_while_they_are_found(pyrometer):
    """At every stage of starting and ending: no crash, no hang, a word on what happened."""
    statuses = set()
    for pause in (0, 0.002, 0.005, 0.01, 0.015, 0.02, 0.03, 0.05) * 2:
        program = subprocess.Popen([PYTHON, "-c", f"import time; time.sleep({pause})"])
        done = pyrometer("attach", "-q", "-o", f"{program.pid}.pyro", program.pid, timeout=30)
        program.wait()
        statuses.add(done.returncode)
        assert done.returncode in (0, 125), done.stderr
        if done.returncode:
            assert str(program.pid) in one_line(done.stderr)
            assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("proof", ["switch", "proc", "stop"])
def test_target_that_is_killed(tmp_path, number, proof):
    with running(
        [PYTHON, "-c", "print('ready', flush=True)\nwhile True: pass"], stdout=subprocess.PIPE
    ) as process:
        recorder = start(tmp_path, "attach", "-q", "--proof", proof, "-o", "x.pyro", process.pid)
        wait_until(lambda: has_process(tmp_path / "x.pyro"))
        process.send_signal(number)
        process.wait()
        out, words = recorder.communicate(timeout=30)
        assert (recorder.returncode, words) == (0, "")
    assert processes(tmp_path / "x.pyro") == [process.pid]


def test_recorder_that_is_killed_beside_a_sleeper(tmp_path):
    """All but the last second is in the capture, also of a thread that does nothing."""
    with running(
        [PYTHON, "-c", "import time\nprint('ready', flush=True)\ntime.sleep(1000)"],
        stdout=subprocess.PIPE,
    ) as process:
        recorder = start(tmp_path, "attach", "-q", "-o", "x.pyro", process.pid)
        wait_until((tmp_path / "x.pyro").exists)
        time.sleep(3)
        kill(recorder.pid)
        recorder.communicate(timeout=10)
    ((wall,),) = rows(tmp_path / "x.pyro", "SELECT coalesce(sum(wall), 0) FROM totals")
    assert wall > 2e9


def test_recorder_that_is_killed(tmp_path):
    """The capture opens and holds all but the last second; the target goes on."""
    with running(
        [PYTHON, "-c", "print('ready', flush=True)\nwhile True: pass"], stdout=subprocess.PIPE
    ) as process:
        recorder = start(tmp_path, "attach", "-q", "-o", "x.pyro", process.pid)
        wait_until((tmp_path / "x.pyro").exists)
        began = ticks(process.pid)
        # Three seconds of the target's processor, however long that takes here.
        wait_until(lambda: ticks(process.pid) - began >= 3 * os.sysconf("SC_CLK_TCK"), 60)
        kill(recorder.pid)
        recorder.communicate(timeout=10)
        now = ticks(process.pid)
        wait_until(lambda: ticks(process.pid) > now)
        assert process.poll() is None
    ((cpu,),) = rows(tmp_path / "x.pyro", "SELECT coalesce(sum(cpu), 0) FROM totals")
    assert cpu > 2e9
    done = subprocess.run(
        [str(EXECUTABLE), "report", "x.pyro"],
        cwd=str(tmp_path),
        env=plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "cut off" in done.stdout


def state(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def ticks(pid):
    """User and system time of a process."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


@root_only
@pytest.mark.parametrize(
    "namespaces", [["--pid", "--fork"], ["--mount"], ["--mount", "--pid", "--fork"]]
)
def test_target_in_other_namespaces(pyrometer, tmp_path, namespaces):
    probe = subprocess.run(["unshare", *namespaces, "true"], stderr=subprocess.DEVNULL)
    if shutil.which("unshare") is None or probe.returncode:
        pytest.skip("unshare is not permitted here")
    code = (
        "import threading, time\nt = threading.Thread(target=time.sleep, args=(60,), daemon=True)\nt.start()\n"
        + READY
    )
    with running(
        ["unshare", *namespaces, "--kill-child", PYTHON, "-c", code]
        if "--fork" in namespaces
        else ["unshare", *namespaces, PYTHON, "-c", code],
        stdout=subprocess.PIPE,
    ) as process:
        pid = process.pid
        if "--fork" in namespaces:
            with open(f"/proc/{pid}/task/{pid}/children") as file:
                pid = int(file.read().split()[0])
        done = pyrometer("attach", "-q", "-d", "300ms", "-o", "x.pyro", pid)
        assert (done.returncode, done.stderr) == (0, "")
    assert processes(tmp_path / "x.pyro") == [pid]
    ((threads,),) = rows(tmp_path / "x.pyro", "SELECT count(*) FROM tracks")
    assert threads == 2


@root_only
@pytest.mark.parametrize("proof", ["switch", "proc"])
def test_process_id_that_is_given_to_another(tmp_path, proof):
    enter = ["unshare", "--pid", "--fork", "--mount-proc"]
    if shutil.which("unshare") is None or subprocess.run([*enter, "true"]).returncode:
        pytest.skip("unshare is not permitted here")
    command = [
        *enter,
        PYTHON,
        PROJECT / "tests" / "targets" / "same_pid.py",
        EXECUTABLE,
        "x.pyro",
        proof,
    ]
    done = subprocess.run(
        command,
        cwd=str(tmp_path),
        env=plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout.splitlines()[-1])
    if not told["same"]:
        pytest.skip("no process id could be had twice")
    assert told["status"] == 0 and told["alive"]
    assert "first" in functions(tmp_path / "x.pyro")
    assert "second" not in functions(tmp_path / "x.pyro")


@pytest.mark.parametrize("command", ["run", "attach"])
def test_python_that_is_not_known(pyrometer, tmp_path, command):
    """One that says of itself that it is 3.16: the table that 3.13 and later publish has it."""
    found = [e for e in interpreters() if e["version"] == "3.13" and e["kind"] == "shared"]
    if not found or found[0]["root"]:
        pytest.skip("no CPython 3.13 with a shared library here")
    library = max(Path(found[0]["executable"]).parent.parent.glob("lib/libpython3.13.so.*"))
    code = bytearray(library.read_bytes())
    at = code.rindex(b"xdebugpy") + 8
    code[at : at + 8] = 0x031000F0.to_bytes(8, "little")
    (tmp_path / library.name).write_bytes(code)
    python = [found[0]["executable"], "-c", READY]
    preload = {"LD_PRELOAD": str(tmp_path / library.name)}
    if command == "run":
        python[2] = BUSY.format(0.6)
        done = pyrometer("run", "-o", "x.pyro", "--", *python, env=preload)
        assert done.returncode == 0  # the program's own
    else:
        with running(python, stdout=subprocess.PIPE, env=plain_environment(**preload)) as process:
            done = pyrometer("attach", "-o", "x.pyro", process.pid)
            assert done.returncode == 125 and process.poll() is None
    assert "CPython 3.16" in one_line(done.stderr)
    assert "3.8 to 3.15" in one_line(done.stderr)


def has_process(capture):
    try:
        return processes(capture) != []
    except sqlite3.Error:  # not there yet
        return False
