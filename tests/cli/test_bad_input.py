# SPDX-License-Identifier: Apache-2.0
"""Programs and names that mean no good: the program's own end comes through, and one clear line."""

import json
import os
import pty
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import unicodedata

import pytest
from executable import EXECUTABLE, PYTHON, plain_environment
from hostile import (
    BUSY,
    functions,
    interpreters,
    kill,
    one_line,
    processes,
    root_only,
    rows,
    start,
    wait_until,
)


def test_programs_that_are_not_python(pyrometer, tmp_path):
    done = pyrometer("run", "-q", "--", "sh", "-c", "cat; exit 7", stdin=None, input="as it is\n")
    assert (done.returncode, done.stdout) == (7, "as it is\n")
    assert "no Python was seen in 'sh'" in one_line(done.stderr)
    assert "Try: " in done.stderr and done.stderr.count("\n") == 1


def test_bytes_pass_untouched(tmp_path):
    data = bytes(range(256)) * 4000
    code = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
    done = subprocess.run(
        [str(EXECUTABLE), "run", "-q", "-o", "x.pyro", "-c", code],
        cwd=str(tmp_path),
        env=plain_environment(),
        input=data,
        stdout=subprocess.PIPE,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, data)


def test_execs_something_else(pyrometer, tmp_path):
    code = BUSY.format(0.1) + "import os; os.execv('/bin/sh', ['sh', '-c', 'exit 9'])"
    done = pyrometer("run", "-q", "-o", "x.pyro", "-c", code)
    assert (done.returncode, done.stderr) == (9, "")
    assert len(processes(tmp_path / "x.pyro")) == 1


def test_execs_another_python(pyrometer, tmp_path):
    others = [e for e in interpreters() if not e["root"] and e["executable"] != PYTHON]
    if not others:
        pytest.skip("only one interpreter here")
    command = [
        *others[0]["argv"],
        "-c",
        "def second():\n " + BUSY.format(0.3).replace("\n", "\n ") + "\nsecond()",
    ]
    code = BUSY.format(0.1) + f"import os; os.execv({command[0]!r}, {command!r})"
    done = pyrometer("run", "-q", "-o", "x.pyro", "-c", code)
    assert (done.returncode, done.stderr) == (0, "")
    assert "second" in functions(tmp_path / "x.pyro")
    assert len(set(processes(tmp_path / "x.pyro"))) == 1


@root_only
@pytest.mark.parametrize("change", ["os.setuid(65534)", "os.chroot('/tmp')"])
def test_changes_its_user_or_root(pyrometer, tmp_path, change):
    code = (
        f"import os\nimport time\n{change}\ndef after():\n "
        + BUSY.format(0.3).replace("\n", "\n ")
        + "\nafter()"
    )
    done = pyrometer("run", "-q", "-o", "x.pyro", "-c", code)
    assert (done.returncode, done.stderr) == (0, "")
    assert "after" in functions(tmp_path / "x.pyro")


def test_signals_to_the_recorder_are_the_programs(tmp_path):
    code = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *a: sys.exit(9))\nprint('ready', flush=True)\ntime.sleep(60)"
    recorder = start(tmp_path, "run", "-o", "x.pyro", "-c", code)
    assert recorder.stdout.readline() == "ready\n"
    recorder.send_signal(signal.SIGTERM)
    _, words = recorder.communicate(timeout=20)
    assert recorder.returncode == 9
    assert words.splitlines()[-1].endswith("pyrometer view x.pyro")


def test_recorder_that_is_killed_leaves_its_program(tmp_path):
    code = "import time, os\nprint(os.getpid(), flush=True)\ninput()\nopen('went-on', 'w').close()"
    recorder = start(tmp_path, "run", "-q", "-o", "x.pyro", "-c", code, stdin=subprocess.PIPE)
    assert recorder.stdout.readline().strip().isdigit()
    kill(recorder.pid)
    recorder.wait()
    recorder.stdin.write("\n")
    recorder.stdin.flush()
    wait_until((tmp_path / "went-on").exists)
    recorder.communicate()
    assert rows(tmp_path / "x.pyro", "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("ignores", [False, True])
def test_interrupt_key_in_a_terminal(tmp_path, ignores):
    """The terminal sends it to all in front: the program decides, the report comes."""
    how = "signal.SIG_IGN" if ignores else "signal.default_int_handler"
    code = (
        f"import signal, sys, time\nsignal.signal(signal.SIGINT, {how})\n"
        "try:\n    print('ready', flush=True)\n"
        f"    for i in range({2 if ignores else 60}): time.sleep(0.5)\n"
        "except KeyboardInterrupt:\n    sys.exit(7)\nsys.exit(8)"
    )
    (tmp_path / "program.py").write_text(code)
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(str(tmp_path))
        os.execve(
            str(EXECUTABLE),
            [str(EXECUTABLE), "run", "-o", "x.pyro", "program.py"],
            plain_environment(),
        )
    shown = b""
    sent = False
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if b"ready" in shown and not sent:
            sent = True
            os.write(terminal, b"\x03")
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.WIFEXITED(status) and os.WEXITSTATUS(status) == (8 if ignores else 7)
    assert b"pyrometer view x.pyro" in shown


def test_a_limit_on_the_size_of_files(tmp_path):
    """As a disk that fills up: the program's status, one line, and a capture that opens."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (160_000, 160_000))

    code = "import time\n" + "".join(f"def f{i}(): g(f{i + 1})\n" for i in range(100))
    code += "def g(f): time.sleep(0.005); f()\ndef f100(): pass\nfor i in range(3): f0()\nraise SystemExit(5)"
    done = subprocess.run(
        [str(EXECUTABLE), "run", "-q", "-o", "x.pyro", "-c", code],
        cwd=str(tmp_path),
        env=plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,
        timeout=60,
    )
    assert done.returncode == 5, done.stderr
    assert "x.pyro" in one_line(done.stderr)
    assert rows(tmp_path / "x.pyro", "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("place", ["missing/x.pyro", "/proc/x.pyro", "folder"])
def test_captures_that_cannot_be_written(refused, tmp_path, place):
    (tmp_path / "folder").mkdir()
    marker = tmp_path / "ran"
    refused(125, [place], "run", "-o", place, "-c", f"open({str(marker)!r}, 'w')")
    assert not marker.exists()


def test_damaged_captures(pyrometer, capture, tmp_path):
    """Whatever was overwritten in it, a command ends with an answer or one line."""
    whole = capture.read_bytes()
    for at in range(0, len(whole), max(len(whole) // 12, 1)):
        damaged = tmp_path / "damaged.pyro"
        damaged.write_bytes(whole[:at] + b"\xff" * 64 + whole[at + 64 :])
        for command in (["report"], ["convert", "-q", "-o", "-", "--to", "folded"]):
            done = pyrometer(*command, "damaged.pyro")
            assert done.returncode in (0, 125), (at, command, done.stderr)
            if done.returncode:
                assert "damaged.pyro" in one_line(done.stderr)
    damaged.unlink()
    shutil.copy(str(capture), str(tmp_path / "newer.pyro"))
    with sqlite3.connect(str(tmp_path / "newer.pyro")) as database:
        database.execute("PRAGMA user_version = 999")
    database.close()
    done = pyrometer("query", "newer.pyro", "SELECT 1")
    assert done.returncode == 125 and "999" in one_line(done.stderr)


EVIL = {
    "a\x1b[31mred": "x\x1b]0;title\x07.py",
    "new\nline;semi": "b\nc;d.py",
    "<script>alert(1)</script>": "</script><script>.py",
    "\u202eleft\u2028\x9b31m\x7f": "\x9b.py",
}


@pytest.fixture(scope="module")
def evil(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evil")
    (folder / "evil.py").write_text(
        "import threading, time\n"
        f"src = 'def f():\\n end = time.time() + .15\\n while time.time() < end: pass'\n"
        f"for name, file in {EVIL!r}.items():\n"
        "    scope = {'time': time}\n"
        "    exec(compile(src, file, 'exec'), scope)\n"
        "    f = scope['f']\n"
        "    more = {'co_qualname': name} if hasattr(f.__code__, 'co_qualname') else {}\n"
        "    f.__code__ = f.__code__.replace(co_name=name, **more)\n"
        "    t = threading.Thread(target=f, name=name)\n"
        "    t.start(); t.join()\n"
    )
    done = subprocess.run(
        [str(EXECUTABLE), "run", "-o", "evil.pyro", "evil.py"],
        cwd=str(folder),
        env=plain_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert done.returncode == 0
    harmless(done.stderr.decode())
    assert set(EVIL) <= functions(folder / "evil.pyro")
    return folder / "evil.pyro"


def harmless(text):
    bad = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c != "\n"}
    assert not bad, [hex(ord(c)) for c in bad]


@pytest.mark.parametrize(
    "command",
    [
        "report",
        "report --tree",
        "report --by line",
        "report --by file",
        "report --by thread",
        "report --by process",
        "report --json",
        "convert -q -o - --to folded",
        "convert -q -o - --to speedscope",
    ],
)
def test_evil_names(pyrometer, evil, command):
    first, *others = command.split()
    done = pyrometer(first, evil, *others)
    assert (done.returncode, done.stderr) == (0, "")
    harmless(done.stdout)
    if "json" in command or "speedscope" in command:
        json.loads(done.stdout)
    elif "folded" in command:
        assert all(re.fullmatch(r".+ \d+", line) for line in done.stdout.splitlines())


@pytest.mark.parametrize("form", ["table", "json"])
def test_evil_names_in_a_query(pyrometer, evil, form):
    done = pyrometer("query", "--format", form, evil, "SELECT name, place FROM by_function")
    assert (done.returncode, done.stderr) == (0, "")
    harmless(done.stdout)


def test_evil_names_in_a_page(pyrometer, evil, tmp_path):
    done = pyrometer("view", "--no-open", "-o", "page.html", evil)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "page.html").read_text()
    assert "<script>alert(1)" not in page and "</script><script>" not in page
    harmless(done.stdout)


def test_forty_columns(pyrometer, evil):
    for command in (
        "report",
        "report --tree",
        "report --by line",
        "report --by thread",
        "report --by process",
        "report --by file",
        "doctor",
        "help",
    ):
        first, *others = command.split()
        operands = [evil] if first == "report" else []
        done = pyrometer(first, *operands, *others, env={"COLUMNS": "40"})
        for line in done.stdout.splitlines():
            assert len(line) <= 40, (command, line)
    done = pyrometer("run", "-o", "forty.pyro", "-c", BUSY.format(0.1), env={"COLUMNS": "40"})
    assert all(len(line) <= 40 for line in done.stderr.splitlines()), done.stderr
