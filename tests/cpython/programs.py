# SPDX-License-Identifier: Apache-2.0
"""Where the programs to look at are, and those that look at them."""

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TARGETS = PROJECT / "tests" / "targets"


def tool(name, folder):
    path = os.environ.get(name.upper().replace("-", "_"))
    candidates = [Path(path)] if path else []
    candidates.append(PROJECT / "build" / "tests" / folder / name)
    for candidate in candidates:
        if candidate.exists():
            return str(candidate)
    pytest.fail("no %s. Try: make build" % name)
