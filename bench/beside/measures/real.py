"""Programs that others wrote: whole-process time over bare, 2 to 3 s each."""

import json
import math
import tempfile

from beside import environment, samplers
from beside.environment import Unavailable
from beside.processes import timed
from beside.rounds import Gathered, Spread
from beside.table import Row

ARGUMENTS = {"async_tree": ["none"]}


def command(python, script, name, values):
    """The program itself in one process: no calibration, no warm-up, no child."""
    worker = ["--worker", "-l", "1", "-w", "0", "-n", str(values)]
    return [python, script] + worker + ARGUMENTS.get(name, [])


def values_for(python, script, name, seconds):
    """How many values make the program run for about so long; found once for each."""
    store = environment.cache() / "values.json"
    known = json.loads(store.read_text()) if store.exists() else {}
    key = "%s %s %g" % (python, name, seconds)
    if key not in known:
        short, (status, _, _) = timed(command(python, script, name, 1))
        if status != 0:
            raise Unavailable("%s ends with status %d" % (name, status))
        more = 2
        while True:
            longer, _ = timed(command(python, script, name, more))
            if longer - short > 0.5 or more >= 4096:
                break
            more *= 4
        each = max((longer - short) / (more - 1), 1e-5)
        known[key] = max(1, round(1 + (seconds - short) / each))
        store.write_text(json.dumps(known, indent=1))
    return known[key]


def runners():
    """(column, sampler, rate)"""
    return [
        ("pyrometer", samplers.Pyrometer(), None),
        ("py-spy", samplers.PySpy(), 100),
        ("py-spy 1 kHz", samplers.PySpy(), 1000),
    ]


def measure(options):
    rows = []
    try:
        python, scripts = environment.real_programs(options.real_python)
    except Unavailable as reason:
        environment.say(str(reason))
        return rows
    middles = Gathered()
    for name, script in scripts.items():
        environment.say("real program: " + name)
        where = "%s, CPython %s" % (name, options.real_python)
        row = Row("whole-process time", where, "of bare")
        rows.append(row)
        gathered = Gathered()
        try:
            program = command(
                python, script, name, values_for(python, script, name, options.real_seconds)
            )
            for number in range(options.rounds):
                run_round(program, number, gathered)
        except Unavailable as reason:
            row.cells["pyrometer"] = str(reason)
            continue
        row.cells = gathered.cells()
        for column, cell in row.cells.items():
            if isinstance(cell, Spread):
                middles.add(column, cell.middle)
    mean = Row("whole-process time", "geometric mean of the medians", "of bare")
    for column, figures in middles.figures.items():
        mean.cells[column] = Spread([math.exp(sum(map(math.log, figures)) / len(figures))])
    return rows + [mean]


def run_round(program, number, gathered):
    bare, (status, _, _) = timed(program)
    if status != 0:
        raise Unavailable("ends with status %d" % status)
    choices = runners()
    turn = number % len(choices)
    for column, sampler, rate in choices[turn:] + choices[:turn]:
        if gathered.failed(column):
            continue
        with tempfile.TemporaryDirectory(prefix="pyrometer-bench-") as folder:
            try:
                wall, (status, _, _) = timed(sampler.run(program, rate, folder + "/out"))
                if status != 0:
                    raise Unavailable("ends with status %d" % status)
            except Unavailable as reason:
                gathered.fail(column, reason)
                continue
        gathered.add(column, wall / bare)
