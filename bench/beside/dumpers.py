"""How each tool that shows a process as it stands is asked to, and how many of the tasks it tells."""

import json
import re

from beside import environment
from beside.environment import Unavailable


class Dumper:
    """One command that shows a process once: a column of the table under a condition."""

    def __init__(self, name, condition, command, versions=None, waiters=None):
        self.name = name
        self.condition = condition
        self.command = command  # of the process's id
        self.versions = versions  # CPythons that it can look into; None: all
        self.waiters = waiters  # of its output: which waiters of known_awaiting.py it tells in full

    def supports(self, version):
        return self.versions is None or version in self.versions


def ours(*options):
    return lambda pid: [environment.pyrometer("dump"), "dump", *options, str(pid)]


def py_spy(*options):
    return lambda pid: [environment.py_spy(), "dump", *options, "-p", str(pid)]


def pystack(*options):
    return lambda pid: [environment.pystack(), "remote", *options, str(pid)]


def by_python(version, *words):
    """A module of CPython's own, which looks only into its own version."""
    entry = environment.interpreter(version)
    return lambda pid: environment.beside(entry, pid, ["-m", *words, str(pid)])


def of_threads():
    """Those that show threads."""
    return [
        Dumper("pyrometer", "as it is", ours()),
        Dumper("py-spy", "as it is", py_spy()),
        Dumper("py-spy --nonblocking", "as it is", py_spy("--nonblocking")),
        Dumper("pystack", "as it is", pystack()),
        Dumper("pystack --no-block", "as it is", pystack("--no-block")),
        Dumper(
            "profiling.sampling",
            "as it is",
            by_python("3.15", "profiling.sampling", "dump", "-a"),
            ("3.15",),
        ),
        Dumper("pyrometer", "--native", ours("--native")),
        Dumper("py-spy", "--native", py_spy("--native")),
        Dumper("pystack", "--native", pystack("--native")),
    ]


CHAIN = ["inner", "middle", "outer"]


def in_our_json(text):
    told = set()
    for task in json.loads(text)["tasks"]["list"]:
        names = [frame["name"].rpartition(".")[2] for frame in task["frames"]]
        if [name for name in names if name in CHAIN] == CHAIN:
            told.add(task["name"])
    return told


def in_ps(text):
    """A line for each task: its name, its coroutines from the inside, who awaits it."""
    told = set()
    for line in text.splitlines():
        name = re.search(r"\bwaiter-\d+\b", line)
        chain = line[name.end() :] if name else ""
        if re.search(r"inner -> middle -> outer", chain):
            told.add(name.group())
    return told


def of_tasks():
    """Those that show the tasks of asyncio."""
    yield Dumper("pyrometer", "as it is", ours("--async", "--json"), waiters=in_our_json)
    for version in ("3.14", "3.15"):
        ps = by_python(version, "asyncio", "ps")
        yield Dumper("asyncio ps", "as it is", ps, (version,), in_ps)


def told(dumper, text):
    try:
        return dumper.waiters(text)
    except (ValueError, KeyError, TypeError) as error:
        raise Unavailable("%s: its output is not understood (%s)" % (dumper.name, error)) from None
