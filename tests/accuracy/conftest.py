"""Known programs under Pyrometer on every CPython of the manifest."""

import math
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(PROJECT / "bench"), str(PROJECT / "tests" / "targets")]

from beside import environment  # noqa: E402


def interpreter_id(entry):
    return "%s-%s%s" % (entry["full"], entry["kind"], "-root" if entry["root"] else "")


INTERPRETERS = environment.interpreters()


def pytest_collection_modifyitems(items):
    """Every test here measures."""
    here = str(Path(__file__).parent)
    for item in items:
        if str(item.fspath).startswith(here):
            item.add_marker(pytest.mark.alone)


@pytest.fixture(params=INTERPRETERS, ids=interpreter_id)
def interpreter(request):
    return request.param


@pytest.fixture
def recorder():
    """Skips, and says why, where there is no executable that can record."""
    try:
        for command in ("run", "attach", "report"):
            environment.pyrometer(command)
    except environment.Unavailable as reason:
        pytest.skip(str(reason))


class Coverage:
    """How often a 95 % interval held the truth, and how wide it was, over the whole session."""

    # Chance of failing although every interval holds the truth in 95 % of runs.
    RISK = 1e-5

    def __init__(self):
        self.runs = []
        self.widths = []  # of all shares, in widths to be expected

    def add(self, check):
        self.runs.append(check)

    def allowed_misses(self):
        """The least k with P(more than k misses) < RISK, if each misses with probability 0.05."""
        count = len(self.runs)
        tail = 1.0
        for misses in range(count + 1):
            tail -= math.comb(count, misses) * 0.05**misses * 0.95 ** (count - misses)
            if tail < self.RISK:
                return misses
        return count


@pytest.fixture(scope="session")
def coverage():
    return Coverage()
