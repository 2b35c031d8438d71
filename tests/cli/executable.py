# SPDX-License-Identifier: Apache-2.0
"""Where the executable under test is, and the environment that it starts in."""

import os
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
EXECUTABLE = Path(os.environ.get("PYROMETER") or PROJECT / "build" / "pyrometer").absolute()

# An interpreter itself, not a shim that goes on to start one.
PYTHON = os.path.realpath(sys.executable)


def plain_environment(**more):
    names = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "LC_CTYPE", "PYROMETER_DEBUG")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    environment.update(LC_ALL="C.UTF-8", TERM="xterm", PYROMETER_PYTHON=PYTHON)
    environment.update(more)
    return {name: value for name, value in environment.items() if value is not None}
