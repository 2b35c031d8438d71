"""Start to finish of a program that prints one line: how many ms more than bare."""

import tempfile
from pathlib import Path

from beside import environment, samplers
from beside.environment import Unavailable
from beside.processes import timed
from beside.rounds import Gathered
from beside.table import Row


def measure(options):
    rows = []
    for version in options.pythons:
        interpreter = environment.interpreter(version)
        environment.say("start to finish, CPython %s" % version)
        gathered = Gathered()
        starters = [s for s in samplers.all_samplers() if s.supports(version)]
        with tempfile.TemporaryDirectory(prefix="pyrometer-bench-") as folder:
            script = Path(folder) / "one_line.py"
            script.write_text("print('one line')\n")
            program = interpreter["argv"] + [str(script)]
            for number in range(options.starts):
                bare, _ = timed(program)
                for sampler in starters:
                    output = "%s/%s-%d" % (folder, sampler.name.replace(" ", ""), number)
                    try:
                        command = sampler.run(program, None, output)
                        wall, (status, _, _) = timed(command)
                        if status != 0:
                            raise Unavailable("ended with status %d" % status)
                    except Unavailable as reason:
                        gathered.fail(sampler.name, reason)
                        continue
                    gathered.add(sampler.name, 1000 * (wall - bare))
        where = "one line, default rate, %d runs, CPython %s" % (options.starts, version)
        row = Row("start to finish", where, "ms over bare", "≤ 60", lambda s: s.middle <= 60, 0)
        row.cells = gathered.cells()  # a run that failed is left out if others did not
        rows.append(row)
    return rows
