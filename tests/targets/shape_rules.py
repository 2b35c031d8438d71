"""What the shape_*.py programs share: how they run, and which stacks they can have.

A shape program calls so fast that a sampler which does not look at one moment sees stacks that
never were. It says itself which stacks are possible: every line that calls a function of the
program (or resumes a generator) ends in a comment that names it,

    first()  # -> first

so a pair of frames is possible if and only if the caller stands at a line that names the callee.
What else must hold of a whole stack is a function of the program, `whole(functions)`.

From the command line:

    shape_X.py [--threads N] [--seconds S]

It works until S seconds are over (for ever without), in N threads besides the main one, or in the
main thread if N is 1. At least ten times a second each working thread writes one line to its
standard output: thread number, CLOCK_MONOTONIC in s, rounds done so far, the thread's CPU time
in s, and the process's. So whoever watches can compute the pace of any span of time, and may kill
the program whenever it has seen enough.
"""

import argparse
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
    """Counts rounds, writes them down ten times a second, and knows when it is time to stop."""

    def __init__(self, number, seconds):
        self.number = number
        self.rounds = 0
        self.next_mark = 0.0
        self.deadline = time.monotonic() + seconds if seconds else float("inf")

    def goes_on(self):
        now = time.monotonic()
        if now >= self.next_mark:
            self.next_mark = now + 0.1
            self.write(now)
        self.rounds += 1
        return now < self.deadline

    def write(self, now):
        marks = (self.number, now, self.rounds, time.thread_time(), time.process_time())
        os.write(1, b"%d %.6f %d %.6f %.6f\n" % marks)


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
        if (caller, callee) == ("goes_on", "write"):
            return True
        lines = self.calls.get((caller, callee))
        return lines is not None and (not frame[2] or frame[2] in lines)


def run_shape(work):
    """Runs work(pace) as the command line asks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0)
    options = parser.parse_args()
    sys.stdout.write("ready %d\n" % os.getpid())
    sys.stdout.flush()
    if options.threads == 1:
        work(Pace(0, options.seconds))
        return
    workers = [
        threading.Thread(target=work, args=(Pace(number, options.seconds),), daemon=True)
        for number in range(options.threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
