"""A process of 200 threads shown once: how long that takes, and for how long it does not get on."""

import time

from beside import dumpers, environment
from beside.environment import Unavailable, say
from beside.processes import Target, timed
from beside.rounds import Gathered
from beside.table import Row

TARGET = "known_stalls.py"
PER_ROUND = 6


def stalled(target, seconds):
    """The ms of a span in which it does not get on with nobody looking at it, per second."""
    begin = target.progress()
    time.sleep(seconds)
    end = target.progress()
    return (end[1] - begin[1]) / 1e6 / (end[0] - begin[0])


def one(dumper, target):
    """The ms of the command, and those that the target lost more than it does by itself."""
    by_itself = stalled(target, 0.2)
    begin = target.progress()
    wall, (status, _, _) = timed(dumper.command(target.pid))
    end = target.progress()
    if status != 0:
        raise Unavailable("ended with status %d" % status)
    return 1000 * wall, (end[1] - begin[1]) / 1e6 - by_itself * (end[0] - begin[0])


def measure(options):
    rows = []
    for version in options.pythons:
        interpreter = environment.interpreter(version)
        say("200 threads shown, CPython %s" % version)
        asked = [dumper for dumper in dumpers.of_threads() if dumper.supports(version)]
        took = {dumper.condition: Gathered() for dumper in asked}
        lost = {dumper.condition: Gathered() for dumper in asked}
        with Target(interpreter, TARGET) as target:
            time.sleep(0.5)
            for _ in range(PER_ROUND * options.rounds):
                for dumper in asked:
                    if took[dumper.condition].failed(dumper.name):
                        continue
                    try:
                        figures = one(dumper, target)
                    except Unavailable as reason:
                        took[dumper.condition].fail(dumper.name, reason)
                        continue
                    took[dumper.condition].add(dumper.name, figures[0])
                    lost[dumper.condition].add(dumper.name, max(0, figures[1]))
        for condition, gathered in took.items():
            where = "200 threads, %s, CPython %s" % (condition, version)
            # With machine code, what it takes is to read debug information: no goal, but a figure.
            goal = "≤ 100" if condition == "as it is" else None
            judge = (lambda s: s.middle <= 100) if goal else None
            row = Row("start to finish", where, "ms", goal, judge, 0)
            row.cells = gathered.cells()
            rows.append(row)
            row = Row("the target stands still", where, "ms", "≤ 5", lambda s: s.middle <= 5, 1)
            row.cells = {**gathered.cells(), **lost[condition].cells()}
            rows.append(row)
    return rows
