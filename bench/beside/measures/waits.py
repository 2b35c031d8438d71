"""Has every wait its reason? On every CPython, by a program whose functions say it by their names."""

import tempfile
from pathlib import Path

from beside import capture, environment, waiting
from beside.environment import Unavailable, say
from beside.rounds import Gathered
from beside.table import OURS, Row


def measure(options):
    say("reasons of waits")
    rows = []
    for what, arguments in {"thirteen kinds": ["all"], "three threads at the GIL": ["gil"]}.items():
        gathered = Gathered()
        for interpreter in environment.interpreters():
            for _ in range(options.rounds):
                with tempfile.TemporaryDirectory(prefix="pyrometer-bench-") as folder:
                    path = Path(folder) / "waits.pyro"
                    try:
                        truth = waiting.record(interpreter, path, *arguments)
                        database = capture.connect(path)
                    except Unavailable as reason:
                        gathered.fail(OURS, reason)
                        continue
                    gathered.add(OURS, waiting.right(database, truth))
                    database.close()
        where = "%s, every CPython" % what
        row = Row("waiting with its right reason", where, "%", "≥ 99", lambda s: s.low >= 99, 2)
        row.cells = gathered.cells()
        rows.append(row)
    return rows
