"""What a long recording takes: the recorder's memory and the capture's size.

With --hour a real hour at 1 kHz, else as many samples in less time, at 10 kHz. What is short of an
hour's samples is worked out: memory and file are taken to go on growing as in the second half.
"""

import os
import tempfile
import time
from pathlib import Path

from beside import capture, environment, samplers
from beside.environment import Unavailable
from beside.processes import Attached, Target
from beside.rounds import Spread
from beside.table import Row

HOUR = 3600.0
HZ = 1000
FASTER = 10
MB = 1e6


class Trace:
    """A recording, whose memory and file are looked at once a second."""

    def __init__(self, sampler, target, rate, seconds, output):
        self.points = []  # (seconds since start, resident bytes, file bytes)
        begin = time.monotonic()
        attached = Attached(sampler, target, rate, seconds, output)
        while attached.process.poll() is None:
            memory = resident(attached.process.pid)
            size = sum(
                os.path.getsize(path) for path in (output, output + "-wal") if os.path.exists(path)
            )
            if memory:
                self.points.append((time.monotonic() - begin, memory, size))
            time.sleep(1)
        attached.end()
        self.final = os.path.getsize(output)


def resident(pid):
    try:
        return int(Path("/proc/%d/statm" % pid).read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def growth(points, column):
    """Bytes per second over the second half, by least squares."""
    half = points[len(points) // 2 :]
    if len(half) < 3:
        return 0.0
    times = [point[0] for point in half]
    values = [point[column] for point in half]
    middle_time, middle = sum(times) / len(times), sum(values) / len(values)
    above = sum((t - middle_time) * (v - middle) for t, v in zip(times, values))
    return above / sum((t - middle_time) ** 2 for t in times)


def measure(options):
    faster = 1 if options.hour else FASTER
    seconds = HOUR if options.hour else options.long_seconds
    interpreter = environment.interpreter(options.pythons[0])
    where = "thousands of stacks, an hour's samples at 1 kHz, %s" % (
        "in one hour" if options.hour else "%.0f %% of them taken" % (100 * seconds * faster / HOUR)
    )
    memory = Row("recorder's memory", where, "MB", "≤ 30", lambda s: s.high <= 30, 1)
    flat = Row("its growth", where, "MB an hour", "≤ 1", lambda s: s.middle <= 1, 2)
    size = Row("capture", where, "MB", "≤ 20", lambda s: s.middle <= 20, 1)
    rows = [memory, flat, size]
    environment.say("recording for %g s" % seconds)
    for sampler in [samplers.Pyrometer()]:
        try:
            environment.pyrometer("attach")
            with tempfile.TemporaryDirectory(prefix="pyrometer-bench-") as folder:
                with Target(interpreter, "known_varied.py") as target:
                    output = folder + "/long.pyro"
                    trace = Trace(sampler, target, HZ * faster, seconds, output)
                samples = capture.quality(output)["samples"]
        except Unavailable as reason:
            for row in rows:
                row.cells[sampler.name] = str(reason)
            continue
        points = trace.points
        # From here on time is that of 1 kHz.
        stretch = samples / HZ / points[-1][0]
        rest = max(0.0, HOUR - samples / HZ)
        grows = max(0.0, growth(points, 1)) / stretch
        highest = max(point[1] for point in points)
        memory.cells[sampler.name] = Spread([(highest + grows * rest) / MB])
        flat.cells[sampler.name] = Spread([grows * HOUR / MB])
        file = trace.final + max(0.0, growth(points, 2)) / stretch * rest
        size.cells[sampler.name] = Spread([file / MB])
    return rows
