"""A program that waits for what its functions' names say, under `pyrometer run`."""

import json
import subprocess

from beside import environment
from beside.environment import TARGETS, Unavailable
from beside.processes import last_line

PROGRAM = TARGETS / "known_waits.py"
REASONS = {
    "gil": "gil_wait",
    "lock": "wait_lock",
    "io": "wait_io",
    "net": "wait_net",
    "sleep": "wait_sleep",
    "other": "wait_other",
}


def record(interpreter, path, *arguments):
    """Writes the capture, and gives what the program says of each of its functions."""
    command = [environment.pyrometer("run"), "run", "-q", "--no-children", "-o", str(path), "--"]
    done = subprocess.run(
        command + interpreter["argv"] + [str(PROGRAM), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        timeout=60,
    )
    if done.returncode != 0 or done.stderr:
        raise Unavailable("status %d: %s" % (done.returncode, last_line(done.stderr)))
    return json.loads(done.stdout)


def by_function(capture, truth):
    """{function: {reason: ns}}: the waiting of each stack counts to the innermost function that the
    program knows."""
    stacks = {
        stack: (parent, name)
        for stack, parent, name in capture.execute(
            "SELECT stacks.id, parent, name FROM stacks"
            " JOIN frame_names ON frame_names.frame = stacks.frame"
        )
    }

    def known(stack):
        while stack is not None:
            stack, name = stacks[stack]
            name = name.split(".")[-1]
            if name in truth:
                return name
        return None

    found = {}
    columns = ", ".join(f"coalesce({column}, 0)" for column in REASONS.values())
    for stack, *waits in capture.execute(f"SELECT stack, {columns} FROM totals"):
        sums = found.setdefault(known(stack), dict.fromkeys(REASONS, 0))
        for reason, value in zip(REASONS, waits):
            sums[reason] += value
    return found


def right(capture, truth):
    """Percent of the waiting that has the reason that the function's name says."""
    whole = good = 0
    found = by_function(capture, truth)
    for function, said in truth.items():
        sums = dict(found[function])
        if said["reason"] != "gil":
            # After every wait a thread needs the GIL, and may have to wait for that as well.
            del sums["gil"]
        whole += sum(sums.values())
        good += sums[said["reason"]]
    return 100.0 * good / whole if whole else 0.0
