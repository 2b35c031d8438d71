"""Shares of known programs: how often the truth lies within the printed interval."""

from beside import environment, shares
from beside.environment import Unavailable
from beside.rounds import Spread
from beside.table import Row

PROGRAMS = ["known_ratio.py", "known_bias.py", "known_sleepers.py", "known_threads.py"]


def measure(options):
    rows = []
    for interpreter in environment.interpreters():
        where = "%d runs of each of %d programs, CPython %s %s%s" % (
            options.share_runs,
            len(PROGRAMS),
            interpreter["full"],
            interpreter["kind"],
            ", another root" if interpreter["root"] else "",
        )
        row = Row("shares within the interval", where, "%", "≥ 95", lambda s: s.middle >= 95, 1)
        rows.append(row)
        environment.say("known shares: " + where)
        good = checks = 0
        try:
            for number in range(options.share_runs * len(PROGRAMS)):
                program = PROGRAMS[number % len(PROGRAMS)]
                for check in shares.check(interpreter, program, options.seconds, 1000):
                    checks += 1
                    good += check.inside()
        except Unavailable as reason:
            row.cells["pyrometer"] = str(reason)
            continue
        row.cells["pyrometer"] = Spread([100.0 * good / checks])
    return rows
