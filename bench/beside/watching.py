"""One target, watched by each profiler in turn. What a profiler costs is the ratio of the target's
paces in two neighbouring spans, in one of which it is not watched: those before and after, or,
since machines change their own speed from second to second, the many short spans in which a
profiler that does not stop its target is paused."""

import signal
import statistics
import tempfile
import time
from pathlib import Path

from beside.environment import Unavailable
from beside.processes import Attached, Target, Watcher, pace


class Watched:
    """What one profiler did to one target in one round."""

    def __init__(self, sampler, watcher, ratio, result):
        self.sampler = sampler
        self.watcher = watcher  # None where only the pace is asked for and known without
        self.ratio = ratio  # the target's pace over its pace with nobody watching, None: not asked
        self.result = result  # samplers.Result; None: not asked


PULSE = 0.1  # s; shorter ones scatter no more, so there can be many
# s after a profiler was paused or continued that belong to neither: one that goes on first takes in
# what the kernel has written down meanwhile, which it does not have to while it just runs.
TURN = 0.02


def paused_ratio(sampler, target, rate, output):
    """The pace while the profiler runs over that while it is paused, as a median of many."""
    seconds = Watcher.SETTLE + 2 * (TURN + PULSE) * (sampler.pulses + 1) + Watcher.BEYOND
    attached = Attached(sampler, target, rate, seconds, output)
    time.sleep(Watcher.SETTLE)
    paces = []  # off, on, off, on, ..., off
    for number in range(2 * sampler.pulses + 1):
        on = number % 2 == 1
        attached.signal(signal.SIGCONT if on else sampler.pause)
        time.sleep(TURN)
        begin = target.progress()
        time.sleep(PULSE)
        paces.append(pace(begin, target.progress()))
    attached.signal(signal.SIGCONT)
    attached.end()
    return statistics.median(
        2 * paces[at] / (paces[at - 1] + paces[at + 1]) for at in range(1, len(paces), 2)
    )


def watch(
    interpreter, program, arguments, samplers, rate, seconds, gathered, paced=True, counted=True
):
    """One round. Gives a Watched per sampler; those that fail are noted in gathered. What it took
    of the target's pace is asked for if paced, what it found if counted."""
    with tempfile.TemporaryDirectory(prefix="pyrometer-bench-") as folder:
        Path(folder).chmod(0o755)
        with Target(interpreter, program, arguments) as target:
            time.sleep(0.5)  # caches and specialised bytecode
            before = None  # the pace with nobody watching, if it is known
            for number, sampler in enumerate(samplers):
                if gathered.failed(sampler.name):
                    continue
                output = str(Path(folder) / ("%d.out" % number))
                by_neighbours = paced and not sampler.pausable
                ratio = watcher = result = None
                try:
                    if by_neighbours and before is None:
                        before = bare(target, seconds)
                    if counted or by_neighbours:
                        watcher = Watcher(sampler, target, rate, seconds, output)
                        result = sampler.result(watcher, rate)
                    if paced and sampler.pausable:
                        ratio = paused_ratio(sampler, target, rate, output + ".paused")
                except Unavailable as reason:
                    gathered.fail(sampler.name, reason)
                    if not target.alive():
                        raise Unavailable("%s killed the target" % sampler.name) from None
                    continue
                if by_neighbours:
                    after = bare(target, seconds)
                    ratio = 2 * pace(watcher.begin, watcher.end) / (before + after)
                    before = after
                else:
                    before = None
                yield Watched(sampler, watcher, ratio, result)


def bare(target, seconds):
    begin = target.progress()
    time.sleep(max(1, seconds / 2))
    return pace(begin, target.progress())


def rounds(options, interpreter, program, arguments, samplers, rate, gathered, **asked):
    """Each Watched of all rounds; the order of the samplers turns from round to round. What is
    asked for: as in watch."""
    samplers = [s for s in samplers if s.supports(interpreter["version"])]
    for number in range(options.rounds):
        turn = number % len(samplers)
        turned = samplers[turn:] + samplers[:turn]
        yield from watch(
            interpreter, program, arguments, turned, rate, options.seconds, gathered, **asked
        )
