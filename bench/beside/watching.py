"""One target, watched by each profiler in turn, with a span of nobody watching before and after
each: the ratio of two neighbouring spans of one process is what the profiler costs."""

import tempfile
import time
from pathlib import Path

from beside.environment import Unavailable
from beside.processes import Target, Watcher


class Watched:
    """What one profiler did to one target in one round."""

    def __init__(self, sampler, watcher, ratio, result):
        self.sampler = sampler
        self.watcher = watcher
        self.ratio = ratio  # the target's pace over its pace with nobody watching
        self.result = result  # samplers.Result


def watch(interpreter, program, arguments, samplers, rate, seconds, gathered):
    """One round. Gives a Watched per sampler; those that fail are noted in gathered."""
    with tempfile.TemporaryDirectory(prefix="pyrometer-bench-") as folder:
        Path(folder).chmod(0o755)
        with Target(interpreter, program, arguments) as target:
            time.sleep(0.5)  # caches and specialised bytecode
            before = bare(target, seconds)
            for number, sampler in enumerate(samplers):
                if gathered.failed(sampler.name):
                    continue
                output = str(Path(folder) / ("%d.out" % number))
                try:
                    watcher = Watcher(sampler, target, rate, seconds, output)
                    result = sampler.result(watcher, rate)
                except Unavailable as reason:
                    gathered.fail(sampler.name, reason)
                    if not target.alive():
                        raise Unavailable("%s killed the target" % sampler.name) from None
                    continue
                after = bare(target, seconds)
                pace = target.pace(watcher.begin, watcher.end)
                yield Watched(sampler, watcher, pace / ((before + after) / 2), result)
                before = after


def bare(target, seconds):
    begin = time.monotonic()
    time.sleep(max(1, seconds / 2))
    return target.pace(begin, time.monotonic())


def rounds(options, interpreter, program, arguments, samplers, rate, gathered):
    """Each Watched of all rounds; the order of the samplers turns from round to round."""
    samplers = [s for s in samplers if s.supports(interpreter["version"])]
    for number in range(options.rounds):
        turn = number % len(samplers)
        turned = samplers[turn:] + samplers[:turn]
        yield from watch(interpreter, program, arguments, turned, rate, options.seconds, gathered)
