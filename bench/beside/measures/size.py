"""What an installation brings: its bytes, and how many distributions."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from beside import environment
from beside.environment import Unavailable
from beside.processes import last_line
from beside.rounds import Spread
from beside.table import Row


def installed(what):
    """(bytes, distributions) that pip puts into an empty folder, dependencies included."""
    with tempfile.TemporaryDirectory(prefix="pyrometer-bench-") as folder:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "install",
                "-q",
                "--no-compile",
                "--target",
                folder,
                what,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
        if done.returncode != 0:
            raise Unavailable("pip: " + last_line(done.stderr))
        size = 0
        for root, _, files in os.walk(folder):
            size += sum(os.lstat(os.path.join(root, name)).st_size for name in files)
        return size, len(list(Path(folder).glob("*.dist-info")))


def measure(options):
    size = Row("installed size", "pip install", "MB", "≤ 8", lambda s: s.middle <= 8, 1)
    parts = Row("distributions", "pip install", "", "1", lambda s: s.middle == 1, 0)
    for name, what in (("pyrometer", str(environment.PROJECT)), ("py-spy", environment.PY_SPY)):
        environment.say("installing %s into an empty folder" % name)
        try:
            if name == "pyrometer" and not (environment.PROJECT / "pyproject.toml").exists():
                raise Unavailable("no pyproject.toml")
            total, count = installed(what)
        except Unavailable as reason:
            size.cells[name] = parts.cells[name] = str(reason)
            continue
        size.cells[name] = Spread([total / 1e6])
        parts.cells[name] = Spread([count])
    return [size, parts]
