"""Targets that tell their own pace, and the processor time of whoever watches them."""

import mmap
import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from beside.environment import TARGETS, Unavailable


def cpu_seconds(pid):
    """Processor time of a process with all its threads, in s. Threads that have ended are missing
    from the exact figure, so the clock ticks of /proc/PID/stat are a lower bound."""
    exact = 0
    for task in Path("/proc/%d/task" % pid).glob("*/schedstat"):
        try:
            exact += int(task.read_text().split()[0])
        except (OSError, ValueError):
            pass
    fields = Path("/proc/%d/stat" % pid).read_text().rsplit(")", 1)[1].split()
    ticks = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return max(exact / 1e9, ticks)


def pace(before, after):
    """Rounds per second of wall time between two looks at a target's progress."""
    if after[1] == before[1]:
        raise Unavailable("the target made no progress")
    return (after[1] - before[1]) / (after[0] - before[0])


class Target:
    """A program of tests/targets/ that runs until it is killed, and whose rounds can be read at any
    moment."""

    THREADS_MAX = 512

    def __init__(self, interpreter, program, arguments=()):
        with tempfile.NamedTemporaryFile(prefix="pyrometer-bench-") as file:
            file.truncate(8 * self.THREADS_MAX)
            self.counters = memoryview(mmap.mmap(file.fileno(), 0)).cast("Q")
            command = interpreter["argv"] + [str(TARGETS / program), "--rounds", file.name]
            self.process = subprocess.Popen(
                command + list(arguments),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                universal_newlines=True,
                start_new_session=True,
            )
            first = self.process.stdout.readline().split()
        if len(first) != 2 or first[0] != "ready":
            errors = self.process.stderr.read().strip().splitlines()
            self.process.wait()
            raise Unavailable("%s does not start: %s" % (program, errors[-1:] or "no output"))
        self.pid = int(first[1])

    def progress(self):
        """Now (time.monotonic), and the rounds that all threads have done."""
        return time.monotonic(), sum(self.counters)

    def alive(self):
        return self.process.poll() is None

    def kill(self):
        if self.alive():
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


class Attached:
    """A profiler attached to a target, for so many seconds or until it is done."""

    def __init__(self, sampler, target, rate, seconds, output):
        self.sampler = sampler
        self.text = ""
        self.process = subprocess.Popen(
            sampler.attach(target.pid, rate, seconds, output),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            start_new_session=True,
        )

    def must_run(self):
        if self.process.poll() is not None:
            self.text = self.process.communicate()[0]
            raise Unavailable("%s ended early: %s" % (self.sampler.name, last_line(self.text)))

    def signal(self, number):
        """To all that it consists of."""
        self.must_run()
        os.killpg(self.process.pid, number)

    def end(self):
        """Waits until it has written what it found."""
        try:
            self.text = self.process.communicate(timeout=60)[0]
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()
            raise Unavailable("%s did not end" % self.sampler.name) from None
        if self.process.returncode != 0:
            raise Unavailable("%s: %s" % (self.sampler.name, last_line(self.text)))


class Watcher:
    """A profiler attached to a target, with the span of time in which it certainly samples.

    It is given `settle` seconds to start before the span begins, and records a little beyond the
    span's end, so that neither its start nor its end is counted.
    """

    SETTLE = 1.5
    BEYOND = 0.5

    def __init__(self, sampler, target, rate, seconds, output):
        self.output = output
        self.seconds = self.SETTLE + seconds + self.BEYOND
        self.began = time.monotonic()
        attached = Attached(sampler, target, rate, self.seconds, output)
        time.sleep(self.SETTLE)
        attached.must_run()
        self.begin = target.progress()
        cpu = cpu_seconds(attached.process.pid)
        time.sleep(seconds)
        attached.must_run()
        self.end = target.progress()
        self.cpu_share = (cpu_seconds(attached.process.pid) - cpu) / (self.end[0] - self.begin[0])
        self.memory = peak_memory(attached.process.pid)
        attached.end()
        self.ended = time.monotonic()
        self.text = attached.text


def peak_memory(pid):
    """Largest resident set of a process so far, in bytes."""
    for line in Path("/proc/%d/status" % pid).read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def last_line(text):
    """The line of a program's messages that says most: the last one with an error, or the last."""
    lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["no message"])[-1][:160]


def timed(command, output=None):
    """Wall time of a command from start to finish, and its (status, processor time, peak memory)."""
    with open(os.devnull, "r+b") as null:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdin=null, stdout=output or null, stderr=null)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
    process.returncode = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    return wall, (process.returncode, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
