# SPDX-License-Identifier: Apache-2.0
"""run and attach: the program is what it would be without us, and the capture is where it is said."""

import fcntl
import json
import os
import signal
import stat
import subprocess
import termios
import time

import pytest
from executable import EXECUTABLE, PYTHON, plain_environment
from hostile import rows

ECHO = """
import os, sys
print(sys.argv, os.getcwd(), sys.stdin.read())
print("to stderr", file=sys.stderr)
sys.exit(int(os.environ.get("STATUS", "0")))
"""


@pytest.fixture
def echo(tmp_path):
    (tmp_path / "echo.py").write_text(ECHO)
    return tmp_path / "echo.py"


def captures(folder):
    return sorted(path.name for path in folder.glob("*.pyro"))


def test_the_program_is_left_as_it_is(pyrometer, echo, tmp_path):
    arguments = ["echo.py", "--rate", "x", "--", "-q", "a b", "é"]
    bare = subprocess.run(
        [PYTHON, *arguments],
        cwd=str(tmp_path),
        input="in",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    done = pyrometer("run", "-q", *arguments, stdin=None, input="in")
    assert (done.returncode, done.stdout, done.stderr) == (0, bare.stdout, bare.stderr)
    (name,) = captures(tmp_path)
    assert name.startswith("echo-")
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600


@pytest.mark.parametrize("status", [0, 1, 3, 64, 125, 255])
def test_exit_status_is_the_programs(pyrometer, echo, status):
    assert pyrometer("run", "-q", "echo.py", env={"STATUS": str(status)}).returncode == status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGPIPE])
def test_exit_status_of_a_signal(pyrometer, number):
    code = f"import os, signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL); os.kill(os.getpid(), {int(number)})"
    assert pyrometer("run", "-q", "-c", code).returncode == 128 + number


def test_ways_to_start(pyrometer, tmp_path):
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__main__.py").write_text("import sys; print(sys.argv[1:])")
    for start in (
        ["-m", "pkg"],
        ["pkg"],
        ["--", "pkg"],
        [PYTHON, "-m", "pkg"],
        ["--", PYTHON, "pkg"],
    ):
        done = pyrometer("run", "-q", *start, "-o", "--json")
        assert (done.returncode, done.stdout) == (0, "['-o', '--json']\n"), start
    names = captures(tmp_path)
    assert len(names) == 5
    assert all(name.startswith("pkg-") for name in names)
    assert pyrometer("run", "-q", "-c", "print(1)").stdout == "1\n"


def test_summary_goes_to_stderr_and_names_the_file(pyrometer, echo, tmp_path):
    done = pyrometer("run", "echo.py")
    assert done.stdout.count("\n") == 1
    (name,) = captures(tmp_path)
    last = done.stderr.splitlines()[-1]
    assert last.strip().startswith(f"{name} (")
    assert last.endswith(f"pyrometer view {name}")


def test_json_and_html(pyrometer, tmp_path):
    done = pyrometer("run", "--json", "--html", "page.html", "-o", "x.pyro", "-c", "pass")
    assert (done.returncode, done.stderr) == (0, "")
    assert isinstance(json.loads(done.stdout), dict)
    page = (tmp_path / "page.html").read_text()
    assert page.lower().startswith("<!doctype html")
    assert captures(tmp_path) == ["x.pyro"]


def test_nothing_is_overwritten(refused, tmp_path):
    (tmp_path / "x.pyro").write_text("mine")
    (tmp_path / "x.html").write_text("mine")
    marker = f"open({str(tmp_path / 'ran')!r}, 'w')"
    refused(125, ["x.pyro", "exists"], "run", "-o", "x.pyro", "-c", marker)
    refused(125, ["x.html", "exists"], "run", "--html", "x.html", "-c", marker)
    refused(125, ["no/such", "folder"], "run", "--html", "no/such/page", "-c", marker)
    assert (tmp_path / "x.pyro").read_text() == (tmp_path / "x.html").read_text() == "mine"
    # Said before the program was started.
    assert not (tmp_path / "ran").exists()


def test_bad_programs(refused, tmp_path):
    (tmp_path / "folder.py").mkdir()
    refused(127, ["missing.py"], "run", "missing.py")
    refused(127, ["no-such-command"], "run", "--", "no-such-command")
    refused(126, ["folder.py", "__main__.py"], "run", "folder.py")
    refused(
        127, ["no-such-python"], "run", "-c", "pass", env={"PYROMETER_PYTHON": "no-such-python"}
    )
    (tmp_path / "text").write_text("#!/no/such/interpreter\n")
    (tmp_path / "text").chmod(0o755)
    refused(127, ["text"], "run", "./text")
    assert captures(tmp_path) == []


def test_interpreter_of_its_environment(tmp_path):
    """By its path in a virtual environment it runs that one's Python; from PATH, PATH's."""
    places = {"venv": tmp_path / "venv" / "bin", "path": tmp_path / "path"}
    for name, folder in places.items():
        folder.mkdir(parents=True)
        (folder / "python3").write_text(f'#!/bin/sh\nOF={name} exec {PYTHON} "$@"\n')
        (folder / "python3").chmod(0o755)
    executable = places["venv"] / "pyrometer"
    executable.symlink_to(EXECUTABLE)
    search = os.pathsep.join([str(places["path"]), str(places["venv"]), os.environ["PATH"]])
    environment = plain_environment(PYROMETER_PYTHON=None, PATH=search)

    def python_of(command):
        code = "import os; print(os.environ['OF'])"
        command = ["env", command, "run", "-q", "-c", code]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True, timeout=60
        )
        assert done.returncode == 0
        return done.stdout.strip()

    assert python_of(str(executable)) == "path"  # a folder that is no environment
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    assert python_of(str(executable)) == "venv"
    assert python_of("venv/bin/pyrometer") == "venv"
    assert python_of("pyrometer") == "path"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_unreadable_script(pyrometer, tmp_path):
    script = tmp_path / "secret.py"
    script.write_text("pass")
    script.chmod(0)
    tmp_path.chmod(0o777)
    for folder in (tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    copy = tmp_path / "pyrometer"
    copy.write_bytes(EXECUTABLE.read_bytes())
    copy.chmod(0o755)
    done = subprocess.run(
        [str(copy), "run", "secret.py"],
        cwd=str(tmp_path),
        env=plain_environment(),
        preexec_fn=lambda: os.setresuid(65534, 65534, 65534),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 126
    assert "secret.py" in done.stderr and "Permission denied" in done.stderr


def test_what_python_itself_refuses(pyrometer, tmp_path):
    (tmp_path / "latin.py").write_bytes(b"x = '\xe9'\n")
    done = pyrometer("run", "-q", "latin.py")
    assert done.returncode == 1
    assert "UTF-8" in done.stderr or "utf-8" in done.stderr
    done = pyrometer("run", "-q", "-m", "no_such_module")
    assert done.returncode == 1
    assert "no_such_module" in done.stderr


def test_program_that_closes_stderr(pyrometer, tmp_path):
    done = pyrometer("run", "-o", "x.pyro", "-c", "import os; os.close(2); os.close(1)")
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1].endswith("pyrometer view x.pyro")


def test_closed_pipe_does_not_change_the_status(pyrometer):
    """Nobody reads our words, or our JSON: the program's status is still the program's."""
    reading, writing = os.pipe()
    os.close(reading)
    code = "raise SystemExit(3)"
    assert pyrometer("run", "-c", code, stdout=subprocess.DEVNULL, stderr=writing).returncode == 3
    done = pyrometer("run", "--json", "-c", code, stdout=writing)
    assert (done.returncode, done.stderr) == (3, "")
    os.close(writing)


SLEEPER = "import time; print('ready', flush=True); time.sleep(60)"


def start_sleeper(code=SLEEPER):
    process = subprocess.Popen([PYTHON, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    return process


def test_attach_for_a_while_leaves_the_program_alone(pyrometer, tmp_path):
    process = start_sleeper()
    try:
        done = pyrometer("attach", "-d", "300ms", "-o", "x.pyro", process.pid)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines()[-1].endswith("pyrometer view x.pyro")
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_attach_ends_by_interrupt(tmp_path):
    process = start_sleeper()
    try:
        recorder = subprocess.Popen(
            [str(EXECUTABLE), "attach", "-q", "-o", "x.pyro", str(process.pid)],
            cwd=str(tmp_path),
            env=plain_environment(),
            stderr=subprocess.PIPE,
        )
        deadline = time.monotonic() + 20
        while not (tmp_path / "x.pyro").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        recorder.send_signal(signal.SIGINT)
        assert recorder.communicate(timeout=20)[1] == b""
        assert recorder.returncode == 0
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_attach_to_what_is_no_python(refused, tmp_path):
    process = subprocess.Popen(["sleep", "60"])
    try:
        time.sleep(0.1)
        refused(125, [str(process.pid), "Python"], "attach", process.pid)
    finally:
        process.kill()
        process.wait()
    refused(125, [str(process.pid)], "attach", process.pid)
    assert captures(tmp_path) == []


def test_attach_to_a_zombie(refused):
    process = subprocess.Popen([PYTHON, "-c", "pass"])
    try:
        while open(f"/proc/{process.pid}/stat").read().rpartition(")")[2].split()[0] != "Z":
            time.sleep(0.01)
        refused(125, [str(process.pid)], "attach", process.pid)
    finally:
        process.wait()


def at_a_terminal(command, folder):
    """Starts a command in the foreground of a terminal of its own; the process and the keyboard."""
    keyboard, terminal = os.openpty()
    process = subprocess.Popen(
        command,
        cwd=str(folder),
        env=plain_environment(),
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: (
            signal.signal(signal.SIGINT, signal.SIG_DFL),
            fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        ),
    )
    os.close(terminal)
    return process, keyboard


def test_interrupt_reaches_the_program_and_still_reports(tmp_path):
    code = (
        "import time\ntry:\n print('ready', flush=True)\n time.sleep(60)\n"
        "except KeyboardInterrupt:\n raise SystemExit(7)"
    )
    command = [str(EXECUTABLE), "run", "-o", "x.pyro", "-c", code]
    recorder, keyboard = at_a_terminal(command, tmp_path)
    try:
        assert recorder.stdout.readline() == "ready\n"
        os.write(keyboard, b"\x03")
        _, words = recorder.communicate(timeout=30)
    finally:
        recorder.kill()
        os.close(keyboard)
    assert recorder.returncode == 7
    assert words.splitlines()[-1].endswith("pyrometer view x.pyro")


# Threads of a library's own, which are never in Python: each mixes letters, which is work.
WORKERS = """
import ctypes, time
libc = ctypes.CDLL(None)
letters = ctypes.create_string_buffer(b"x" * (1 << 21))
thread = ctypes.c_ulong()
for _ in range(4):
    assert libc.pthread_create(ctypes.byref(thread), None, libc.strfry, letters) == 0
    assert libc.pthread_join(thread, None) == 0
print(time.process_time() - time.thread_time())
"""


def test_threads_that_are_never_in_python(pyrometer, tmp_path):
    done = pyrometer("run", "-q", "-o", "x.pyro", "-c", WORKERS)
    assert (done.returncode, done.stderr) == (0, "")
    facts = dict(rows(tmp_path / "x.pyro", "SELECT key, value FROM meta"))
    if facts["proof"] not in ("interrupt", "switch"):
        pytest.skip("without switch records only threads of Python are known")
    found = rows(
        tmp_path / "x.pyro",
        "SELECT main, tracks.cpu_ns, strings.text, sum(totals.cpu) FROM tracks"
        " JOIN strings ON strings.id = tracks.name JOIN totals ON totals.track = tracks.id"
        " GROUP BY tracks.id ORDER BY main",
    )
    others, main = found
    # What they ran is a line of its own, and not the main thread's.
    assert others[2] == "other threads"
    assert others[3] == pytest.approx(1e9 * float(done.stdout), rel=0.1)
    assert main[0] == 1 and main[3] == main[1]
