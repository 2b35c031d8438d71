# SPDX-License-Identifier: Apache-2.0
"""What the tests of bad input share: programs under the recorder, captures, another user."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from executable import EXECUTABLE, PROJECT, plain_environment

NOBODY = 65534
BUSY = "import time\nend = time.perf_counter() + {}\nwhile time.perf_counter() < end: pass\n"
READY = "import time; print('ready', flush=True); time.sleep(60)"

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do this to a process")


def interpreters():
    """The manifest, with names for the tests."""
    done = subprocess.run(
        [str(PROJECT / "tools" / "interpreters"), "--json", "--require", "found"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return json.loads(done.stdout.decode())


def interpreter_id(entry):
    return "%s-%s%s" % (entry["full"], entry["kind"], "-root" if entry["root"] else "")


@contextlib.contextmanager
def running(command, **options):
    """A process that is ended in the end; with a pipe on its output, it has said that it is ready."""
    process = subprocess.Popen(command, **options)
    try:
        if process.stdout is not None:
            assert process.stdout.readline().strip() in (b"ready", "ready")
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr, process.stdin):
            if stream is not None:
                stream.close()


def start(folder, *arguments, **options):
    """The recorder in the background, in a session of its own."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    return subprocess.Popen(
        [str(EXECUTABLE), *map(str, arguments)],
        cwd=str(folder),
        env=plain_environment(**options.pop("env", {})),
        start_new_session=True,
        **options,
    )


def wait_until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def rows(capture, sql):
    connection = sqlite3.connect("file:%s?mode=ro" % capture, uri=True)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def functions(capture):
    """The names of all functions that were seen."""
    return {name for (name,) in rows(capture, "SELECT name FROM by_function")}


def processes(capture):
    return [pid for (pid,) in rows(capture, "SELECT pid FROM processes ORDER BY id")]


def one_line(words):
    """Errors are one line; a summary before it is separated."""
    lines = [line for line in words.splitlines() if line.startswith("pyrometer: ")]
    assert len(lines) == 1, words
    return lines[0]


class Person:
    """Somebody without rights, with a copy of the executable and a folder of their own."""

    def __init__(self, folder):
        self.folder = folder
        self.executable = folder / "pyrometer"
        self.executable.write_bytes(EXECUTABLE.read_bytes())
        self.executable.chmod(0o755)
        folder.chmod(0o777)
        for above in list(folder.parents)[:-1]:
            if above.stat().st_uid == os.geteuid() and above != Path("/tmp"):
                above.chmod(0o755)

    def become(self):
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)

    def run(self, *arguments):
        return subprocess.run(
            [str(self.executable), *map(str, arguments)],
            cwd=str(self.folder),
            env=plain_environment(PYROMETER_PYTHON=None, HOME=str(self.folder)),
            preexec_fn=self.become,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )


def python_for(person):
    """An interpreter that an ordinary user may execute."""
    for entry in interpreters():
        if entry["root"] or not reachable(entry["executable"]):
            continue
        done = subprocess.run(
            [*entry["argv"], "-c", "pass"],
            preexec_fn=person.become,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if done.returncode == 0:
            return entry["argv"]
    pytest.skip("no interpreter that an ordinary user may execute")


def reachable(path):
    return all(above.stat().st_mode & 0o001 for above in Path(path).parents)


def kill(pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
