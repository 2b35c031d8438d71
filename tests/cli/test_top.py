# SPDX-License-Identifier: Apache-2.0
"""top: what it shows of running programs, what keys do, and how it leaves."""

import json
import os
import re
import signal
import subprocess
import time

import pytest
from executable import EXECUTABLE, PROJECT, PYTHON, plain_environment
from hostile import Person, interpreter_id, interpreters, root_only, running, wait_until
from screen import Screen

HOT = PROJECT / "tests" / "targets" / "known_hot.py"

INTERPRETERS = [pytest.param(entry, id=interpreter_id(entry)) for entry in interpreters()]


@pytest.fixture
def hot():
    """A program that does one thing, in full swing."""
    with running([PYTHON, str(HOT)], stdout=subprocess.PIPE) as process:
        yield process


def rows(text):
    """The names of the rows on a screen or in a table."""
    lines = text.splitlines()
    head = next(i for i, line in enumerate(lines) if re.search(r"^ +(self|running) ", line))
    return [line for line in lines[head + 1 :] if "%" in line]


def first(name):
    """A condition: the first row is of this name, and is marked."""

    def holds(text):
        found = re.search(r"^> .*$", text, re.M)
        return found is not None and name in found.group()

    return holds


def both(*conditions):
    """A screen is read while it is drawn: all that is wanted of it is to be waited for together."""
    tests = [c if callable(c) else (lambda text, word=c: word in text) for c in conditions]
    return lambda text: all(test(text) for test in tests)


def only(name, count=None):
    """A condition: all rows are of this name, and so many."""

    def holds(text):
        try:
            found = rows(text)
        except StopIteration:
            return False
        right = found and all(f" {name} " in row for row in found)
        return bool(right and (count is None or len(found) == count))

    return holds


# ---- what it shows ----


@pytest.mark.parametrize("entry", INTERPRETERS)
def test_the_hot_function_comes_first(entry):
    with running([*entry["argv"], str(HOT)], stdout=subprocess.PIPE) as process:
        with Screen("top", process.pid) as screen:
            screen.wait(both(first("hot"), entry["full"], "known_hot.py", " proved"))
            screen.press("q")
            assert screen.ended() == 0
            assert screen.restored()
        assert process.poll() is None


def test_snapshots(pyrometer, hot):
    done = pyrometer("top", "-n", "2", "-i", "500ms", hot.pid)
    assert (done.returncode, done.stderr) == (0, "")
    parts = done.stdout.split("\n\n")
    assert len(parts) == 4 and "\x1b" not in done.stdout
    for table in (parts[1], parts[3]):
        assert table.startswith("functions by self")
        assert " hot " in rows(table)[0]


def test_snapshots_until_a_signal(hot):
    command = [str(EXECUTABLE), "top", "-i", "100ms", str(hot.pid)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=plain_environment(), text=True
    )
    for line in process.stdout:
        if " hot " in line:
            break
    process.send_signal(signal.SIGTERM)
    words = process.communicate(timeout=20)[1]
    assert (process.returncode, words) == (0, "")


def test_a_reader_who_leaves(hot):
    command = [str(EXECUTABLE), "top", "-i", "100ms", str(hot.pid)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=plain_environment()
    )
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=20) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def test_json(pyrometer, hot):
    done = pyrometer("top", "--json", "-n", "3", "-i", "300ms", "--limit", "2", hot.pid)
    assert (done.returncode, done.stderr) == (0, "")
    snapshots = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(snapshots) == 3
    for before, after in zip(snapshots, snapshots[1:]):
        assert after["begin_ns"] == before["end_ns"]
    for snapshot in snapshots:
        assert [process["pid"] for process in snapshot["processes"]] == [hot.pid]
        assert snapshot["quality"]["proved"] == snapshot["quality"]["samples"] > 0
        assert len(snapshot["rows"]) == 2 <= snapshot["row_count"]
        assert snapshot["rows"][0]["name"] == "hot"
        assert snapshot["rows"][0]["self"] > 0.5


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["--by", "lines"], r" hot .*known_hot\.py:\d+$"),
        (["--by", "threads"], r"MainThread +hot"),
        (["--by", "processes"], r"known_hot\.py"),
        (["--sort", "total"], r" <module> "),
        (["--filter", "CALLER"], r" caller "),
        (["--mode", "wall", "--threads"], r"waiting|hot"),
        (["--since-start"], r" hot "),
        (["--library"], r" hot "),
    ],
)
def test_choices(pyrometer, hot, arguments, expected):
    done = pyrometer("top", "-n", "1", "-i", "1s", *arguments, hot.pid, env={"COLUMNS": "120"})
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(expected, rows(done.stdout)[0]), done.stdout


def test_several_processes(pyrometer, hot):
    with running([PYTHON, str(HOT)], stdout=subprocess.PIPE) as other:
        done = pyrometer("top", "-n", "1", hot.pid, other.pid, hot.pid)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("2 processes")
        assert sorted(int(row.split()[-3]) for row in numbered(done.stdout)) == sorted(
            [hot.pid, other.pid]
        )


def numbered(text):
    """Rows of processes as: running, process id, program, what it does."""
    found = [re.search(r"(\d+)  (known_hot\.py) +(\S+)", row) for row in rows(text)]
    return [" ".join(match.groups()) for match in found if match]


CHILDREN = """
import subprocess, sys
children = []
def start():
    command = [sys.executable, sys.argv[1]]
    children.append(subprocess.Popen(command, stdout=subprocess.PIPE))
    children[-1].stdout.readline()
start()
print("ready", flush=True)
sys.stdin.readline()
start()
sys.stdin.readline()
for child in children:
    child.kill()
    child.wait()
"""


def test_children_come_and_go():
    """Those that are there already, and those that come."""
    with running(
        [PYTHON, "-c", CHILDREN, str(HOT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent, Screen("top", "-w", "1s", "--by", "processes", parent.pid) as screen:
        screen.wait(lambda text: "2 processes" in text and text.count(" hot") == 1)
        parent.stdin.write(b"\n")
        parent.stdin.flush()
        screen.wait(lambda text: "3 processes" in text and text.count(" hot") == 2)
        parent.stdin.write(b"\n")
        parent.stdin.flush()
        assert screen.ended() == 0
        assert screen.restored()


def test_all(hot):
    with Screen("top", "--all", "--filter", "known_hot", columns=120) as screen:
        screen.wait(str(hot.pid))
        with running([PYTHON, str(HOT)], stdout=subprocess.PIPE) as later:
            screen.wait(str(later.pid))
        screen.wait(f"{later.pid}  ended known_hot.py")
        screen.press("q")
        assert screen.ended() == 0


def test_names_do_no_harm(hot):
    for look in ({}, {"LC_ALL": "C"}, {"TERM": "vt100"}):
        with Screen("top", "--library", hot.pid, env=look, columns=160) as screen:
            screen.wait(both(first("hot"), "evil\\x1b[2J\\n\\u{202e}end"))
            screen.press("q")
            assert screen.ended() == 0


# ---- keys ----


def test_keys(hot):
    with Screen("top", hot.pid) as screen:
        screen.wait(first("hot"))
        screen.press(">")
        screen.wait(lambda text: "functions by total" in text and first("<module>")(text))
        screen.press("<")
        screen.wait("functions by self")
        # Into the lines of the function, and back.
        screen.press("\r")
        screen.wait(both("lines of hot by self", only("hot")))
        screen.press("\x1b")
        screen.wait("functions by self")
        # Only what has this in it.
        screen.press("/CALL")
        screen.wait("/CALL_")
        screen.wait(both(first("caller"), only("caller", 1)))
        screen.press("\r")
        screen.wait("q quit")
        screen.press("\x1b")
        screen.wait(first("hot"))
        # Threads, and into the one that waits.
        screen.press("3")
        screen.wait(first("MainThread"))
        screen.press("\x1b[B")
        screen.wait(first("waiter"))
        screen.press("\r")
        screen.wait(both("in waiter", "waiting 100 %"))
        screen.press("\x1b\x1b")
        screen.press("?")
        screen.wait("leave")
        screen.press("?")
        screen.wait(lambda text: "leave" not in text)
        screen.press("q")
        assert screen.ended() == 0


def test_hold(hot):
    def samples(text):
        found = re.search(r"^([\d,]+) samples?", text, re.M)
        return found and found.group(1)

    with Screen("top", "-i", "200ms", hot.pid) as screen:
        screen.wait(first("hot"))
        screen.press(" ")
        held = samples(screen.wait(both("paused", samples)))
        # Other views of the same moment; a screen later it is still that one.
        screen.press("4")
        screen.wait("processes by running")
        screen.press("1")
        screen.wait(both(first("hot"), lambda text: samples(text) == held))
        screen.press(" ")
        screen.wait(lambda text: "paused" not in text and samples(text) not in (None, held))
        # All since the start, and anew from nothing.
        screen.press("s")
        screen.wait("all ")
        screen.press("z")
        screen.wait(lambda text: re.search(r"all \d+ ms", text))


def test_every_size(hot):
    with Screen("top", hot.pid, columns=80) as screen:
        screen.wait(first("hot"))
        for columns, lines in ((40, 12), (200, 50), (20, 5), (80, 24)):
            screen.resize(columns, lines)
            # The terminal's own idea of what stays where is not ours: all is drawn anew.
            screen.wait(
                lambda text: first("hot")(text) and screen.shown.display[-1].startswith("q quit")
            )
        screen.resize(1, 1)
        screen.read(0.3)
        screen.press("q")
        assert screen.ended() == 0


# ---- how it leaves ----


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT], ids=lambda n: n.name
)
def test_a_signal_ends_it(hot, number):
    with Screen("top", hot.pid) as screen:
        screen.wait(first("hot"))
        screen.process.send_signal(number)
        assert screen.ended() == 0
        assert screen.restored()
    assert hot.poll() is None


def test_control_c_ends_it(hot):
    with Screen("top", hot.pid) as screen:
        screen.wait(first("hot"))
        screen.press("\x03")
        assert screen.ended() == 0
        assert screen.restored()


def test_it_ends_while_output_is_stopped(hot):
    """Ctrl-S: nothing can be written, and it must neither hang in that nor be kept by it."""
    with Screen("top", "-i", "100ms", hot.pid) as screen:
        screen.wait(first("hot"))
        screen.press("\x13")
        time.sleep(0.5)  # for some drawing to fall due
        screen.process.send_signal(signal.SIGTERM)
        assert screen.ended() == 0
        assert screen.restored()


def test_the_end_of_the_target(hot):
    with Screen("top", hot.pid) as screen:
        screen.wait(first("hot"))
        hot.kill()
        hot.wait()
        assert screen.ended() == 0
        assert screen.restored()
        # What it spent its time with is left there.
        after = screen.raw[screen.raw.rfind(b"\x1b[?1049l") :].decode()
        assert "hot" in after and f"process {hot.pid} has ended" in after


def test_the_end_of_the_target_between_snapshots(pyrometer, hot):
    command = [str(EXECUTABLE), "top", "-i", "1h", str(hot.pid)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=plain_environment(), text=True
    )
    wait_until(lambda: "pyro-sampler" in threads_of(process.pid))
    time.sleep(0.5)  # for samples to be there
    hot.kill()
    hot.wait()
    out, words = process.communicate(timeout=20)
    assert process.returncode == 0
    assert " hot " in rows(out)[0]
    assert words == f"process {hot.pid} has ended: known_hot.py\n"


def threads_of(pid):
    folder = f"/proc/{pid}/task"
    return [open(f"{folder}/{tid}/comm").read().strip() for tid in os.listdir(folder)]


def test_the_terminal_goes_away(hot):
    with Screen("top", hot.pid) as screen:
        screen.wait(first("hot"))
        screen.hang_up()
        assert screen.process.wait(timeout=20) == 0


def test_the_terminal_goes_away_without_a_signal(hot):
    """As of a session of somebody else's: only reading says so."""
    with Screen("top", hot.pid) as screen:
        screen.wait(first("hot"))
    master, slave = os.openpty()
    process = subprocess.Popen(
        [str(EXECUTABLE), "top", str(hot.pid)],
        stdin=slave,
        stdout=slave,
        stderr=subprocess.DEVNULL,
        env=plain_environment(TERM="xterm"),
        start_new_session=True,
    )
    os.close(slave)
    assert os.read(master, 100)
    os.close(master)
    assert process.wait(timeout=20) == 0


def test_stopped_and_continued(hot):
    def state():
        return open(f"/proc/{screen.process.pid}/stat").read().rsplit(")", 1)[1].split()[0]

    with Screen("top", hot.pid) as screen:
        screen.wait(first("hot"))
        screen.process.send_signal(signal.SIGTSTP)
        wait_until(lambda: state() == "T")
        wait_until(lambda: screen.read(0.01) and screen.restored())
        screen.process.send_signal(signal.SIGCONT)
        wait_until(lambda: screen.read(0.05) and not screen.restored())
        screen.wait(first("hot"))
        screen.press("q")
        assert screen.ended() == 0
        assert screen.restored()


@pytest.mark.parametrize("term", ["dumb", "no-such-terminal", ""])
def test_nothing_to_draw_on(hot, term):
    with Screen("top", "-i", "300ms", hot.pid, env={"TERM": term, "NO_COLOR": "1"}) as screen:
        screen.wait(" hot ")
        assert f'type "{term}": printing snapshots' in screen.raw.decode()
        assert b"\x1b" not in screen.raw
        screen.press("\x03")
        assert screen.ended() == 0


def test_colours(hot):
    for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "vt100"}, False)):
        with Screen("top", hot.pid, env=env) as screen:
            screen.wait(first("hot"))
            assert (re.search(rb"\x1b\[(?:\d+;)*3[1-7]m", screen.raw) is not None) == coloured
            screen.press("q")
            assert screen.ended() == 0


# ---- what cannot be watched ----


def test_nobody_there(refused):
    refused(125, ["there is no process 4194303"], "top", 4194303)


def test_not_python(refused):
    with running(["sleep", "60"]) as process:
        wait_until(lambda: open(f"/proc/{process.pid}/comm").read() == "sleep\n")
        refused(125, [str(process.pid), "Try: pyrometer doctor"], "top", process.pid)


@root_only
def test_process_of_another_user(tmp_path, hot):
    person = Person(tmp_path)
    done = person.run("top", hot.pid)
    assert done.returncode == 125 and done.stdout == ""
    assert f"Try: sudo pyrometer top {hot.pid}" in done.stderr
    # All that may be watched is nothing.
    done = person.run("top", "--all", "-n", "1", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert hot.pid not in [process["pid"] for process in json.loads(done.stdout)["processes"]]
