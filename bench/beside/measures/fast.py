"""10 kHz on one thread, and as fast as it goes without proof."""

from beside import environment, samplers, watching
from beside.measures.shapes import kept
from beside.rounds import Gathered
from beside.table import Row

ASKED = 10000
UTMOST = 1000000


def measure(options):
    rows = []
    for version in options.pythons:
        interpreter = environment.interpreter(version)
        environment.say("10 kHz, CPython %s" % version)
        failed, shares = Gathered(), Gathered()
        for watched in watching.rounds(
            options,
            interpreter,
            "shape_deep.py",
            [],
            samplers.all_samplers(),
            ASKED,
            failed,
            paced=False,
        ):
            shares.add(watched.sampler.name, 100.0 * kept(watched.result, watched, ASKED))
        where = "40 deep, one thread, CPython %s" % version
        row = Row("taken and proved at 10 kHz", where, "%", "≥ 95", lambda s: s.middle >= 95, 1)
        row.cells = {**failed.cells(), **shares.cells()}
        rows.append(row)

        failed, rates = Gathered(), Gathered()
        unproved = [samplers.Pyrometer("none")]
        for watched in watching.rounds(
            options, interpreter, "shape_alternate.py", [], unproved, UTMOST, failed, paced=False
        ):
            rates.add("pyrometer", watched.result.taken / watched.watcher.seconds / 1000)
        row = Row(
            "largest rate with --proof none",
            "chains in turn, one thread, CPython %s" % version,
            "kHz",
            "≥ 200",
            lambda s: s.middle >= 200,
            0,
        )
        row.cells = rates.cells()
        for reason in failed.reasons.values():
            row.cells.setdefault("pyrometer", reason)
        rows.append(row)
    return rows
