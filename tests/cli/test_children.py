# SPDX-License-Identifier: Apache-2.0
"""Programs that start programs: each Python among them is a process of the same capture."""

import os
import signal
import subprocess

import pytest
from executable import PYTHON
from hostile import (
    functions,
    interpreter_id,
    interpreters,
    processes,
    rows,
    start,
    wait_until,
)

ENTRIES = interpreters()
# The first and the last, a static one, and one of each root.
CHOSEN = [
    entry
    for number, entry in enumerate(ENTRIES)
    if number in (0, len(ENTRIES) - 1) or entry["kind"] == "static" or entry["root"]
]

CHILD = """
import time
def in_the_child(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        sum(range(50))
"""

POOLS = (
    CHILD
    + """
import multiprocessing, sys
from concurrent.futures import ProcessPoolExecutor
if __name__ == "__main__":
    if sys.argv[1] == "pool":
        with ProcessPoolExecutor(2) as pool:
            list(pool.map(in_the_child, [0.15] * 2))
    else:
        child = multiprocessing.get_context(sys.argv[1]).Process(target=in_the_child, args=(0.15,))
        child.start()
        child.join()
        sys.exit(child.exitcode)
"""
)


def in_one_of(attempts, record):
    """Calls record(attempt) until it does not fail. A machine that keeps the recorder from running for
    longer than a child lives hides that child; it does not do so every time."""
    for attempt in range(attempts):
        try:
            return record(attempt)
        except AssertionError as missed:
            print(f"attempt {attempt + 1}: {missed}")
            last = missed
    raise last


def interpreter_parameter():
    return pytest.mark.parametrize("entry", CHOSEN, ids=interpreter_id)


@interpreter_parameter()
@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver", "pool"])
def test_multiprocessing(pyrometer, tmp_path, entry, method):
    (tmp_path / "pools.py").write_text(POOLS)
    script = str(tmp_path / "pools.py")

    def record(attempt):
        capture = tmp_path / f"{attempt}.pyro"
        done = pyrometer("run", "-q", "-o", capture, *entry["argv"], script, method)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert len(processes(capture)) >= 2
        assert "in_the_child" in functions(capture)
        seen = rows(
            capture,
            "SELECT DISTINCT p.parent FROM processes p JOIN tracks t ON t.process = p.id"
            " JOIN totals ON totals.track = t.id JOIN stack_frames s ON s.stack = totals.stack"
            " JOIN frame_names f ON f.frame = s.frame WHERE f.name = 'in_the_child'",
        )
        # Never in the parent, and every child knows its parent.
        assert seen and all(parent is not None for (parent,) in seen)

    in_one_of(3, record)


# Without news from the kernel, a parent that ends at once leaves no trace of its child.
WAYS = ["subprocess", "shell", "posix_spawn", "fork_in_thread"]


@pytest.mark.parametrize(
    "way, proof",
    [(way, proof) for way in WAYS for proof in ("switch", "proc")] + [("double_fork", "switch")],
)
def test_ways_to_start_a_child(pyrometer, tmp_path, way, proof):
    code = {
        "subprocess": "subprocess.run([sys.executable, 'child.py'], check=True)",
        "shell": "subprocess.run(['sh', '-c', sys.executable + ' child.py; exit 0'], check=True)",
        "posix_spawn": "os.waitpid(os.posix_spawn(sys.executable, [sys.executable, 'child.py'], os.environ), 0)",
        # The middle one ends at once; the last has written before the first goes on.
        "double_fork": "r, w = os.pipe()\nif os.fork() == 0:\n"
        "    if os.fork() == 0:\n"
        "        os.setsid()\n        import child\n        os.write(w, b'x')\n"
        "    os._exit(0)\n"
        "os.wait()\nos.read(r, 1)",
        "fork_in_thread": "def start():\n    if os.fork() == 0:\n        import child\n"
        "        os._exit(0)\n    os.wait()\n"
        "t = threading.Thread(target=start)\nt.start()\nt.join()",
    }[way]
    (tmp_path / "child.py").write_text(CHILD + "in_the_child(0.2)\n")
    (tmp_path / "first.py").write_text("import os, subprocess, sys, threading\n" + code)

    def record(attempt):
        capture = tmp_path / f"{attempt}.pyro"
        done = pyrometer("run", "-q", "--proof", proof, "-o", capture, "first.py")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert len(processes(capture)) >= 2
        assert "in_the_child" in functions(capture)

    in_one_of(3, record)


@interpreter_parameter()
def test_children_of_ten_milliseconds(pyrometer, tmp_path, entry):
    """By fork: a Python of its own takes longer than that to start."""
    code = (
        CHILD
        + "import os\nfor i in range(10):\n    if os.fork() == 0:\n"
        + "        in_the_child(0.01)\n        os._exit(0)\n    os.wait()\n"
    )
    (tmp_path / "many.py").write_text(code)

    def record(attempt):
        capture = tmp_path / f"{attempt}.pyro"
        done = pyrometer("run", "-q", "-o", capture, *entry["argv"], str(tmp_path / "many.py"))
        assert (done.returncode, done.stderr) == (0, "")
        assert "in_the_child" in functions(capture)
        assert len(processes(capture)) == 11

    in_one_of(8, record)


def test_without_children(pyrometer, tmp_path):
    (tmp_path / "pools.py").write_text(POOLS)
    for proof in ("switch", "proc"):
        name = f"{proof}.pyro"
        arguments = ["--no-children", "--proof", proof, "-o", name, "pools.py", "fork"]
        done = pyrometer("run", "-q", *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert len(processes(tmp_path / name)) == 1
        assert "in_the_child" not in functions(tmp_path / name)


def test_a_child_of_another_version(pyrometer, tmp_path):
    others = [e for e in ENTRIES if not e["root"] and os.path.realpath(e["executable"]) != PYTHON]
    if not others:
        pytest.skip("only one interpreter here")
    (tmp_path / "child.py").write_text(CHILD + "in_the_child(0.2)\n")
    command = [*others[0]["argv"], str(tmp_path / "child.py")]
    code = f"import subprocess; subprocess.run({command!r}, check=True)"
    done = pyrometer("run", "-q", "-o", "x.pyro", "-c", code)
    assert (done.returncode, done.stderr) == (0, "")
    found = rows(
        tmp_path / "x.pyro",
        "SELECT text FROM processes JOIN strings ON strings.id = processes.python ORDER BY processes.id",
    )
    assert others[0]["full"] in found[-1][0]
    assert found[0][0] != found[-1][0]


def test_children_that_are_no_python_are_no_processes(pyrometer, tmp_path):
    code = "import subprocess\nfor i in range(5): subprocess.run(['sh', '-c', 'true; sleep 0.02'])"
    done = pyrometer("run", "-q", "-o", "x.pyro", "-c", code)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(processes(tmp_path / "x.pyro")) == 1


def test_program_that_leaves_its_child_behind(pyrometer, tmp_path):
    """run ends with what it started; the daemon goes on unharmed."""
    code = (
        "import os, time\nr, w = os.pipe()\n"
        "if os.fork() == 0:\n    os.setsid()\n"
        "    for fd in (0, 1, 2): os.close(fd)\n"
        "    os.write(w, b'x')\n    time.sleep(1)\n    open('done', 'w').write('x')\n"
        "else:\n    os.read(r, 1)\n    os._exit(5)\n"
    )
    done = pyrometer("run", "-q", "-o", "x.pyro", "-c", code)
    assert done.returncode == 5
    wait_until((tmp_path / "done").exists)


def test_attach_follows_new_children(tmp_path, pyrometer):
    code = (
        CHILD
        + "import os, sys\nprint('ready', flush=True)\nsys.stdin.readline()\n"
        + "for i in range(3):\n    if os.fork() == 0:\n        in_the_child(0.1)\n"
        + "        os._exit(0)\n    os.wait()\n"
    )

    def record(attempt):
        capture = tmp_path / f"{attempt}.pyro"
        program = subprocess.Popen(
            [PYTHON, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=str(tmp_path),
        )
        assert program.stdout.readline() == b"ready\n"
        recorder = start(tmp_path, "attach", "-q", "-o", capture.name, program.pid)
        wait_until(capture.exists)
        wait_until(lambda: is_sampling(recorder.pid))
        program.communicate(b"\n", timeout=30)
        out, words = recorder.communicate(timeout=30)
        assert (recorder.returncode, words) == (0, "")
        assert len(processes(capture)) == 4

    in_one_of(5, record)


def test_attach_takes_children_that_are_there(tmp_path, pyrometer):
    code = (
        CHILD
        + "import os, sys, time\n"
        # In one piece each: print writes the line and its end by themselves.
        + "for i in range(2):\n    if os.fork() == 0:\n        os.write(1, b'ready\\n')\n"
        + "        in_the_child(60)\nos.write(1, b'ready\\n')\ntime.sleep(60)\n"
    )
    program = subprocess.Popen([PYTHON, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert [program.stdout.readline() for _ in range(3)] == [b"ready\n"] * 3
        done = pyrometer("attach", "-q", "-d", "0.5", "-o", "with.pyro", program.pid)
        assert (done.returncode, done.stderr) == (0, "")
        done = pyrometer(
            "attach", "-q", "-d", "0.3", "--no-children", "-o", "without.pyro", program.pid
        )
        assert (done.returncode, done.stderr) == (0, "")
    finally:
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()
        program.stdout.close()
    assert len(processes(tmp_path / "with.pyro")) == 3
    assert "in_the_child" in functions(tmp_path / "with.pyro")
    assert processes(tmp_path / "without.pyro") == [program.pid]


def is_sampling(pid):
    names = []
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/comm") as file:
            names.append(file.read().strip())
    return "pyro-sampler" in names
