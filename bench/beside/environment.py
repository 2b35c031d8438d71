"""Where everything is: the project, the cache, the interpreters, the peers."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
TARGETS = PROJECT / "tests" / "targets"
PYROMETER = Path(os.environ.get("PYROMETER") or PROJECT / "build" / "pyrometer")

# What the table was made with is part of the result, so the versions are fixed.
PY_SPY = "py-spy==0.4.3"
PYSTACK = "pystack==1.7.2"
SCALENE = "scalene==2.4.0"
PYPERFORMANCE = "pyperformance==1.14.0"
REAL_PROGRAMS = [
    "async_tree",
    "deltablue",
    "django_template",
    "docutils",
    "fannkuch",
    "json_dumps",
    "mdp",
    "pprint",
    "raytrace",
    "sympy",
]


class Unavailable(Exception):
    """Something that a measure needs is not here: the table says so instead of a figure."""


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def cache():
    root = os.environ.get("PYROMETER_CACHE") or Path.home() / ".cache" / "pyrometer"
    place = Path(root) / "bench"
    place.mkdir(parents=True, exist_ok=True)
    return place


def interpreters():
    """The manifest of tools/interpreters: every CPython under test."""
    done = subprocess.run(
        [sys.executable, str(PROJECT / "tools" / "interpreters"), "--json", "--require", "found"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return json.loads(done.stdout.decode())


def interpreter(version, native=False):
    """The first one of a version like "3.13"; native: in this root, not in another."""
    for entry in interpreters():
        if entry["version"] == version and not (native and entry["root"]):
            return entry
    raise Unavailable("no CPython %s here (tools/interpreters --setup)" % version)


def beside(interpreter, pid, words):
    """A command that runs Python with these words where it sees the files of a process as that one
    does: in the same mounts, from the same folder."""
    if not interpreter["root"]:
        return [interpreter["argv"][0]] + words
    enter = ["nsenter", "-t", str(pid), "-m", "-r", "-w"]
    if os.geteuid() != 0:
        enter += ["-U", "--preserve-credentials"]
    return enter + ["--", interpreter["executable"]] + words


def timer():
    """The program that only wakes up (bench/timer.c)."""
    path = PROJECT / "build" / "bench" / "timer"
    if not path.exists():
        raise Unavailable("no %s (make build)" % path.name)
    return str(path)


def pyrometer(command=None):
    """The executable under test, if it has the command."""
    if not PYROMETER.exists():
        raise Unavailable("no %s (make build)" % PYROMETER.name)
    if command:
        done = subprocess.run(
            [str(PYROMETER), command, "--help"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if done.returncode != 0:
            raise Unavailable("this pyrometer has no command %s" % command)
    return str(PYROMETER)


def _venv(name, python, packages):
    """A virtual environment with exactly these packages, made once."""
    place = cache() / name
    stamp = place / "packages.json"
    if stamp.exists() and json.loads(stamp.read_text()) == packages:
        return place
    shutil.rmtree(str(place), ignore_errors=True)
    say("making %s with %s" % (place, " ".join(packages)))
    subprocess.run([python, "-m", "venv", str(place)], check=True)
    pip = [str(place / "bin" / "python"), "-m", "pip", "install", "-q"]
    subprocess.run(pip + ["--disable-pip-version-check"] + packages, check=True)
    stamp.write_text(json.dumps(packages))
    return place


def py_spy():
    place = _venv("peers", sys.executable, [PY_SPY])
    return str(place / "bin" / "py-spy")


def pystack():
    place = _venv("pystack", sys.executable, [PYSTACK])
    return str(place / "bin" / "pystack")


def scalene(version):
    """It runs the program itself, so it is made for its CPython."""
    python = interpreter(version, native=True)["argv"][0]
    place = _venv("scalene-" + version, python, [SCALENE])
    return str(place / "bin" / "scalene")


def real_programs(version):
    """(python, {name: run_benchmark.py}) with all that the programs import."""
    python = interpreter(version, native=True)["argv"][0]
    holder = _venv("pyperformance", sys.executable, [PYPERFORMANCE])
    found = sorted(holder.glob("lib/python*/site-packages/pyperformance/data-files/benchmarks"))
    if not found:
        raise Unavailable("%s has no benchmarks" % PYPERFORMANCE)
    packages = ["pyperf", "setuptools<81"]
    scripts = {}
    for name in REAL_PROGRAMS:
        folder = found[0] / ("bm_" + name)
        scripts[name] = str(folder / "run_benchmark.py")
        wanted = folder / "requirements.txt"
        if wanted.exists():
            packages += [line.strip() for line in wanted.read_text().split() if line.strip()]
    place = _venv("real-" + version, python, packages)
    return str(place / "bin" / "python"), scripts


def machine():
    """What a reader must know of the machine to judge the figures."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    virtual = "hypervisor" in Path("/proc/cpuinfo").read_text()
    paranoid = Path("/proc/sys/kernel/perf_event_paranoid")
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "virtual": virtual,
        "kernel": os.uname().release.split("-")[0],
        "perf_event_paranoid": paranoid.read_text().strip() if paranoid.exists() else "none",
        "user": "root" if os.geteuid() == 0 else "ordinary",
    }
