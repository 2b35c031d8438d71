"""150 mostly idle threads at 200 Hz: how much longer the program takes."""

from beside import environment, samplers, watching
from beside.rounds import Gathered
from beside.table import Row


def measure(options):
    rows = []
    for version in options.pythons:
        interpreter = environment.interpreter(version)
        environment.say("150 idle threads, CPython %s" % version)
        failed, times = Gathered(), Gathered()
        for watched in watching.rounds(
            options,
            interpreter,
            "known_idle.py",
            [],
            samplers.with_floor(),
            200,
            failed,
            counted=False,
        ):
            times.add(watched.sampler.name, 1 / watched.ratio)
        where = "150 idle threads, 200 Hz, CPython %s" % version
        row = Row("wall time", where, "of bare", "≤ 1.02", lambda s: s.middle <= 1.02)
        row.cells = {**failed.cells(), **times.cells()}
        rows.append(row)
    return rows
