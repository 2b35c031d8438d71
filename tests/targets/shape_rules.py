"""What the shape_*.py programs share: how they run, and which stacks they can have.

A shape program calls so fast that a sampler which does not look at one moment sees stacks that
never were. It says itself which stacks are possible: every line that calls a function of the
program (or resumes a generator) ends in a comment that names it,

    first()  # -> first

so a pair of frames is possible if and only if the caller stands at a line that names the callee.
What else must hold of a whole stack is a function of the program, `whole(functions)`.

From the command line:

    shape_X.py [--threads N] [--seconds S] [--rounds FILE]

It works until S seconds are over (for ever without), in N threads besides the main one, or in the
main thread if N is 1. Each working thread counts its rounds in FILE, as one unsigned integer of 64
bits at its place in it, so whoever maps it sees the pace at any moment, and may kill the program
whenever it has seen enough.
"""

import argparse
import array
import mmap
import os
import re
import sys
import threading
import time

POSSIBLE = "possible"
IMPOSSIBLE = "impossible"
OUTSIDE = "outside"  # not in the part that is known: starting, ending, waiting for threads

MARKERS = ("<GC>", "<native>")  # not functions, but what some profilers put among them


def plain(name):
    """Goes without the class, which only some profilers and versions know."""
    return name.rsplit(".", 1)[-1]


class Pace:
    """One thread's rounds, counted where others see them, and whether it is time to stop."""

    def __init__(self, options, number=0):
        self.number = number
        self.rounds = options.rounds
        self.deadline = time.monotonic() + options.seconds if options.seconds else float("inf")

    def goes_on(self):
        self.rounds[self.number] += 1
        return time.monotonic() < self.deadline


def counters(path):
    """The file's numbers of 64 bits, mapped."""
    with open(path, "r+b") as file:
        return memoryview(mmap.mmap(file.fileno(), 0)).cast("Q")


def parse_options(threads=1):
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=threads)
    parser.add_argument("--seconds", type=float, default=0)
    parser.add_argument("--rounds", type=counters, metavar="FILE")
    options = parser.parse_args()
    options.rounds = options.rounds or array.array("Q", [0] * options.threads)
    return options


def say_ready():
    sys.stdout.write("ready %d\n" % os.getpid())
    sys.stdout.flush()


class Rules:
    """The possible stacks of one program, read from its own source.

    Frames are (function, file, line) from the outermost on; a line of 0 is not known and matches
    any. Only the file's last part counts.
    """

    def __init__(self, path, whole=None):
        self.file = os.path.basename(path)
        self.whole = whole
        self.calls = {}  # (caller, callee) -> lines
        self.lines = {}  # function -> lines
        with open(path) as source:
            self._read(source.readlines())

    def _read(self, source):
        function = None
        for number, text in enumerate(source, 1):
            start = re.match(r"def (\w+)", text)
            if start:
                function = start.group(1)
            elif text.strip() and not text.startswith((" ", "#", ")")):
                function = None
            if not function:
                continue
            self.lines.setdefault(function, set()).add(number)
            marked = re.search(r"# -> ([\w, ]+)$", text)
            for callee in re.findall(r"\w+", marked.group(1)) if marked else ():
                self.calls.setdefault((function, callee), set()).add(number)

    def verdict(self, frames):
        """POSSIBLE, IMPOSSIBLE or OUTSIDE."""
        frames = [frame for frame in frames if frame[0] not in MARKERS]
        names = [plain(frame[0]) for frame in frames]
        if "work" not in names:
            # A stack that lost its lower part would show up here.
            ours = {"work"} | {callee for _, callee in self.calls}
            return IMPOSSIBLE if ours.intersection(names) else OUTSIDE
        at = names.index("work")
        if not at or names[at - 1] not in ("run", "run_shape"):
            return IMPOSSIBLE
        for index in range(at, len(frames) - 1):
            if not self._may_call(names[index], frames[index], names[index + 1]):
                return IMPOSSIBLE
        _, file, line = frames[-1]
        if line and os.path.basename(file) == self.file:
            if line not in self.lines.get(names[-1], ()):
                return IMPOSSIBLE
        if self.whole and not self.whole(names[at:]):
            return IMPOSSIBLE
        return POSSIBLE

    def _may_call(self, caller, frame, callee):
        lines = self.calls.get((caller, callee))
        return lines is not None and (not frame[2] or frame[2] in lines)


def run_shape(work):
    """Runs work(pace) as the command line asks."""
    options = parse_options()
    say_ready()
    if options.threads == 1:
        work(Pace(options))
        return
    workers = [
        threading.Thread(target=work, args=(Pace(options, number),), daemon=True)
        for number in range(options.threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
