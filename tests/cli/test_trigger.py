# SPDX-License-Identifier: Apache-2.0
"""SIGUSR2 has what was recorded so far written to a capture of its own, and nothing ends."""

import os
import signal
import sqlite3
import subprocess

import pytest
from executable import PYTHON, plain_environment
from hostile import Person, python_for, root_only, rows, running, start, wait_until

# Works for a while for each line that it is given, and says when it has.
WORK = """
import sys, time
print("ready", flush=True)
for line in iter(sys.stdin.readline, ""):
    end = time.perf_counter() + 0.3
    while time.perf_counter() < end:
        sum(range(100))
    print("done", flush=True)
sys.exit(7)
"""


def work(process):
    process.stdin.write("go\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


def record(folder, *options, command=(PYTHON, "-c", WORK), **more):
    recorder = start(folder, "run", *options, "--", *command, stdin=subprocess.PIPE, **more)
    assert recorder.stdout.readline() == "ready\n"
    return recorder


def samples(capture):
    return rows(capture, "SELECT count(*), sum(samples), sum(wall) FROM totals")[0]


def meta(capture):
    return dict(rows(capture, "SELECT key, value FROM meta"))


def check_copies(folder, names, whole):
    """Each is whole and one file, and has more than the one before."""
    before = (0, 0, 0)
    for name in [*names, whole]:
        facts = meta(folder / name)
        assert facts["complete"] == "1"
        assert not list(folder.glob(name + "-*"))
        assert (folder / name).stat().st_mode & 0o777 == 0o600
        assert rows(folder / name, "PRAGMA integrity_check") == [("ok",)]
        assert rows(folder / name, "PRAGMA journal_mode") == [("delete",)]
        now = samples(folder / name)
        assert all(a >= b for a, b in zip(now, before)) and now[1] > before[1], (name, now)
        before = now
        assert meta(folder / whole)["command"] == facts["command"]
        assert int(meta(folder / whole)["duration_ns"]) >= int(facts["duration_ns"])


def test_two_signals_make_two_captures(pyrometer, tmp_path):
    recorder = record(tmp_path, "-o", "work.pyro")
    for number in (1, 2):
        work(recorder)
        os.kill(recorder.pid, signal.SIGUSR2)
        line = recorder.stderr.readline()
        assert line.startswith(f"pyrometer: what was recorded so far is in work.{number}.pyro (")
    work(recorder)
    _, words = recorder.communicate(timeout=60)
    assert recorder.returncode == 7, words
    assert "pyrometer: " not in words
    check_copies(tmp_path, ["work.1.pyro", "work.2.pyro"], "work.pyro")
    done = pyrometer("report", "work.1.pyro")
    assert done.returncode == 0 and "<module>" in done.stdout, done.stderr
    assert sorted(os.listdir(tmp_path)) == ["work.1.pyro", "work.2.pyro", "work.pyro"]


def test_attached(tmp_path):
    with running(
        [PYTHON, "-c", WORK], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as target:
        recorder = start(tmp_path, "attach", "-o", "night", target.pid)
        wait_until((tmp_path / "night").exists)
        work(target)
        os.kill(recorder.pid, signal.SIGUSR2)
        assert "night.1.pyro" in recorder.stderr.readline()
        work(target)
        target.stdin.close()
        assert target.wait(timeout=60) == 7
        recorder.communicate(timeout=60)
        assert recorder.returncode == 0
        target.stdin = None
    check_copies(tmp_path, ["night.1.pyro"], "night")


def test_never_over_a_file(tmp_path):
    (tmp_path / "work.1.pyro").write_text("mine")
    (tmp_path / "work.2.pyro").symlink_to(tmp_path / "elsewhere")
    recorder = record(tmp_path, "-o", "work.pyro")
    work(recorder)
    os.kill(recorder.pid, signal.SIGUSR2)
    assert "work.3.pyro" in recorder.stderr.readline()
    recorder.communicate(timeout=60)
    assert recorder.returncode == 7
    assert (tmp_path / "work.1.pyro").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def is_whole(capture):
    try:
        return meta(capture).get("complete") == "1"
    except sqlite3.Error:
        return False


def test_quiet(tmp_path):
    recorder = record(tmp_path, "-q", "-o", "work.pyro")
    work(recorder)
    os.kill(recorder.pid, signal.SIGUSR2)
    wait_until(lambda: (tmp_path / "work.1.pyro").exists() and is_whole(tmp_path / "work.1.pyro"))
    _, words = recorder.communicate(timeout=60)
    assert (recorder.returncode, words) == (7, "")


def test_after_the_recording(tmp_path):
    """A program outlives --duration: then the capture has it all, which is said."""
    recorder = record(tmp_path, "-q", "-d", "0.2s", "-o", "work.pyro")
    wait_until(lambda: (tmp_path / "work.pyro").exists() and is_whole(tmp_path / "work.pyro"))
    os.kill(recorder.pid, signal.SIGUSR2)
    line = recorder.stderr.readline()
    assert line == "pyrometer: the recording has ended, and work.pyro has all of it\n"
    recorder.communicate(timeout=60)
    assert recorder.returncode == 7


@root_only
def test_where_nothing_can_be_written(tmp_path):
    """One line, and the recording goes on."""
    person = Person(tmp_path)
    recorder = subprocess.Popen(
        [str(person.executable), "run", "-o", "work.pyro", *python_for(person), "-c", WORK],
        cwd=str(tmp_path),
        env=plain_environment(PYROMETER_PYTHON=None, HOME=str(tmp_path)),
        preexec_fn=person.become,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert recorder.stdout.readline() == "ready\n"
    work(recorder)
    tmp_path.chmod(0o555)
    os.kill(recorder.pid, signal.SIGUSR2)
    line = recorder.stderr.readline()
    tmp_path.chmod(0o777)
    assert line.startswith("pyrometer: work.1.pyro: the directory is not writable.")
    os.kill(recorder.pid, signal.SIGUSR2)
    assert "so far is in work.2.pyro" in recorder.stderr.readline()
    work(recorder)
    _, words = recorder.communicate(timeout=60)
    assert recorder.returncode == 7
    assert "pyrometer: " not in words
    assert is_whole(tmp_path / "work.pyro")
    check_copies(tmp_path, ["work.2.pyro"], "work.pyro")


@pytest.mark.parametrize("command", ["run", "attach"])
def test_is_documented(pyrometer, command):
    done = pyrometer("help", command)
    assert "SIGUSR2" in done.stdout and "NAME.1.pyro" in done.stdout
