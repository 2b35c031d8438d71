"""Stacks with their machine code: are they merged as the program runs, and what does it cost?"""

from beside import environment, samplers, watching
from beside.environment import say
from beside.rounds import Gathered
from beside.table import Row

TARGET = "shape_native.py"
GOALS = {
    # key: measure, unit, goal, is it reached, digits
    "merged": ("stacks merged rightly", "%", "≥ 99.5", lambda spread: spread.middle >= 99.5, 2),
    "pace-1000": ("pace at 1 kHz", "of bare", "≥ 0.92", lambda spread: spread.middle >= 0.92, 3),
    "cpu": ("recorder's CPU at 1 kHz", "% of a core", "≤ 10", lambda s: s.middle <= 10, 2),
    "pace-200": ("pace at 200 Hz", "of bare", "≥ 0.98", lambda spread: spread.middle >= 0.98, 3),
}


def merged_rightly(stacks):
    """Percent of the samples below a function of which it is known what Python calls there, and what
    that calls back: its code is between the two, in that order. None without such samples."""
    right = whole = 0
    for frames, count, _ in stacks:
        names = [name.rpartition(".")[2] for name, _, _ in frames]
        ours = [file.endswith(TARGET) for _, file, _ in frames]
        for outer, inner, between in CHAINS:
            if outer not in names:
                continue
            below = names[names.index(outer) + 1 :]
            mine = ours[names.index(outer) + 1 :]
            whole += count
            if inner in below:
                # Called back by machine code: some of it lies between, and none of ours.
                at = below.index(inner)
                right += count if any(map(between, below[:at])) and not any(mine[:at]) else 0
            else:
                right += count if not any(mine) else 0
            break
    return 100.0 * right / whole if whole else None


def of(*words):
    """Is a frame that code, or code of a stripped file, which has no names?"""
    return lambda name: any(word in name for word in (*words, "+0x")) or name.startswith("0x")


# The function of the target, what is called back from machine code on top of it, and what of that
# code must lie between.
CHAINS = [
    ("sorting", "called_back", of("sort")),
    ("matching", "replaced", of("sub")),
    ("asking", "asked", of("sqlite3", "step")),
    ("compressing", None, None),
]


def measure(options):
    rows = []
    peers = [samplers.Pyrometer(native=True), samplers.PySpy(native=True)]
    for version in options.pythons:
        interpreter = environment.interpreter(version)
        failed = Gathered()
        found = {key: Gathered() for key in GOALS}
        for rate in (1000, 200):
            say("%d Hz, machine code: CPython %s" % (rate, version))
            for watched in watching.rounds(
                options, interpreter, TARGET, ["--threads", "1"], peers, rate, failed
            ):
                name = watched.sampler.name
                found["pace-%d" % rate].add(name, watched.ratio)
                if rate != 1000:
                    continue
                found["cpu"].add(name, watched.sampler.cpu(watched.watcher))
                share = merged_rightly(watched.result.stacks)
                if share is not None:
                    found["merged"].add(name, share)
        for key, (title, unit, goal, judge, digits) in GOALS.items():
            row = Row(title, "--native, CPython %s" % version, unit, goal, judge, digits)
            row.cells = {**failed.cells(), **found[key].cells()}
            rows.append(row)
    return rows
