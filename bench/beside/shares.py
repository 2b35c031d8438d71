"""Known programs under `pyrometer run`: what they measured themselves against what is printed."""

import json
import os
import subprocess
import tempfile
import time

from beside import capture, environment, samplers
from beside.environment import TARGETS, Unavailable
from beside.processes import last_line

# A share of nearly all or nearly nothing says little: its interval touches the end.
LEAST, MOST = 0.02, 0.98


class Check:
    """One function's share of one metric, as measured by the program and as printed."""

    def __init__(self, program, metric, function, truth, share, low, high, known):
        self.program = program
        self.metric = metric
        self.function = function
        self.truth = truth
        self.share = share
        self.low = low
        self.high = high
        self.known = known  # what part of the recording the known functions are, all of them

    def inside(self):
        return self.low <= self.truth <= self.high

    def inside_widened(self, factor, slack):
        """The interval stretched about the share by a factor, and by an absolute slack."""
        low = self.share - (self.share - self.low) * factor - slack
        high = self.share + (self.high - self.share) * factor + slack
        return low <= self.truth <= high

    def __str__(self):
        return "%s: %s of %s: printed %.4f [%.4f, %.4f], true %.4f" % (
            self.program,
            self.metric,
            self.function,
            self.share,
            self.low,
            self.high,
            self.truth,
        )


class Recording:
    """One run of a known program: its own measurements, the capture's facts, the printed shares."""

    def __init__(self, truth, whole_time, tracks, quality, printed):
        self.truth = truth
        self.whole_time = whole_time  # of the profiled process, recorder included, in s
        self.tracks = tracks
        self.quality = quality
        self.printed = printed  # {"wall"|"cpu": {function: (share, low, high)}}


def record(interpreter, program, seconds, rate):
    environment.pyrometer("report")
    command = interpreter["argv"] + [str(TARGETS / program), "--seconds", "%g" % seconds]
    with tempfile.TemporaryDirectory(prefix="pyrometer-bench-") as folder:
        output = folder + "/known.pyro"
        begin = time.monotonic()
        done = subprocess.run(
            samplers.Pyrometer().run(command, rate, output),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
        )
        whole_time = time.monotonic() - begin
        if done.returncode != 0:
            raise Unavailable("status %d: %s" % (done.returncode, last_line(done.stderr)))
        truth = json.loads(done.stdout.splitlines()[-1])
        printed = {metric: printed_shares(output, metric, program) for metric in ("wall", "cpu")}
        return Recording(
            truth, whole_time, capture.tracks(output), capture.quality(output), printed
        )


def printed_shares(path, metric, program):
    """{function of the program: (share, low, high)} of the totals, as `pyrometer report --json`
    prints them."""
    done = subprocess.run(
        [environment.pyrometer("report"), "report", "--by", "function", "--mode", metric]
        + ["--limit", "0", "--json", path],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    if done.returncode != 0:
        raise Unavailable("pyrometer report: " + last_line(done.stderr))
    shares = {}
    for row in json.loads(done.stdout)["rows"]:
        if os.path.basename(row["file"]) != program:
            continue
        if row["name"] in shares:
            raise Unavailable("the report lists %s of %s twice" % (row["name"], program))
        total = row["total_share"]
        shares[row["name"]] = total["share"], total["low"], total["high"]
    return shares


def checks_of(program, recording):
    """A Check for every function and metric whose share says something.

    The program knows nothing of the interpreter's start and end and of its own loop, which the
    recording holds too. So both are taken as shares of the functions that are known.
    """
    for metric, printed in recording.printed.items():
        seconds = recording.truth[metric]
        known = sum(seconds.values())
        seen = sum(printed[name][0] for name in seconds if name in printed)
        if not known or not seen:
            continue
        for function, value in seconds.items():
            truth = value / known
            if not LEAST < truth < MOST:
                continue
            share, low, high = (part / seen for part in printed.get(function, (0.0, 0.0, 0.0)))
            yield Check(program, metric, function, truth, share, low, high, seen)


def check(interpreter, program, seconds, rate):
    return list(checks_of(program, record(interpreter, program, seconds, rate)))
