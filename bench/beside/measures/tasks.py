"""A thousand tasks of asyncio shown once: how long that takes, and is every one told in full?"""

import tempfile

from beside import dumpers, environment
from beside.environment import Unavailable, say
from beside.processes import Target, timed
from beside.rounds import Gathered
from beside.table import Row

TARGET = "known_awaiting.py"
TASKS = 1000
PER_ROUND = 4


def one(dumper, target):
    """The ms of the command, and the percent of the tasks that it tells."""
    with tempfile.TemporaryFile("w+") as output:
        wall, (status, _, _) = timed(dumper.command(target.pid), output)
        if status != 0:
            raise Unavailable("ended with status %d" % status)
        output.seek(0)
        told = dumpers.told(dumper, output.read())
    return 1000 * wall, 100.0 * len(told) / TASKS


def measure(options):
    rows = []
    for version in dict.fromkeys(entry["version"] for entry in environment.interpreters()):
        interpreter = environment.interpreter(version)
        say("a thousand tasks, CPython %s" % version)
        took, told = Gathered(), Gathered()
        with Target(interpreter, TARGET) as target:
            for _ in range(PER_ROUND * options.rounds):
                for dumper in dumpers.of_tasks():
                    if not dumper.supports(version) or took.failed(dumper.name):
                        continue
                    try:
                        figures = one(dumper, target)
                    except Unavailable as reason:
                        took.fail(dumper.name, reason)
                        continue
                    took.add(dumper.name, figures[0])
                    told.add(dumper.name, figures[1])
        where = "1,000 tasks, CPython %s" % version
        row = Row("start to finish", where, "ms", "≤ 200", lambda s: s.middle <= 200, 0)
        row.cells = took.cells()
        rows.append(row)
        row = Row("told in full", where, "% of the tasks", "100", lambda s: s.low >= 100, 1)
        row.cells = {**took.cells(), **told.cells()}
        rows.append(row)
    return rows
