"""Impossible stacks, samples kept, pace and recorder's CPU on call-dense programs."""

import importlib
import sys

from beside import environment, samplers, watching
from beside.environment import Unavailable, say
from beside.rounds import Gathered
from beside.table import Row

SHAPES = [
    ("alternate", "chains in turn"),
    ("leaf", "shared leaf"),
    ("generators", "generators in turn"),
    ("deep", "40 deep"),
    ("dropped", "code dropped"),
]


def verdict_of(shape):
    if str(environment.TARGETS) not in sys.path:
        sys.path.insert(0, str(environment.TARGETS))
    return importlib.import_module("shape_" + shape).verdict


def impossible(stacks, verdict, proved_only):
    """Percent of the samples inside the known part that cannot be. None without such samples."""
    counts = {}
    for frames, count, proved in stacks:
        if proved or not proved_only:
            judged = verdict(frames)
            counts[judged] = counts.get(judged, 0) + count
    wrong = counts.get("impossible", 0)
    whole = wrong + counts.get("possible", 0)
    return 100.0 * wrong / whole if whole else None


def conditions(options):
    for version in options.pythons:
        try:
            interpreter = environment.interpreter(version)
        except Unavailable as reason:
            say(str(reason))
            continue
        for threads in (1, 4):
            for shape, title in SHAPES:
                if options.quick and threads == 4 and shape not in ("alternate", "generators"):
                    continue
                yield interpreter, threads, shape, title


GOALS = {
    "impossible": ("impossible stacks", "%", "0", lambda spread: spread.high == 0, 3),
    "kept": ("samples kept and proved", "%", "≥ 99.5", lambda spread: spread.middle >= 99.5, 2),
    "pace": ("pace at 1 kHz", "of bare", "≥ 0.955", lambda spread: spread.middle >= 0.955, 3),
    "cpu": ("recorder's CPU at 1 kHz", "% of a core", "≤ 3", lambda spread: spread.middle <= 3, 2),
    "pace-200": ("pace at 200 Hz", "of bare", "≥ 0.99", lambda spread: spread.middle >= 0.99, 3),
}


def row_for(key, where, figures, failed):
    measure, unit, goal, judge, digits = GOALS[key]
    row = Row(measure, where, unit, goal, judge, digits)
    row.cells = {**failed.cells(), **figures.cells()}
    return row


def sweep(options, rate, keys, take, **asked):
    """Every condition at one rate; take(watched, verdict) gives the figures by key.

    First comes a row for all shapes together, then one for each.
    """
    rows = {key: [] for key in keys}
    pooled = {}  # (key, where) -> (figures, failed)
    for interpreter, threads, shape, title in conditions(options):
        under = "%s, CPython %s" % (
            "one thread" if threads == 1 else "%d threads" % threads,
            interpreter["version"],
        )
        where = title + ", " + under
        say("%d Hz: %s" % (rate, where))
        failed = Gathered()
        found = {key: Gathered() for key in keys}
        for watched in watching.rounds(
            options,
            interpreter,
            "shape_%s.py" % shape,
            ["--threads", str(threads)],
            samplers.with_floor(),
            rate,
            failed,
            **asked,
        ):
            for key, figure in take(watched, verdict_of(shape)).items():
                found[key].add(watched.sampler.name, figure)
        for key in keys:
            if key != "cpu" or threads == 1:
                rows[key].append(row_for(key, where, found[key], failed))
                pool = pooled.setdefault((key, "all shapes, " + under), (Gathered(), Gathered()))
                pool[0].take(found[key])
                pool[1].take(failed)
    together = [row_for(key, where, *pool) for (key, where), pool in pooled.items()]
    together.sort(key=lambda row: [GOALS[key][0] for key in keys].index(row.measure))
    return together + [row for key in keys for row in rows[key]]


def at_1000(options):
    def take(watched, verdict):
        result = watched.result
        figures = {"pace": watched.ratio, "cpu": watched.sampler.cpu(watched.watcher)}
        figures["kept"] = 100.0 * kept(result, watched, 1000)
        wrong = impossible(result.stacks, verdict, result.proves())
        if wrong is not None:
            figures["impossible"] = wrong
        return figures

    return sweep(options, 1000, ["impossible", "kept", "pace", "cpu"], take)


def at_200(options):
    def take(watched, _):
        return {"pace-200": watched.ratio}

    return sweep(options, 200, ["pace-200"], take, counted=False)


def kept(result, watched, rate):
    """The part of the samples that were due which were kept, and proved where proof is claimed.

    Pyrometer counts what was due itself; for the others it is the rate times the time.
    """
    if result.proves():
        return result.kept
    return min(1.0, result.taken / (rate * (watched.watcher.seconds + result.behind)))
