# SPDX-License-Identifier: Apache-2.0
"""doctor: what it says is what is the case."""

import contextlib
import json
import os
import platform
import subprocess
from pathlib import Path

import pytest
from executable import EXECUTABLE, PYTHON, plain_environment


@pytest.fixture
def sleeper():
    code = "import time; print('ready', flush=True); time.sleep(60) # \x1b[31m"
    process = subprocess.Popen([PYTHON, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_json(pyrometer, sleeper):
    done = pyrometer("doctor", "--json")
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert done.returncode == (0 if found["run"] or found["attach"] else 1)
    assert found["proof"] in ("interrupt", "switch", "proc", "stop", "reread")
    names = [check["name"] for check in found["checks"]]
    assert len(names) == len(set(names)) >= 8
    for check in found["checks"]:
        assert check["result"] in ("good", "limited", "bad", "info")
        assert check["found"]
        if check["result"] == "bad":
            assert check["remedy"]
    (ours,) = [process for process in found["processes"] if process["pid"] == sleeper.pid]
    assert ours["python"] == platform.python_version()
    assert ours["readable"]
    assert "time.sleep(60)" in ours["command"]


def test_page(pyrometer, sleeper):
    done = pyrometer("doctor")
    assert done.stderr == ""
    assert f" {sleeper.pid} " in done.stdout
    assert platform.python_version() in done.stdout
    # The name of a process does not drive the terminal.
    assert "\x1b" not in done.stdout
    assert all(len(line) <= 80 for line in done.stdout.splitlines())


def test_leaves_no_process_behind(pyrometer, tmp_path):
    def running_here():
        for folder in Path("/proc").glob("[0-9]*/cwd"):
            with contextlib.suppress(OSError):  # it has just ended
                if os.readlink(str(folder)) == str(tmp_path):
                    yield folder

    pyrometer("doctor")
    assert not list(running_here())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_as_an_ordinary_user(tmp_path, sleeper):
    copy = tmp_path / "pyrometer"
    copy.write_bytes(EXECUTABLE.read_bytes())
    copy.chmod(0o755)
    for folder in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        folder.chmod(0o755)
    done = subprocess.run(
        [str(copy), "doctor", "--json"],
        cwd="/",
        env=plain_environment(),
        preexec_fn=lambda: os.setresuid(65534, 65534, 65534),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found["run"]
    (ours,) = [process for process in found["processes"] if process["pid"] == sleeper.pid] or [None]
    if ours:
        assert not ours["readable"]
        assert "sudo pyrometer attach" in ours["reason"]
    else:
        assert found["hidden_processes"] > 0
