# SPDX-License-Identifier: Apache-2.0
"""What the tests of core files share: how the kernel is made to write one, and how it is dumped."""

import json
import os
import resource
import signal
import subprocess

import pytest
from hostile import interpreter_id, interpreters

PATTERN = "/proc/sys/kernel/core_pattern"


def found():
    try:
        return interpreters()
    except Exception:
        return []


def writes_cores():
    """Whether the kernel writes them into the folder of who dies."""
    with open(PATTERN) as pattern:
        text = pattern.read().strip()
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    return "/" not in text and "|" not in text and most == resource.RLIM_INFINITY


needs_cores = pytest.mark.skipif(not writes_cores(), reason="the kernel writes no core files here")
every_interpreter = pytest.mark.parametrize("interpreter", found(), ids=interpreter_id)


def allow_cores():
    # What a shell starts in the background ignores this one.
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def core_in(folder):
    """The one that is there."""
    cores = list(folder.glob("core*"))
    assert len(cores) == 1, cores
    return cores[0]


def die(folder, command):
    """The core of what such a command leaves."""
    folder.mkdir(exist_ok=True)
    subprocess.run(
        command,
        cwd=str(folder),
        preexec_fn=allow_cores,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
    )
    return core_in(folder)


def killed(folder, command, lines=1, **options):
    """The core of a program that was killed once it had said so many lines, and these."""
    folder.mkdir(exist_ok=True)
    with subprocess.Popen(
        command,
        cwd=str(folder),
        preexec_fn=allow_cores,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        **options,
    ) as process:
        try:
            said = b"".join(process.stdout.readline() for _ in range(lines)).decode("utf-8")
            process.send_signal(signal.SIGQUIT)
            process.wait(timeout=60)
        finally:
            process.kill()
    return core_in(folder), said


def places(interpreter, folder=None):
    """Where its files are: in another root they are not where they were. With a folder, in which that
    root is made to have our /tmp, as it had while the program ran."""
    root = interpreter["root"]
    if not root:
        return []
    if folder is None:
        return ["--root", root]
    seen = folder / "root"
    seen.mkdir()
    for entry in os.listdir(root):
        if entry != "tmp":
            (seen / entry).symlink_to(os.path.join(root, entry))
    (seen / "tmp").symlink_to("/tmp")
    return ["--root", str(seen)]


def dump(pyrometer, core, *options):
    done = pyrometer("dump", "--json", "--core", core, *options)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)
