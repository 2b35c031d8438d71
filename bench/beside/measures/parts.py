"""How running divides into Python, machine code and the kernel: programs that know it themselves."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from beside import capture, environment
from beside.environment import TARGETS, Unavailable, say
from beside.rounds import Gathered
from beside.table import Row

PARTS = ("python", "native", "system")
MIXES = [(1, 1, 1), (4, 1, 1), (1, 4, 1), (1, 1, 4)]
PROGRAM = TARGETS / "known_mix.py"


class Pyrometer:
    """Ours, by what it goes by: its own stacks of machine code, or less."""

    def __init__(self, condition, options):
        self.condition = condition
        self.options = options
        self.name = "pyrometer"

    def parts(self, interpreter, words, folder):
        output = str(folder / "mix.pyro")
        command = [environment.pyrometer("run"), "run", "-q", "-o", output] + self.options
        truth = told(command + ["--"] + interpreter["argv"] + words)
        database = capture.connect(output)
        try:
            # Of the program itself: starting the interpreter is a mix of its own.
            columns = ", ".join("sum(coalesce(cpu_%s, 0))" % part for part in PARTS)
            (found,) = database.execute(
                "SELECT %s FROM totals WHERE stack IN (SELECT stack FROM stack_frames"
                " JOIN frame_names ON frame_names.frame = stack_frames.frame"
                " WHERE frame_names.name = 'work')" % columns
            )
        finally:
            database.close()
        return truth, dict(zip(PARTS, found))


class Scalene:
    """It tells of each line how much of it was Python, machine code and system."""

    name = "scalene"
    condition = "as it is"

    def parts(self, interpreter, words, folder):
        output = folder / "mix.json"
        scalene = environment.scalene(interpreter["version"])
        command = [scalene, "run", "--cpu-only", "-o", str(output), words[0], "---"]
        truth = told(command + words[1:])
        sums = dict.fromkeys(PARTS, 0.0)
        for path, file in json.loads(output.read_text())["files"].items():
            if not path.endswith(PROGRAM.name):
                continue
            for line in file["lines"]:
                sums["python"] += line["n_cpu_percent_python"]
                sums["native"] += line["n_cpu_percent_c"]
                sums["system"] += line["n_sys_percent"]
        return truth, sums


def told(command):
    """Runs the program and gives what it says of itself."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"python"')]
    if done.returncode != 0 or not lines:
        raise Unavailable("%s ended with status %d" % (Path(command[0]).name, done.returncode))
    return json.loads(lines[0])


def distance(truth, found):
    """The largest of the differences of the three parts, in points."""
    whole, seen = sum(truth.values()), sum(found.values())
    if not seen:
        raise Unavailable("it told no parts")
    return max(100 * abs(truth[part] / whole - found[part] / seen) for part in PARTS)


def profilers(with_scalene):
    yield Pyrometer("--native", ["--native"])
    yield Pyrometer("as it is", [])
    if os.geteuid() == 0:
        yield Pyrometer("--proof switch", ["--proof", "switch"])
    if with_scalene:
        yield Scalene()


def measure(options):
    rows = []
    for version in sorted({*options.pythons, options.real_python}):
        interpreter = environment.interpreter(version, native=version == options.real_python)
        say("python, native and system, CPython %s" % version)
        gathered = {}
        for _ in range(options.rounds):
            for profiler in profilers(version == options.real_python):
                into = gathered.setdefault(profiler.condition, Gathered())
                for mix in MIXES:
                    words = [str(PROGRAM), str(options.seconds), *map(str, mix)]
                    with tempfile.TemporaryDirectory(prefix="pyrometer-bench-") as folder:
                        try:
                            found = profiler.parts(interpreter, words, Path(folder))
                            into.add(profiler.name, distance(*found))
                        except Unavailable as reason:
                            into.fail(profiler.name, reason)
        for condition, figures in gathered.items():
            row = Row(
                "python : native : system",
                "%s, CPython %s" % (condition, version),
                "points off",
                "≤ 3",
                lambda spread: spread.middle <= 3,
                2,
            )
            row.cells = figures.cells()
            rows.append(row)
    return rows
