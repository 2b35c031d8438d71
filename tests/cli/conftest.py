# SPDX-License-Identifier: Apache-2.0
"""The commands as people type them, on the executable of build/ (or of $PYROMETER)."""

import subprocess

import pytest
from executable import EXECUTABLE, plain_environment


@pytest.fixture
def pyrometer(tmp_path):
    """Runs the executable in a folder of the test's own."""
    if not EXECUTABLE.exists():
        pytest.fail(f"there is no {EXECUTABLE}. Try: make build")

    def run(*arguments, env=None, **options):
        options = {"cwd": tmp_path, "timeout": 60, "stdin": subprocess.DEVNULL, **options}
        if "stdout" not in options:
            options["stdout"] = subprocess.PIPE
        if "stderr" not in options:
            options["stderr"] = subprocess.PIPE
        command = [str(EXECUTABLE), *map(str, arguments)]
        return subprocess.run(
            command, text=True, errors="replace", env=plain_environment(**(env or {})), **options
        )

    return run


@pytest.fixture
def refused(pyrometer):
    """Runs what must fail: with this status, and one line on stderr that has all these words."""

    def run(status, words, *arguments, **options):
        done = pyrometer(*arguments, **options)
        assert done.returncode == status, done.stderr
        assert done.stdout == ""
        assert done.stderr.startswith("pyrometer: ")
        assert done.stderr.count("\n") == 1, done.stderr
        for word in words:
            assert word in done.stderr, done.stderr
        return done

    return run


@pytest.fixture
def program():
    """Starts a program under an interpreter; its process."""
    started = []

    def start(entry, *arguments):
        process = subprocess.Popen(
            [*entry["argv"], *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait(20)
        process.stdin.close()
        process.stdout.close()


WORK = """
import sys, threading, time
def work(until):
    while time.perf_counter() < until:
        sum(i * i for i in range(300))
def main():
    end = time.perf_counter() + float(sys.argv[1])
    other = threading.Thread(target=work, args=(end,), name="other")
    other.start()
    work(end)
    other.join()
main()
"""


@pytest.fixture(scope="session")
def capture(tmp_path_factory):
    """A recording of half a second of two threads."""
    folder = tmp_path_factory.mktemp("capture")
    (folder / "work.py").write_text(WORK)
    done = subprocess.run(
        [str(EXECUTABLE), "run", "-q", "-o", "work.pyro", "work.py", "0.5"],
        cwd=str(folder),
        env=plain_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    return folder / "work.pyro"
