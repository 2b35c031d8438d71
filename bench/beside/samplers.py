"""How each profiler is started, what it writes, and what it says of its own samples."""

import os
import re
import signal
from pathlib import Path

from beside import capture, environment
from beside.environment import Unavailable


class Result:
    """What one recording gave: its stacks, and how many samples it kept."""

    def __init__(self, stacks, taken, behind=0.0, kept=None):
        self.stacks = stacks  # [(frames, count, is it proved)]
        self.taken = taken  # samples, or sampling moments, without errors
        self.behind = behind  # s that it needed beyond its time, to take them all
        self.kept = kept  # part kept and proved of what was due, where it says so itself

    def proves(self):
        return self.kept is not None


class Sampler:
    """One column of the table."""

    name = None
    versions = None  # CPythons that it can look into; None: all
    pausable = True  # stopped at any moment, it leaves the target running
    pause = signal.SIGSTOP
    pulses = 30  # of running between pauses, where its pace is measured by these

    def supports(self, version):
        return self.versions is None or version in self.versions

    def attach(self, pid, rate, seconds, output):
        raise NotImplementedError

    def run(self, command, rate, output):
        raise NotImplementedError

    def result(self, watcher, rate):
        raise NotImplementedError

    def cpu(self, watcher):
        """Percent of a core that it took."""
        return 100.0 * watcher.cpu_share


class Pyrometer(Sampler):
    name = "pyrometer"
    pause = signal.SIGTSTP  # the kernel's timer, which it has started, must be stopped as well
    pulses = 120  # it has goals to be held against, one percent from what can be had

    def __init__(self, proof=None, native=False):
        self.proof = proof
        self.native = native
        if proof:
            self.name = "pyrometer --proof " + proof

    def options(self, rate, output):
        options = ["-q", "-o", output]
        if rate:
            options += ["-r", "%d" % rate]
        if self.proof:
            options += ["--proof", self.proof]
        return options + (["--native"] if self.native else [])

    def attach(self, pid, rate, seconds, output):
        options = ["-d", "%gs" % seconds] + self.options(rate, output)
        return [environment.pyrometer("attach"), "attach"] + options + [str(pid)]

    def run(self, command, rate, output):
        options = self.options(rate, output)
        return [environment.pyrometer("run"), "run"] + options + ["--"] + list(command)

    def result(self, watcher, rate):
        quality = capture.quality(watcher.output)
        stacks = list(capture.stacks(watcher.output))
        tried = quality["samples"] + quality["missed"]
        if not tried or not quality["ticks_due"]:
            raise Unavailable("%s took no sample" % self.name)
        kept = quality["proved"] / tried * quality["ticks_taken"] / quality["ticks_due"]
        # What was looked at and did not reach the file, for want of a processor, is not had.
        taken = quality["ticks_taken"] * quality["samples"] / tried
        return Result(stacks, taken, kept=kept)


class PySpy(Sampler):
    name = "py-spy"

    def __init__(self, nonblocking=False, native=False):
        self.nonblocking = self.pausable = nonblocking
        self.native = native
        if nonblocking:
            self.name = "py-spy --nonblocking"

    def options(self, rate, output):
        options = ["record", "-f", "raw", "-o", output]
        if rate:
            options += ["-r", "%d" % rate]
        options += ["--native"] if self.native else []
        return options + (["--nonblocking"] if self.nonblocking else [])

    def attach(self, pid, rate, seconds, output):
        # Whole seconds only: one more than asked, never less.
        options = self.options(rate, output) + ["-d", "%d" % (seconds + 0.999)]
        return [environment.py_spy()] + options + ["-p", str(pid)]

    def run(self, command, rate, output):
        return [environment.py_spy()] + self.options(rate, output) + ["--"] + list(command)

    def result(self, watcher, rate):
        stacks = []
        for line in read_lines(watcher.output):
            text, count = line.rsplit(" ", 1)
            frames = [py_spy_frame(frame) for frame in text.split(";")]
            stacks.append((frames, int(count), False))
        said = re.findall(r"Samples: (\d+) Errors: (\d+)", watcher.text)
        if not said:
            raise Unavailable("py-spy did not say how many samples it took")
        late = re.findall(r"([\d.]+)s behind in sampling", watcher.text)
        behind = max(map(float, late)) if late else 0.0
        return Result(stacks, int(said[-1][0]), behind)


def py_spy_frame(text):
    """ "work (shape_leaf.py:40)" """
    found = re.match(r"(.*) \(([^()]*?)(?::(\d+))?\)$", text)
    if not found:
        return text, "", 0
    return found.group(1), found.group(2), int(found.group(3) or 0)


class Sampling(Sampler):
    """CPython 3.15's own profiling.sampling; it looks only into its own version."""

    name = "profiling.sampling"
    versions = ("3.15",)

    def __init__(self, blocking=False):
        self.blocking = blocking
        self.pausable = not blocking
        if blocking:
            self.name = "profiling.sampling --blocking"

    def options(self, rate, output):
        options = ["--collapsed", "--no-gc", "-a", "-o", output]
        if rate:
            options += ["-r", "%d" % rate]
        return options + (["--blocking"] if self.blocking else [])

    def run(self, command, rate, output):
        words = list(command)
        interpreter = environment.interpreter("3.15")
        if words[: len(interpreter["argv"])] != interpreter["argv"]:
            raise Unavailable("profiling.sampling runs only under CPython 3.15")
        rest = words[len(interpreter["argv"]) :]
        options = self.options(rate, output)
        return interpreter["argv"] + ["-m", "profiling.sampling", "run"] + options + rest

    def attach(self, pid, rate, seconds, output):
        # Beyond the end of what is measured, so that only whole seconds need be understood.
        options = ["-d", "%d" % (seconds + 0.999)] + self.options(rate, output)
        interpreter = environment.interpreter("3.15")
        words = ["-m", "profiling.sampling", "attach"] + options + [str(pid)]
        return environment.beside(interpreter, pid, words)

    def result(self, watcher, rate):
        stacks = []
        for line in read_lines(watcher.output):
            text, count = line.rsplit(" ", 1)
            frames = [sampling_frame(frame) for frame in text.split(";")]
            stacks.append((frames, int(count), False))
        taken = re.findall(r"Captured ([\d,]+) samples", watcher.text)
        error = re.findall(r"Error rate: ([\d.]+)", watcher.text)
        if not taken:
            raise Unavailable("profiling.sampling did not say how many samples it took")
        taken = int(taken[-1].replace(",", ""))
        wrong = float(error[-1]) / 100 if error else 0.0
        return Result(stacks, taken * (1 - wrong))


def sampling_frame(text):
    """ "/path/shape_leaf.py:work:40"; the thread comes first, as "tid:123"."""
    parts = text.rsplit(":", 2)
    if len(parts) != 3 or not parts[2].lstrip("-").isdigit():
        return text, "", 0
    return parts[1], os.path.basename(parts[0]), max(0, int(parts[2]))


def read_lines(path):
    file = Path(path)
    if not file.exists():
        raise Unavailable("the profiler wrote no file")
    return [line for line in file.read_text(errors="replace").splitlines() if " " in line]


class Timer(Sampler):
    """No sampler: what being interrupted that often costs by itself."""

    name = "a timer alone"
    pulses = 60

    def attach(self, pid, rate, seconds, output):
        return [environment.timer(), "%g" % rate, "%g" % seconds]

    def result(self, watcher, rate):
        """No samples, but the moments at which it was there, on every processor."""
        counts = re.findall(r"(\d+) missed of (\d+)", watcher.text)
        if not counts:
            raise Unavailable("the timer did not say how it went")
        missed, due = (sum(map(int, column)) for column in zip(*counts))
        return Result([], due - missed, kept=1.0 - missed / due)

    def cpu(self, watcher):
        # It wakes up on every processor. Where the program runs is the cheapest: nothing must be
        # brought up for it.
        return min(map(float, re.findall(r"([\d.]+) % of processor", watcher.text)))


def all_samplers():
    return [Pyrometer(), PySpy(), PySpy(True), Sampling(), Sampling(True)]


def with_floor():
    return all_samplers() + [Timer()]
